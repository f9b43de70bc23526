/**
 * The methods of a protocol on a stream connection.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { relayTo } from "../endpoints/relay.ts";
import { TlsGate } from "../endpoints/tls_gate.ts";
import { callWithSystem, msg } from "../log/mod.ts";
import { TestHost } from "../reactor/conformance/connection_bed.ts";
import { FakeTls } from "../reactor/conformance/fake_tls.ts";
import { connectProtocol, type ProtocolBed } from "../reactor/conformance/protocol_bed.ts";
import type { IProtocol, ITransport } from "../reactor/interfaces.ts";
import type { Case, Hook } from "./hook.ts";

/** A protocol of which a test replaces a method. */
export class Subject implements IProtocol {
  /** How often the connection was lost. */
  losses = 0;
  reason: unknown = null;
  /** Each is called instead of doing nothing. */
  hooks: Partial<Record<string, () => never>> = {};

  makeConnection(_transport: ITransport): void {
    return this.call("makeConnection");
  }

  connectionMade(): void {}

  dataReceived(_data: Uint8Array): void {
    return this.call("dataReceived");
  }

  connectionLost(reason: Error): void {
    this.losses++;
    this.reason = reason;
    return this.call("connectionLost");
  }

  readConnectionLost(): void {
    return this.call("readConnectionLost");
  }

  writeConnectionLost(): void {
    return this.call("writeConnectionLost");
  }

  handshakeCompleted(): void {
    return this.call("handshakeCompleted");
  }

  drainRequested(): void {
    return this.call("drainRequested");
  }

  logPrefix(): string {
    return this.hooks.logPrefix?.() ?? "Subject";
  }

  protected call(name: string): void {
    return this.hooks[name]?.();
  }
}

/** A connection on the way to going wrong. */
interface Scene {
  readonly bed: ProtocolBed<IProtocol>;
  readonly tls: FakeTls;
}

/** How a protocol gets its connection, and how a peer is heard then. */
interface Way {
  /** For the titles of the rows; the first way is that of the documentation. */
  readonly where?: string;
  /** The hook that calls `makeConnection`. */
  readonly makes?: string;
  wrap(protocol: IProtocol): IProtocol;
  open?(scene: Scene): void;
  send(scene: Scene): void;
  endReading(scene: Scene): void;
  endWriting(scene: Scene): void;
}

const DIRECT: Way = {
  wrap: (protocol) => protocol,
  send: ({ bed }) => bed.peer.send("some bytes"),
  endReading: ({ bed }) => bed.peer.driver.closeWrite(),
  endWriting: ({ bed }) => bed.connection.loseWriteConnection(),
};

const RELAYED: Way = {
  ...DIRECT,
  where: "behind a relay of an endpoint",
  wrap: (protocol) => relayTo(protocol, {}),
};

const GATED: Way = {
  where: "behind the TLS of an endpoint",
  makes: "handshakeCompleted",
  wrap: (protocol) => new TlsGate({ role: "server" }, { build: () => protocol, failed: () => {} }),
  open: ({ tls }) => tls.engine.secure(),
  send: ({ tls }) => tls.engine.decrypt("some bytes"),
  endReading: ({ tls }) => tls.engine.sink.peerClosed(),
  endWriting: ({ bed, tls }) => {
    bed.connection.loseWriteConnection();
    bed.host.settle();
    tls.engine.sink.closeSent();
  },
};

type Trigger = (scene: Scene) => void;

/** Runs a connection whose protocol goes wrong in one method, and checks how it ends. */
async function lose(
  way: Way,
  test: Case,
  method: string,
  trigger: Trigger,
  keeps = false,
): Promise<void> {
  const subject = new Subject();
  subject.hooks[method] = test.act;
  const tls = new FakeTls();
  const host = Object.assign(new TestHost(), { tls });
  using bed = connectProtocol<IProtocol>(way.wrap(subject), { host });
  const scene = { bed, tls };
  way.open?.(scene);
  await bed.settle();
  trigger(scene);
  await bed.settle();
  const isLost = test.wrong.fails && !keeps;
  if (isLost) assertEquals(subject.losses, 1, "the connection was not lost");
  bed.connection.abortConnection();
  await bed.settle();
  // TLS says goodbye for as long as its peer may take.
  bed.host.advance(100);
  assertEquals(subject.losses, 1, "connectionLost did not come exactly once");
  assertEquals(bed.host.resources.size, 0, "a resource is left");
  assertEquals(bed.host.reactor.getDelayedCalls(), [], "a timed call is left");
}

/** Starts TLS, unless the connection has it. */
const startTls: Trigger = ({ bed, tls }) => {
  if (bed.connection.secure) return;
  bed.connection.startTLS({ role: "client" });
  tls.engine.secure();
};

/** The rows of one way. */
function hooksOf(way: Way): Hook[] {
  const hook = (
    name: string,
    documented: readonly string[],
    trigger: Trigger,
    options: Partial<Hook> & { keeps?: boolean } = {},
  ): Hook => {
    const { keeps, ...rest } = options;
    return {
      name,
      ...way.where === undefined ? {} : { where: way.where },
      documented: way === DIRECT ? documented : [],
      run: (test) => lose(way, test, name, trigger, keeps),
      ...rest,
    };
  };
  return [
    hook(
      "makeConnection",
      [
        "IProtocol.makeConnection",
        "IProtocol.connectionMade",
        "Protocol.makeConnection",
        "Protocol.connectionMade",
      ],
      () => {},
      way.makes === undefined ? {} : { calledBy: way.makes },
    ),
    hook("dataReceived", ["IProtocol.dataReceived", "Protocol.dataReceived"], way.send),
    hook(
      "readConnectionLost",
      ["IHalfCloseableProtocol.readConnectionLost"],
      way.endReading,
    ),
    hook(
      "writeConnectionLost",
      ["IHalfCloseableProtocol.writeConnectionLost"],
      way.endWriting,
    ),
    hook(
      "connectionLost",
      ["IProtocol.connectionLost", "Protocol.connectionLost"],
      ({ bed }) => bed.connection.abortConnection(),
    ),
    hook(
      "drainRequested",
      ["IDrainableProtocol.drainRequested"],
      ({ bed }) => bed.connection.drain(),
    ),
    hook("handshakeCompleted", ["IHandshakeListener.handshakeCompleted"], startTls),
    hook(
      "logPrefix",
      ["IProtocol.logPrefix", "Protocol.logPrefix", "HasLogPrefix.logPrefix"],
      // It is asked for when something is logged; the connection goes on.
      ({ bed }) => callWithSystem(bed.connection, () => msg("something")),
      { answers: true, keeps: true },
    ),
  ];
}

export const PROTOCOL_HOOKS: readonly Hook[] = [DIRECT, RELAYED, GATED].flatMap(hooksOf);
