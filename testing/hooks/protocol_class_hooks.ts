/**
 * The hooks of the ready-made protocols: lines, requests, heartbeats, forwarders.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  Heartbeat,
  KeyedRequestQueue,
  LineReceiver,
  PendingRequest,
  type Protocol,
  ProxyClientFactory,
  ProxyFactory,
  ProxyServer,
  RequestLost,
  RequestQueue,
} from "../../protocol/mod.ts";
import { Clock } from "../../task/mod.ts";
import {
  checkClean,
  type ConnectedPair,
  connectedServerAndClient,
  flushLoggedErrors,
  InMemoryReactor,
  StringTransport,
  TestPeer,
} from "../mod.ts";
import { type Case, type Hook, hostTurn } from "./hook.ts";

/** A protocol that may fail, and its peer. */
type Pair = ConnectedPair<Protocol, TestPeer>;

/**
 * Connects a protocol that may fail, ends the connection, and checks that it ended once and that
 * nothing is left.
 *
 * @param protocol The protocol.
 * @param losses Returns the number of calls of `connectionLost`.
 * @param use Makes the protocol fail.
 */
async function connect(
  protocol: Protocol,
  losses: () => number,
  use: (pair: Pair) => void | Promise<void> = () => {},
): Promise<void> {
  const run = checkClean(async () => {
    using pair = connectedServerAndClient(protocol, TestPeer);
    await use(pair);
    await pair.pump.pumpUntilIdle();
    pair.serverTransport.abortConnection();
    await pair.pump.pumpUntilIdle();
    assertEquals(losses(), 1, "connectionLost was not called exactly once");
    flushLoggedErrors();
  });
  await run();
}

/** Receives lines with a method that fails. */
async function receive(
  test: Case,
  method: keyof LineReceiver & string,
  prepare: (receiver: LineReceiver) => void = () => {},
): Promise<void> {
  let losses = 0;
  const receiver = Object.assign(new LineReceiver(), {
    textReceived: () => {},
    connectionLost: () => void losses++,
    [method]: test.act,
  });
  receiver.MAX_LENGTH = 20;
  prepare(receiver);
  await connect(receiver, () => losses, async ({ client, pump }) => {
    client.send("one\r\ntwo\r\n" + "x".repeat(30) + "\r\n");
    await pump.pumpUntilIdle();
    if (test.wrong.fails) assertEquals(losses, 1, "the connection was not lost");
  });
}

function lineHook(
  method: keyof LineReceiver & string,
  documented: readonly string[],
  prepare?: (receiver: LineReceiver) => void,
): Hook {
  return {
    name: method,
    calledBy: "dataReceived",
    documented,
    run: (test) => receive(test, method, prepare),
  };
}

/** Forwards a connection that cannot be forwarded. */
async function forward(server: ProxyServer): Promise<void> {
  let losses = 0;
  const clock = new Clock();
  // Nothing listens on its network.
  const reactor = new InMemoryReactor(clock);
  reactor.run();
  server.factory = new ProxyFactory(reactor, "192.0.2.1", 80);
  const lost = server.connectionLost.bind(server);
  server.connectionLost = (reason) => {
    losses++;
    lost(reason);
  };
  await connect(server, () => losses, async ({ pump }) => {
    clock.advance(0);
    await pump.pumpUntilIdle();
    reactor.stop();
    clock.advance(0);
  });
}

/** Makes requests, the first of which fails. */
async function ask(
  test: Case,
  makeQueue: (wrong: () => never) => {
    request(request: string): { addErrback(errback: (error: Error) => void): unknown };
    connectionLost(reason: Error): void;
  },
): Promise<void> {
  const queue = makeQueue(test.act);
  queue.request("a question").addErrback((error) => {
    if (!(error instanceof RequestLost)) test.received(error);
  });
  await hostTurn();
  queue.connectionLost(new Error("the end"));
}

/** Starts a heartbeat, and sends one request. */
async function beat(test: Case): Promise<void> {
  const clock = new Clock();
  const transport = new StringTransport();
  using heartbeat = new Heartbeat(clock, transport, { interval: 1, send: test.act });
  heartbeat.start();
  clock.advance(1);
  await null;
  assertEquals(heartbeat.missed, 1);
}

export const PROTOCOL_CLASS_HOOKS: readonly Hook[] = [
  lineHook("lineReceived", ["LineProtocol.lineReceived"]),
  lineHook("textReceived", ["LineProtocol.textReceived"]),
  lineHook("lineLengthExceeded", ["LineProtocol.lineLengthExceeded"]),
  lineHook("rawDataReceived", ["LineReceiver.rawDataReceived"], (receiver) => {
    receiver.setRawMode();
  }),
  {
    name: "peerUnreachable",
    calledBy: "clientConnectionFailed",
    documented: ["ProxyServer.peerUnreachable"],
    run: ({ act }) => forward(Object.assign(new ProxyServer(), { peerUnreachable: act })),
  },
  {
    name: "clientProtocolFactory",
    calledBy: "makeConnection",
    documented: ["ProxyServer.clientProtocolFactory"],
    // `new` returns an object, whatever the constructor returns.
    ignores: ({ throws }) => !throws,
    run: ({ act, wrong }) =>
      forward(Object.assign(new ProxyServer(), {
        clientProtocolFactory: class extends ProxyClientFactory {
          constructor() {
            super();
            if (wrong.throws) act();
          }
        },
      })),
  },
  {
    name: "send",
    where: "of a RequestQueue",
    documented: ["new RequestQueue(send)"],
    reports: "caller",
    run: (test) => ask(test, (send) => new RequestQueue<string, string>(send)),
    refuses: { option: "RequestQueue() send", give: (send) => new RequestQueue(send) },
  },
  {
    name: "send",
    where: "of a KeyedRequestQueue",
    documented: ["new KeyedRequestQueue(send)"],
    reports: "caller",
    run: (test) => ask(test, (send) => new KeyedRequestQueue<string, string>(send)),
    refuses: { option: "KeyedRequestQueue() send", give: (send) => new KeyedRequestQueue(send) },
  },
  {
    name: "newId",
    documented: ["KeyedRequestQueueOptions.newId"],
    reports: "caller",
    answers: true,
    run: (test) =>
      ask(test, (newId) => new KeyedRequestQueue<string, string, string>(() => {}, { newId })),
    refuses: {
      option: "KeyedRequestQueue() newId",
      give: (newId) => new KeyedRequestQueue<string, string, string>(() => {}, { newId }),
    },
  },
  {
    name: "canceller",
    where: "abandoned() of a PendingRequest",
    documented: ["new PendingRequest(abandoned)"],
    reports: "either",
    run: ({ act, received }) => {
      const pending = new PendingRequest<string, string>("a question", act);
      pending.answer.addErrback(() => {});
      try {
        pending.answer.cancel();
      } catch (error) {
        received(error);
      }
    },
    refuses: {
      option: "PendingRequest() abandoned",
      give: (abandoned) => new PendingRequest<string, string>("a question", abandoned),
    },
  },
  {
    name: "send",
    where: "of a Heartbeat",
    documented: ["HeartbeatOptions.send"],
    run: beat,
    refuses: {
      option: "Heartbeat send",
      give: (send) => new Heartbeat(new Clock(), new StringTransport(), { interval: 1, send }),
    },
  },
];
