/**
 * The methods of a protocol on a stream connection.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { callWithSystem, msg } from "../log/mod.ts";
import { TestHost } from "../reactor/conformance/connection_bed.ts";
import { FakeTls } from "../reactor/conformance/fake_tls.ts";
import { connectProtocol, type ProtocolBed } from "../reactor/conformance/protocol_bed.ts";
import type { IProtocol, ITransport } from "../reactor/interfaces.ts";
import type { Case, Hook } from "./hook.ts";

/** A protocol of which a test replaces a method. */
class Subject implements IProtocol {
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

type Trigger = (bed: ProtocolBed<Subject>, tls: FakeTls) => void;

/** Runs a connection whose protocol goes wrong in one method, and checks how it ends. */
async function lose(test: Case, method: string, trigger: Trigger, keeps = false): Promise<void> {
  const subject = new Subject();
  subject.hooks[method] = test.act;
  const tls = new FakeTls();
  using bed = connectProtocol(subject, { host: Object.assign(new TestHost(), { tls }) });
  await bed.settle();
  trigger(bed, tls);
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

function protocolHook(
  name: string,
  documented: readonly string[],
  trigger: Trigger,
  keeps = false,
): Hook {
  return { name, documented, run: (test) => lose(test, name, trigger, keeps) };
}

const send: Trigger = (bed) => bed.peer.send("some bytes");

const logSomething: Trigger = (bed) => callWithSystem(bed.connection, () => msg("something"));

const startTls: Trigger = (bed, tls) => {
  bed.connection.startTLS({ role: "client" });
  tls.engine.secure();
};

export const PROTOCOL_HOOKS: readonly Hook[] = [
  protocolHook(
    "makeConnection",
    [
      "IProtocol.makeConnection",
      "IProtocol.connectionMade",
      "Protocol.makeConnection",
      "Protocol.connectionMade",
    ],
    () => {},
  ),
  protocolHook("dataReceived", ["IProtocol.dataReceived", "Protocol.dataReceived"], send),
  protocolHook(
    "readConnectionLost",
    ["IHalfCloseableProtocol.readConnectionLost"],
    (bed) => bed.peer.driver.closeWrite(),
  ),
  protocolHook(
    "writeConnectionLost",
    ["IHalfCloseableProtocol.writeConnectionLost"],
    (bed) => bed.connection.loseWriteConnection(),
  ),
  protocolHook(
    "connectionLost",
    ["IProtocol.connectionLost", "Protocol.connectionLost"],
    (bed) => bed.connection.loseConnection(),
  ),
  protocolHook(
    "drainRequested",
    ["IDrainableProtocol.drainRequested"],
    (bed) => bed.connection.drain(),
  ),
  {
    name: "logPrefix",
    documented: ["IProtocol.logPrefix", "Protocol.logPrefix", "HasLogPrefix.logPrefix"],
    answers: true,
    // Asked for when something is logged in one of its methods; the connection goes on.
    run: (test) => lose(test, "logPrefix", logSomething, true),
  },
  {
    name: "handshakeCompleted",
    documented: ["IHandshakeListener.handshakeCompleted"],
    run: (test) => lose(test, "handshakeCompleted", startTls),
  },
];
