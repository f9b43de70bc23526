/**
 * The methods of a factory, on a listening port and on a connector.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ClientFactory, Factory, Protocol } from "../../protocol/mod.ts";
import { IPv4Address } from "../../reactor/addresses.ts";
import { AdoptedConnection } from "../../reactor/stream/adopted_connection.ts";
import { Peer, TestHost } from "../fixtures/connection_fixture.ts";
import { FakeTLS } from "../fixtures/fake_tls.ts";
import { HandAcceptor, LIMITS } from "../fixtures/port_fixture.ts";
import { connectionLimits } from "../../reactor/stream/connection_limits.ts";
import type { DialSink } from "../../reactor/stream/dial.ts";
import { Connector } from "../../reactor/stream/connector.ts";
import { ConnectionRefusedError } from "../../reactor/errors.ts";
import type { IClientFactory, IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { memoryPipe } from "../../reactor/drivers/memory/memory_driver.ts";
import { StreamPort } from "../../reactor/stream/stream_port.ts";
import { TLSDriver } from "../../reactor/tls/tls_driver.ts";
import type { Case, Hook } from "./hook.ts";

/** A factory that counts the losses of its connections. */
export class Counting extends ClientFactory<Protocol> {
  losses = 0;
  readonly built: Protocol[] = [];

  override buildProtocol(): Protocol | null {
    const protocol = new Protocol();
    protocol.connectionLost = () => void this.losses++;
    this.built.push(protocol);
    return protocol;
  }
}

/** Replaces a method. */
export function wrongFactory<F extends Factory>(
  factory: F,
  method: keyof F & string,
  act: () => never,
): F {
  return Object.assign(factory, { [method]: act });
}

function checkNothingLeft(host: TestHost): void {
  assertEquals(host.resources.size, 0, "a resource is still open");
  assertEquals(host.reactor.getDelayedCalls(), [], "a timed call is still scheduled");
}

/** How a factory is used. */
interface Use {
  /** The factory that the port uses, if an endpoint wraps the factory under test. */
  readonly wrapped?: IProtocolFactory;
  /** The TLS engine, for TLS. */
  readonly tls?: FakeTLS;
  /** Called when a peer has connected. */
  connected?(host: TestHost): void;
  /** Called when the peer has closed. */
  closed?(): void;
}

/** Listens with a factory, takes one connection, closes everything. */
export async function listen(test: Case, factory: Factory, use: Use = {}): Promise<void> {
  const host = Object.assign(new TestHost(), use.tls === undefined ? {} : { tls: use.tls });
  const acceptor = new HandAcceptor(host);
  const port = new StreamPort(host, use.wrapped ?? factory, LIMITS, () => acceptor);
  try {
    port.startListening();
  } catch (error) {
    test.received(error);
  }
  const peer = acceptor.calls.includes("close") ? null : acceptor.connect();
  if (peer !== null) use.connected?.(host);
  await null;
  host.settle();
  peer?.driver.close();
  host.settle();
  if (peer !== null) use.closed?.();
  const stopped = port.stopListening();
  let isStopped = false;
  stopped.addCallbacks(() => {
    isStopped = true;
  }, (error) => {
    isStopped = true;
    test.received(error);
  });
  acceptor.release();
  // A TLS connection waits for its peer's close_notify.
  host.advance(100);
  assertEquals(isStopped, true, "stopListening() did not settle");
  if (factory instanceof Counting) assertEquals(factory.losses, factory.built.length);
  checkNothingLeft(host);
}

function portHook(
  method: keyof Counting & string,
  documented: readonly string[],
  options: Partial<Hook> = {},
): Hook {
  return {
    name: method,
    where: "of a port's factory",
    documented,
    run: (test) => listen(test, wrongFactory(new Counting(), method, test.act)),
    ...options,
  };
}

/** Listens with TLS, and makes a handshake fail. */
async function failHandshake(test: Case): Promise<void> {
  const host = new TestHost();
  const acceptor = new HandAcceptor(host);
  const factory = Object.assign(new Counting(), { handshakeFailed: test.act });
  const tls = new FakeTLS();
  const port = new StreamPort(
    host,
    factory,
    LIMITS,
    () => acceptor,
    (driver) => new TLSDriver(driver, tls, host.reactor, { linger: 1 }),
  );
  port.startListening();
  const peer = acceptor.connect();
  host.advance(11);
  await null;
  peer?.driver.close();
  host.settle();
  port.stopListening();
  acceptor.release();
  host.advance(100);
  checkNothingLeft(host);
}

