import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { ClientService, connectProtocol, StreamServerEndpointService } from "../endpoints/mod.ts";
import { Factory, LineReceiver, Protocol } from "../protocol/mod.ts";
import {
  CannotListenError,
  ConnectingCancelledError,
  ConnectionRefusedError,
  ConnectTimeoutError,
} from "../reactor/errors.ts";
import { Clock } from "../task/mod.ts";
import {
  assertNoResult,
  checkClean,
  failureResultOf,
  IOPump,
  MemoryEndpoints,
  successResultOf,
  TestPeer,
} from "./mod.ts";

/** Sends each line back. */
class Echo extends LineReceiver {
  override textReceived(line: string): void {
    this.sendLine(line);
  }
}

/** A factory that does not log when its port starts and stops. */
function quiet<P extends Protocol>(protocol: () => P): Factory<P> {
  const factory = Factory.forProtocol(protocol);
  factory.noisy = false;
  return factory;
}

const echoes = () => quiet(() => new Echo());

Deno.test(
  "MemoryEndpoints connects in microtasks without a pump",
  checkClean(async () => {
    using endpoints = new MemoryEndpoints();
    const port = await endpoints.server.listen(echoes());
    assertEquals(port.getHost().port, 2000);
    const lines: string[] = [];
    const received = Promise.withResolvers<void>();
    class Client extends LineReceiver {
      override textReceived(line: string): void {
        lines.push(line);
        if (lines.length === 2) received.resolve();
      }
    }
    const client = await connectProtocol(endpoints.client, new Client());
    assertEquals(String(client.transport.getPeer()), "192.0.2.1:2000");
    for (const line of ["one", "two"]) client.sendLine(line);
    await received.promise;
    assertEquals(lines, ["one", "two"]);
    client.transport.loseConnection();
    await port.stopListening();
  }),
);

Deno.test(
  "MemoryEndpoints connects and moves bytes when the pump says so",
  checkClean(() => {
    const pump = new IOPump();
    using endpoints = new MemoryEndpoints({ pump, chunkSize: 1 });
    assertStrictEquals(endpoints.clock, pump.clock);
    const port = successResultOf(endpoints.server.listen(echoes()));
    const connecting = connectProtocol(endpoints.client, new TestPeer());
    assertNoResult(connecting);
    pump.flush();
    const peer = successResultOf(connecting);
    peer.send("x\r\n");
    assertEquals(peer.text, "");
    pump.flush();
    assertEquals([peer.text, peer.chunks.length], ["x\r\n", 3]);
    const stopping = port.stopListening();
    assertNoResult(stopping);
    pump.flush();
    successResultOf(stopping);
  }),
);

Deno.test(
  "MemoryEndpoints refuses an attempt while no port listens",
  checkClean(() => {
    const pump = new IOPump();
    using endpoints = new MemoryEndpoints({ pump });
    const attempt = () => {
      const connecting = connectProtocol(endpoints.client, new TestPeer());
      pump.flush();
      return connecting;
    };
    const error = failureResultOf(attempt(), ConnectionRefusedError);
    assertEquals([error.code, error.address], ["ECONNREFUSED", "192.0.2.1:2000"]);
    const port = successResultOf(endpoints.server.listen(echoes()));
    successResultOf(attempt()).close();
    port.stopListening();
    failureResultOf(attempt(), ConnectionRefusedError);
    successResultOf(endpoints.server.listen(echoes()));
  }),
);

Deno.test(
  "MemoryEndpoints.answer refuses or fails the attempts from then on",
  checkClean(async () => {
    using endpoints = new MemoryEndpoints();
    await endpoints.server.listen(echoes());
    const connect = () => connectProtocol(endpoints.client, new TestPeer());
    endpoints.answer = "refuse";
    await assertRejects(connect, ConnectionRefusedError);
    endpoints.answer = new RangeError("no route");
    await assertRejects(connect, RangeError, "no route");
    // @ts-expect-error: the test of a wrong value
    endpoints.answer = "maybe";
    await assertRejects(connect, TypeError, 'answer must be "accept"');
    endpoints.answer = "accept";
    assert((await connect()).connected);
  }),
);

Deno.test(
  'MemoryEndpoints.answer "never" lets an attempt time out, or wait until it is cancelled',
  checkClean(() => {
    const pump = new IOPump();
    using endpoints = new MemoryEndpoints({ pump, connectOptions: { timeout: 10 } });
    endpoints.answer = "never";
    const late = connectProtocol(endpoints.client, new TestPeer());
    pump.advance(9);
    assertNoResult(late);
    pump.advance(1);
    failureResultOf(late, ConnectTimeoutError);
    const cancelled = connectProtocol(endpoints.client, new TestPeer());
    cancelled.cancel();
    failureResultOf(cancelled, ConnectingCancelledError);
    const controller = new AbortController();
    const { signal } = controller;
    const aborted = connectProtocol(endpoints.client, new TestPeer(), { signal });
    controller.abort();
    failureResultOf(aborted, ConnectingCancelledError);
    pump.flush();
  }),
);

