/**
 * Services on real sockets. Twisted's `test/test_application.py`, `InternetTests`: testTCP and
 * testConnectionGettingRefused.
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { CancelledError } from "../../defer/mod.ts";
import { portOf, type TCPFixture, tcpTest } from "../../testing/fixtures/tcp_fixture.ts";
import { type Wire, Wires } from "../../testing/fixtures/wire.ts";
import { DenoReactor } from "../../reactor/drivers/deno/reactor.ts";
import { ConnectionDone, ConnectionRefusedError, DrainTimeout } from "../../reactor/errors.ts";
import { TCP4ClientEndpoint, TCP4ServerEndpoint } from "../mod.ts";
import {
  ClientService,
  MultiService,
  startApplication,
  StreamServerEndpointService,
} from "./mod.ts";

const test = tcpTest("Services", () => new DenoReactor());

/** A server that sends back the bytes it receives. */
function echoService(
  fixture: TCPFixture,
  port: number,
  drain: number | null = null,
): { wires: Wires; service: StreamServerEndpointService } {
  const wires = new Wires({ dataReceived: (wire, data) => wire.transport.write(data) });
  const endpoint = new TCP4ServerEndpoint(fixture.reactor, port, { interface: "127.0.0.1" });
  return { wires, service: new StreamServerEndpointService(endpoint, wires, { drain }) };
}

/** A client that retries without delay: the next attempt is made in the reactor's next turn. */
function clientService(fixture: TCPFixture, port: number): ClientService<Wire> {
  const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", port);
  const options = { clock: fixture.reactor, retryPolicy: () => 0 };
  return new ClientService<Wire>(endpoint, new Wires(), options);
}

async function echoes(client: Wire, text: string): Promise<void> {
  client.transport.write(text);
  await client.has(text.length);
  assertEquals(client.text, text);
}

Deno.test(test("ClientService reconnects to a server that restarts", async (fixture) => {
  fixture.run();
  const server = echoService(fixture, 0);
  server.service.startService();
  const port = portOf((await server.service.whenListening()).getHost());
  const client = clientService(fixture, port);
  client.startService();
  const first = await client.whenConnected();
  await echoes(first, "one");

  await server.service.stopService();
  (await server.wires.wire(0)).transport.loseConnection();
  assertInstanceOf(await first.lost(), ConnectionDone);
  const refused = await client.whenConnected(2).addErrback((error: Error) => error);
  assertInstanceOf(refused, ConnectionRefusedError);

  const again = echoService(fixture, port);
  again.service.startService();
  const second = await client.whenConnected();
  assert(second !== first);
  await echoes(second, "two");

  await client.stopService();
  assertInstanceOf(second.reason, ConnectionDone);
  await (await again.wires.wire(0)).lost();
  await again.service.stopService();
  assertEquals(fixture.reactor.getDelayedCalls(), []);
}));

Deno.test(
  test("ClientService.stopService() cancels an attempt without an answer", async (fixture) => {
    fixture.run();
    const { addr } = fixture.rawListen({ tcpBacklog: 1 });
    await fixture.rawConnect(addr.port);
    await fixture.rawConnect(addr.port); // the next one gets no answer
    const client = clientService(fixture, addr.port);
    client.startService();
    const waiting = client.whenConnected().addErrback((error: Error) => error);
    await client.stopService();
    assertInstanceOf(await waiting, CancelledError);
    assertEquals(fixture.reactor.getDelayedCalls(), []);
  }),
);

Deno.test(
  test("ClientService closes a connection that prepareConnection() rejects, and connects again", async (fixture) => {
    fixture.run();
    const listener = fixture.rawListen();
    const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", listener.addr.port);
    const prepared: Wire[] = [];
    const client = new ClientService<Wire>(endpoint, new Wires(), {
      clock: fixture.reactor,
      retryPolicy: () => 0,
      prepareConnection: async (wire) => {
        prepared.push(wire);
        wire.transport.write("HELLO\n");
        await wire.has(3);
        if (wire.text !== "OK\n") throw new RangeError("not welcome");
      },
    });
    client.startService();
    const turnedDown = await fixture.rawAccept(listener);
    await turnedDown.send("NO\n");
    assertEquals(new TextDecoder().decode(await turnedDown.readAll()), "HELLO\n");
    const accepted = await fixture.rawAccept(listener);
    await accepted.send("OK\n");
    assertStrictEquals(await client.whenConnected(), prepared[1]);
    await client.stopService();
    assertEquals(prepared.map(({ events }) => events.at(-1)), ["lost", "lost"]);
  }),
);

Deno.test(
  test("startApplication() stops its services at shutdown in reverse order", async (fixture) => {
    const running = fixture.run();
    const application = new MultiService();
    const server = echoService(fixture, 0, 30);
    server.service.setServiceParent(application);
    startApplication(fixture.reactor, application);
    const port = portOf((await server.service.whenListening()).getHost());
    const client = clientService(fixture, port);
    client.setServiceParent(application);
    const wire = await client.whenConnected();
    await echoes(wire, "one");
    fixture.reactor.stop();
    await running;
    const served = await server.wires.wire();
    assertEquals([wire.reason?.name, served.reason?.name], ["ConnectionDone", "ConnectionDone"]);
    assertEquals([client.running, server.service.running], [false, false]);
  }),
);

Deno.test(
  test("StreamServerEndpointService with drain aborts the open connections after its time", async (fixture) => {
    fixture.run();
    const server = echoService(fixture, 0, 0);
    server.service.startService();
    const port = portOf((await server.service.whenListening()).getHost());
    await fixture.rawConnect(port);
    const served = await server.wires.wire();
    await server.service.stopService();
    assertInstanceOf(served.reason, DrainTimeout);
  }),
);