/** Connects with a factory: the attempt fails if `fails`, and otherwise the peer closes. */
export async function connect(
  test: Case,
  factory: Counting,
  fails = false,
  wrapped: IClientFactory = factory,
): Promise<void> {
  const host = new TestHost();
  let sink: DialSink | null = null;
  const destination = new IPv4Address("TCP", "192.0.2.2", 2222);
  const connector = new Connector(host, wrapped, destination, connectionLimits({}), 30, (dial) => {
    sink = dial;
    return () => dial.released();
  });
  try {
    connector.connect();
  } catch (error) {
    test.received(error);
  }
  // TypeScript does not know that the dial above has been called.
  const dialled = sink as DialSink | null;
  if (dialled !== null) {
    if (fails) dialled.failed(new ConnectionRefusedError("refused"));
    else {
      const [end, other] = memoryPipe({ schedule: (step) => host.steps.push(step) });
      const peer = new Peer(other);
      other.startReading();
      dialled.connected(end);
      host.settle();
      peer.driver.close();
    }
    dialled.released();
  }
  host.settle();
  await null;
  assertEquals(connector.state, "disconnected");
  assertEquals(factory.losses, factory.built.length);
  assertEquals(factory.numPorts, 0, "the factory was not stopped");
  checkNothingLeft(host);
}

function connectorHook(
  method: keyof Counting & string,
  documented: readonly string[],
  options: Partial<Hook> = {},
): Hook {
  return {
    name: method,
    where: "of a connector's factory",
    documented,
    run: (test) =>
      connect(
        test,
        wrongFactory(new Counting(), method, test.act),
        method === "clientConnectionFailed",
      ),
    ...options,
  };
}

/** Adopts a connection with a factory. */
async function adopt(test: Case): Promise<void> {
  const host = new TestHost();
  const [end, other] = memoryPipe({ schedule: (step) => host.steps.push(step) });
  const peer = new Peer(other);
  other.startReading();
  const factory = wrongFactory(new Counting(), "buildProtocol", test.act);
  new AdoptedConnection(host, connectionLimits({}), factory, 3).open(end);
  host.settle();
  await null;
  assertEquals(peer.end, "ended", "the connection was not closed");
  checkNothingLeft(host);
}

const startReports = { reports: "either" } as const;

export const FACTORY_HOOKS: readonly Hook[] = [
  portHook("buildProtocol", [
    "IProtocolFactory.buildProtocol",
    "ITypedProtocolFactory.buildProtocol",
    "Factory.buildProtocol",
  ], { answers: true }),
  portHook("doStart", ["IProtocolFactory.doStart", "Factory.doStart"], startReports),
  portHook("doStop", ["IProtocolFactory.doStop", "Factory.doStop"], startReports),
  portHook("startFactory", ["Factory.startFactory"], startReports),
  portHook("stopFactory", ["Factory.stopFactory"], startReports),
  portHook("logPrefix", ["IProtocolFactory.logPrefix", "Factory.logPrefix"], { answers: true }),
  {
    name: "protocol",
    where: "the class that a factory makes",
    documented: ["Factory.protocol", "Factory.forProtocol(protocol)"],
    calledBy: "buildProtocol",
    answers: true,
    run: (test) => {
      const factory = new Factory();
      // A function may be called with `new` as well.
      factory.protocol = function wrong(): object {
        return Object(test.act());
      } as never;
      return listen(test, factory);
    },
  },
  {
    name: "handshakeFailed",
    documented: ["IProtocolFactory.handshakeFailed"],
    run: failHandshake,
  },
  connectorHook("buildProtocol", [], { answers: true }),
  connectorHook("startFactory", [], startReports),
  connectorHook("stopFactory", [], { calledBy: "doStop" }),
  connectorHook("startedConnecting", [
    "IClientFactory.startedConnecting",
    "ClientFactory.startedConnecting",
  ]),
  connectorHook("clientConnectionFailed", [
    "IClientFactory.clientConnectionFailed",
    "ClientFactory.clientConnectionFailed",
  ]),
  connectorHook("clientConnectionLost", [
    "IClientFactory.clientConnectionLost",
    "ClientFactory.clientConnectionLost",
  ]),
  {
    name: "buildProtocol",
    where: "of an adopted connection's factory",
    documented: [],
    answers: true,
    run: adopt,
  },
];
