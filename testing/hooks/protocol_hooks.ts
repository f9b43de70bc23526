/**
 * The methods of a protocol on a stream connection.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { wrapProtocol } from "../../reactor/stream/protocol_wrapper.ts";
import { TLSUpgradeProtocol } from "../../endpoints/tls_upgrade_protocol.ts";
import { callWithSystem, msg } from "../../log/mod.ts";
import { FakeTLSConnection } from "../fixtures/fake_tls_connection.ts";
import type { IBufferedProtocol, IProtocol, ITransport } from "../../reactor/interfaces/mod.ts";
import type { Case, Hook } from "./hook.ts";

/** A protocol in which a test replaces a method. */
export class Subject implements IProtocol {
  /** The number of calls of `connectionLost()`. */
  losses = 0;
  reason: unknown = null;
  /** Functions that replace the methods of the same names. */
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

/** A protocol that provides the memory into which its connection reads. */
class BufferedSubject extends Subject implements IBufferedProtocol {
  readonly #buffer = new Uint8Array(16);

  getBuffer(): Uint8Array<ArrayBuffer> {
    return this.hooks.getBuffer?.() ?? this.#buffer;
  }

  bufferUpdated(_count: number): void {
    return this.call("bufferUpdated");
  }
}

/** A connection whose protocol is about to fail. */
type Scene = FakeTLSConnection<IProtocol>;

/** How a protocol receives its connection, and how a test sends data of the peer. */
interface Way {
  /** A note for the titles of the rows; the first way has none. */
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
  send: ({ peer }) => peer.send("some bytes"),
  endReading: ({ peer }) => peer.driver.closeWrite(),
  endWriting: ({ connection }) => connection.loseWriteConnection(),
};

const RELAYED: Way = {
  ...DIRECT,
  where: "behind a relay of an endpoint",
  wrap: (protocol) => wrapProtocol(protocol, {}),
};

const GATED: Way = {
  where: "behind the TLS of an endpoint",
  makes: "handshakeCompleted",
  wrap: (protocol) =>
    new TLSUpgradeProtocol({ role: "server" }, { build: () => protocol, failed: () => {} }),
  open: ({ tls }) => tls.engine.secure(),
  send: ({ tls }) => tls.engine.decrypt("some bytes"),
  endReading: ({ tls }) => tls.engine.sink.peerClosed(),
  endWriting: ({ connection, host, tls }) => {
    connection.loseWriteConnection();
    host.settle();
    tls.engine.sink.closeSent();
  },
};

type Trigger = (scene: Scene) => void;

/** Options of {@linkcode lose}. */
interface SceneOptions {
  /** Whether the connection continues after the failure. */
  keeps?: boolean;
  /** The protocol. */
  subject?: Subject;
}

/** Runs a connection whose protocol fails in one method, and checks how it ends. */
async function lose(
  way: Way,
  test: Case,
  method: string,
  trigger: Trigger,
  { keeps = false, subject = new Subject() }: SceneOptions = {},
): Promise<void> {
  subject.hooks[method] = test.act;
  using scene: Scene = new FakeTLSConnection(way.wrap(subject));
  way.open?.(scene);
  await scene.settle();
  trigger(scene);
  await scene.settle();
  const isLost = test.wrong.fails && !keeps;
  if (isLost) assertEquals(subject.losses, 1, "the connection was not lost");
  scene.connection.abortConnection();
  await scene.settle();
  // A TLS connection waits for its peer's close_notify.
  scene.host.advance(100);
  assertEquals(subject.losses, 1, "connectionLost was not called exactly once");
  assertEquals(scene.host.resources.size, 0, "a resource is still open");
  assertEquals(scene.host.reactor.getDelayedCalls(), [], "a timed call is still scheduled");
}

/** Starts TLS, unless the connection uses it already. */
const startTls: Trigger = ({ connection, tls }) => {
  if (connection.secure) return;
  connection.startTLS({ role: "client" });
  tls.engine.secure();
};

/** Returns the rows for one way. */
function hooksOf(way: Way): Hook[] {
  const hook = (
    name: string,
    documented: readonly string[],
    trigger: Trigger,
    options: Partial<Hook> & { keeps?: boolean; isBuffered?: boolean } = {},
  ): Hook => {
    const { keeps = false, isBuffered = false, ...rest } = options;
    return {
      name,
      ...way.where === undefined ? {} : { where: way.where },
      documented: way === DIRECT ? documented : [],
      run: (test) => {
        const subject = isBuffered ? new BufferedSubject() : new Subject();
        return lose(way, test, name, trigger, { keeps, subject });
      },
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
    hook("getBuffer", ["IBufferedProtocol.getBuffer"], way.send, {
      answers: true,
      isBuffered: true,
    }),
    hook("bufferUpdated", ["IBufferedProtocol.bufferUpdated"], way.send, { isBuffered: true }),
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
      ({ connection }) => connection.abortConnection(),
    ),
    hook(
      "drainRequested",
      ["IDrainableProtocol.drainRequested"],
      ({ connection }) => connection.drain(),
    ),
    hook("handshakeCompleted", ["IHandshakeListener.handshakeCompleted"], startTls),
    hook(
      "logPrefix",
      ["IProtocol.logPrefix", "Protocol.logPrefix", "HasLogPrefix.logPrefix"],
      // The name is needed when a line is logged; the connection continues.
      ({ connection }) => callWithSystem(connection, () => msg("something")),
      { answers: true, keeps: true },
    ),
  ];
}

/** The functions that a protocol passes to `write`. */
const FLUSHED: readonly Hook[] = [["after the data was sent", 8192], ["within write()", 16]]
  .map(([where, size]): Hook => ({
    name: "flushed",
    where: `${where}`,
    documented: ["WriteOptions.flushed"],
    run: (test) =>
      lose(DIRECT, test, "flushed", ({ connection }) => {
        connection.write(new Uint8Array(Number(size)), { flushed: test.act });
      }),
  }));

export const PROTOCOL_HOOKS: readonly Hook[] = [
  ...[DIRECT, RELAYED, GATED].flatMap(hooksOf),
  ...FLUSHED,
];