Deno.test(
  "MemoryEndpoints cancels an attempt that is about to connect",
  checkClean(() => {
    const pump = new IOPump();
    using endpoints = new MemoryEndpoints({ pump });
    let built = 0;
    successResultOf(
      endpoints.server.listen(quiet(() => {
        built++;
        return new Protocol();
      })),
    );
    const connecting = connectProtocol(endpoints.client, new TestPeer());
    connecting.cancel();
    pump.flush();
    failureResultOf(connecting, ConnectingCancelledError);
    assertEquals(built, 0);
  }),
);

Deno.test(
  "MemoryEndpoints applies the limits of the port",
  checkClean(() => {
    const pump = new IOPump();
    using endpoints = new MemoryEndpoints({ pump, listenOptions: { maxConnections: 1 } });
    const factory = echoes();
    successResultOf(endpoints.server.listen(factory));
    const peers = ["one\r\n", "two\r\n"].map((text) => {
      const connecting = connectProtocol(endpoints.client, new TestPeer());
      pump.flush();
      const peer = successResultOf(connecting);
      peer.send(text);
      pump.flush();
      return peer;
    });
    assertEquals(peers.map(({ text }) => text), ["one\r\n", ""]);
    peers[0]?.close();
    pump.flush();
    assertEquals(peers.map(({ text }) => text), ["one\r\n", "two\r\n"]);
  }),
);

Deno.test(
  "MemoryEndpoints resets connections that the port has not accepted when it closes",
  checkClean(() => {
    const pump = new IOPump();
    using endpoints = new MemoryEndpoints({ pump, listenOptions: { maxConnections: 1 } });
    const port = successResultOf(endpoints.server.listen(echoes()));
    const connecting = [1, 2].map(() => connectProtocol(endpoints.client, new TestPeer()));
    pump.flush();
    const peers = connecting.map(successResultOf);
    port.stopListening();
    pump.flush();
    assertEquals(peers.map(({ ending }) => ending), ["", "ECONNRESET"]);
  }),
);

Deno.test(
  "MemoryEndpoints lets one port listen at a time",
  checkClean(async () => {
    using endpoints = new MemoryEndpoints();
    const port = await endpoints.server.listen(echoes());
    const error = await assertRejects(() => endpoints.server.listen(echoes()), CannotListenError);
    assertEquals([error.code, error.port], ["EADDRINUSE", 2000]);
    await port.stopListening();
    await using _again = await endpoints.server.listen(echoes());
  }),
);

Deno.test(
  "MemoryEndpoints closes everything when it is disposed of",
  checkClean(() => {
    const pump = new IOPump();
    const endpoints = new MemoryEndpoints({ pump });
    successResultOf(endpoints.server.listen(echoes()));
    const connecting = connectProtocol(endpoints.client, new TestPeer());
    pump.flush();
    const peer = successResultOf(connecting);
    endpoints.answer = "never";
    const pending = connectProtocol(endpoints.client, new TestPeer());
    endpoints[Symbol.dispose]();
    assertEquals(peer.reason?.name, "ConnectionLost");
    assertEquals(failureResultOf(pending).name, "ConnectError");
  }),
);

Deno.test(
  "MemoryEndpoints serves services, which reconnect on the same clock",
  checkClean(async () => {
    const pump = new IOPump();
    using endpoints = new MemoryEndpoints({ pump });
    const server = new StreamServerEndpointService(endpoints.server, echoes());
    const client = new ClientService(endpoints.client, quiet(() => new TestPeer()), {
      clock: pump.clock,
      retryPolicy: () => 5,
    });
    client.startService();
    pump.advance(4);
    server.startService();
    pump.advance(1);
    const peer = successResultOf(client.whenConnected());
    peer.send("x\r\n");
    pump.flush();
    assertEquals(peer.text, "x\r\n");
    const stopping = [client.stopService(), server.stopService()];
    pump.flush();
    await Promise.all(stopping);
  }),
);

Deno.test("MemoryEndpoints shows its address, and refuses wrong options", () => {
  const endpoints = new MemoryEndpoints();
  assertEquals([`${endpoints.server}`, `${endpoints.client}`], Array(2).fill("192.0.2.1:2000"));
  assertThrows(() => new MemoryEndpoints({ capacity: 0 }), RangeError, "capacity must be");
  assertThrows(
    () => new MemoryEndpoints({ pump: new IOPump(), clock: new Clock() }),
    TypeError,
    "Cannot make endpoints: the pump has a clock",
  );
});
