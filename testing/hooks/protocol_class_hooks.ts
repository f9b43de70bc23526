/**
 * The hooks of the ready-made protocols: lines, requests, heartbeats, forwarders.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { messageOf } from "../../internal/foreign_value.ts";
import {
  Heartbeat,
  KeyedRequestQueue,
  LineReceiver,
  PendingRequest,
  Protocol,
  ProxyClientFactory,
  ProxyFactory,
  ProxyServer,
  RequestQueue,
} from "../../protocol/mod.ts";
import { connectProtocol, type ProtocolFixture } from "../fixtures/protocol_fixture.ts";
import { ConnectionRefusedError } from "../../reactor/errors.ts";
import type { IConnector, IInternetAddress, IReactorTCP } from "../../reactor/interfaces/mod.ts";
import { callLogged } from "../../defer/guarded_call.ts";
import { Clock } from "../../task/mod.ts";
import { type Case, type Hook, hostTurn } from "./hook.ts";

/** Ends a connection whose protocol has failed, and checks that it ended once. */
async function end(fixture: ProtocolFixture<Protocol>, losses: () => number): Promise<void> {
  await fixture.settle();
  fixture.connection.abortConnection();
  await fixture.settle();
  assertEquals(losses(), 1, "connectionLost was not called exactly once");
  assertEquals(fixture.host.resources.size, 0, "a resource is still open");
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
  using fixture = connectProtocol(receiver);
  fixture.peer.send("one\r\ntwo\r\n" + "x".repeat(30) + "\r\n");
  await fixture.settle();
  if (test.wrong.fails) assertEquals(losses, 1, "the connection was not lost");
  await end(fixture, () => losses);
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

/** Returns a reactor whose connection attempts fail at once. */
function refusingReactor(): IReactorTCP {
  return {
    listenTCP(): never {
      throw new Error("A forwarder does not listen");
    },
    connectTCP(_host, _port, factory): IConnector<IInternetAddress> {
      const connector: IConnector<IInternetAddress> = {
        state: "disconnected",
        connect(): void {},
        disconnect(): void {},
        stopConnecting(): void {},
        getDestination(): never {
          throw new Error("There is none");
        },
      };
      const fail = () =>
        factory.clientConnectionFailed(connector, new ConnectionRefusedError("refused"));
      // As a connector does.
      callLogged(fail, [], "Error while calling clientConnectionFailed");
      return connector;
    },
  };
}

/** Forwards a connection that cannot be forwarded. */
async function forward(server: ProxyServer): Promise<void> {
  let losses = 0;
  server.factory = new ProxyFactory(refusingReactor(), "192.0.2.1", 80);
  const lost = server.connectionLost.bind(server);
  server.connectionLost = (reason) => {
    losses++;
    lost(reason);
  };
  using fixture = connectProtocol(server);
  await end(fixture, () => losses);
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
    if (messageOf(error) !== "the end") test.received(error);
  });
  await hostTurn();
  queue.connectionLost(new Error("the end"));
}

/** Starts a heartbeat, and sends one request. */
async function beat(test: Case): Promise<void> {
  const clock = new Clock();
  using fixture = connectProtocol(new Protocol());
  using heartbeat = new Heartbeat(clock, fixture.connection, { interval: 1, send: test.act });
  heartbeat.start();
  clock.advance(1);
  await null;
  assertEquals(heartbeat.missed, 1);
  fixture.connection.abortConnection();
  await fixture.settle();
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
      give: (send) => {
        using fixture = connectProtocol(new Protocol());
        return new Heartbeat(new Clock(), fixture.connection, { interval: 1, send });
      },
    },
  },
];
