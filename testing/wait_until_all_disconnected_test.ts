import { assertEquals } from "@std/assert";
import { CancelledError, Deferred } from "../defer/mod.ts";
import { Factory, Protocol } from "../protocol/mod.ts";
import { DenoReactor } from "../reactor/mod.ts";
import { Clock } from "../task/mod.ts";
import {
  assertNoResult,
  failureResultOf,
  StringTransport,
  successResultOf,
  waitUntilAllDisconnected,
} from "./mod.ts";

function connected(): { protocol: Protocol; transport: StringTransport } {
  const protocol = new Protocol();
  const transport = new StringTransport();
  protocol.makeConnection(transport);
  return { protocol, transport };
}

Deno.test("waitUntilAllDisconnected() fires when the last connection is closed", () => {
  const clock = new Clock();
  const [one, two] = [connected(), connected()];
  const waiting = waitUntilAllDisconnected(clock, [one.protocol, two.protocol]);
  one.transport.abortConnection();
  clock.advance(1);
  assertNoResult(waiting);
  two.transport.abortConnection();
  clock.advance(0.01);
  successResultOf(waiting);
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("waitUntilAllDisconnected() fires at once if no connection is open", () => {
  successResultOf(waitUntilAllDisconnected(new Clock(), []));
});

Deno.test("waitUntilAllDisconnected() stops its checks when it is cancelled", () => {
  const clock = new Clock();
  const waiting = waitUntilAllDisconnected(clock, [connected().protocol]);
  waiting.cancel();
  failureResultOf(waiting, CancelledError);
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("waitUntilAllDisconnected() waits for real connections on a reactor", async () => {
  const reactor = new DenoReactor();
  const running = reactor.run({ installSignalHandlers: false });
  const accepted = new Deferred<Protocol>();
  class Server extends Protocol {
    override connectionMade(): void {
      accepted.callback(this);
    }
  }
  const port = reactor.listenTCP(0, Factory.forProtocol(Server), { interface: "127.0.0.1" });
  using _conn = await Deno.connect({ port: port.getHost().port });
  const server = await accepted;
  server.transport.loseConnection();
  await waitUntilAllDisconnected(reactor, [server]);
  assertEquals(server.transport.connected, false);
  reactor.stop();
  await running;
});
