/**
 * TLS begun on a connection that is there, between two of this library's ends on real sockets. Of
 * Twisted's tests:
 *
 * - `test/test_ssl.py`: `test_TLS`, `test_unTLS` and `test_backwardsTLS` of `TLSTests`, and of
 *   `SpammyTLSTests`, which has much to send then.
 * - `internet/test/test_tls.py`: `test_disconnectAfterWriteAfterStartTLS`, and
 *   `ConnectionTestsMixin` by way of `startTLS` (`StartTLSClientTestsMixin`).
 * - `internet/test/test_tcp.py`: `TCPServerTests.test_writeAfterDisconnectAfterTLS` and
 *   `test_writeSequenceAfterDisconnectAfterTLS`.
 */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { concat, pattern, same } from "../../../testing/peers/raw_peer.ts";
import { portOf } from "../../../testing/fixtures/tcp_fixture.ts";
import { SecuredWires, type TLSFixture, tlsTest } from "../../../testing/fixtures/tls_fixture.ts";
import type { Wire } from "../../../testing/fixtures/wire.ts";
import { ConnectionAborted, ConnectionClosed, ConnectionDone, TLSError } from "../../errors.ts";
import type { StartTLSOptions } from "../../interfaces/mod.ts";
import { DenoReactor } from "./reactor.ts";

const MEGABYTE = 1 << 20;
const test = await tlsTest("startTLS()", () => new DenoReactor());

/** Both sides of a connection in the open, and what each starts TLS with. */
async function open(fixture: TLSFixture): Promise<
  { server: Wire; client: Wire; asServer: StartTLSOptions; asClient: StartTLSOptions }
> {
  const [servers, clients] = [new SecuredWires(), new SecuredWires()];
  const port = fixture.reactor.listenTCP(0, servers, { interface: "127.0.0.1" });
  fixture.reactor.connectTCP("127.0.0.1", portOf(port.getHost()), clients);
  fixture.run();
  const [server, client] = await Promise.all([servers.wire(), clients.wire()]);
  const asClient = { serverName: "localhost", caCerts: [fixture.authority.cert] };
  return { server, client, asServer: { ...fixture.server }, asClient };
}

test("What was written before goes out in the open, what is written after is protected", async (fixture) => {
  const { server, client, asServer, asClient } = await open(fixture);
  const { transport } = server;
  assert(!transport.secure);
  transport.write("open");
  transport.startTLS({ ...asServer, alpnProtocols: ["a"] });
  transport.write("secret");
  await client.has(4);
  assertEquals([client.text, client.events], ["open", ["made", "data"]]);
  client.transport.startTLS({ ...asClient, alpnProtocols: ["a"] });
  client.transport.write("me too");
  await client.has(10);
  await server.has(6);
  assertEquals([client.text, server.text], ["opensecret", "me too"]);
  assertEquals(server.events, ["made", "secured", "data"]);
  assertEquals(client.events.slice(0, 3), ["made", "data", "secured"]);
  assert(server.transport === transport && transport.secure);
  assertEquals([transport.negotiatedProtocol, client.transport.negotiatedProtocol], ["a", "a"]);
  assertEquals(client.transport.getPeerCertificate()?.subject.CN, "localhost");
});

test("Megabytes that wait to be sent in the open, and megabytes behind them, arrive intact", async (fixture) => {
  const { server, client, asServer, asClient } = await open(fixture);
  const [first, second] = [pattern(8 * MEGABYTE, 1), pattern(8 * MEGABYTE, 2)];
  server.transport.write(first);
  server.transport.startTLS(asServer);
  server.transport.write(second);
  await client.has(first.length);
  assertEquals(client.size, first.length);
  client.transport.startTLS(asClient);
  await client.has(first.length + second.length);
  assert(same(concat(client.chunks), concat([first, second])));
});

test("The side that accepted the connection can be the client", async (fixture) => {
  const { server, client, asServer, asClient } = await open(fixture);
  server.transport.startTLS({ ...asClient, role: "client" });
  client.transport.startTLS({ ...asServer, role: "server" });
  await Promise.all([server.seen("secured"), client.seen("secured")]);
  assertEquals(server.transport.getPeerCertificate()?.subject.CN, "localhost");
});

test("A handshake that fails loses the connection with TLSError, on both sides", async (fixture) => {
  const { server, client, asServer, asClient } = await open(fixture);
  server.transport.startTLS(asServer);
  client.transport.startTLS({ ...asClient, serverName: "other.example" });
  const reason = await client.lost();
  assertInstanceOf(reason, TLSError);
  assertEquals([reason.phase, reason.code], ["handshake", "ERR_TLS_CERT_ALTNAME_INVALID"]);
  await server.lost();
  assertEquals(client.events, ["made", "lost"]);
});

test("A peer that goes on in the open: TLSError", async (fixture) => {
  const { server, client, asServer } = await open(fixture);
  server.transport.startTLS(asServer);
  client.transport.write("What do you mean?\r\n");
  assertInstanceOf(await server.lost(), TLSError);
  assertEquals(server.events, ["made", "lost"]);
  await client.lost();
});

test("A side that does not begin TLS receives the other's hello as it is", async (fixture) => {
  const { server, client, asClient } = await open(fixture);
  client.transport.write("plain");
  client.transport.startTLS(asClient);
  client.transport.write("secret");
  await server.has(10);
  assertEquals(server.text.slice(0, 5), "plain");
  // A handshake record of TLS: RFC 8446, section 5.1.
  assertEquals([...concat(server.chunks).subarray(5, 7)], [22, 3]);
  assert(!client.transport.secure && !server.text.includes("secret"));
});

test("What was written before the handshake is not for a peer that handshakeCompleted() turns away", async (fixture) => {
  const { server, client, asServer, asClient } = await open(fixture);
  Object.assign(client, {
    handshakeCompleted: () => {
      assertEquals(client.transport.getPeerCertificate()?.subject.CN, "localhost");
      client.transport.abortConnection();
    },
  });
  server.transport.startTLS(asServer);
  client.transport.startTLS(asClient);
  client.transport.write("untrustworthy");
  assertInstanceOf(await client.lost(), ConnectionAborted);
  await server.lost();
  assertEquals(server.text, "");
});

test("Both sides answer what comes over TLS, and lose the connection: both are told, and write into nothing then", async (fixture) => {
  const { server, client, asServer, asClient } = await open(fixture);
  for (const wire of [server, client]) {
    const received = wire.dataReceived.bind(wire);
    wire.dataReceived = (data) => {
      received(data);
      wire.transport.write("y");
      wire.transport.loseConnection();
    };
    wire.transport.startTLS(wire === server ? asServer : asClient);
    wire.transport.write("x");
  }
  for (const wire of [server, client]) {
    assertInstanceOf(await wire.lost(), ConnectionClosed);
    wire.transport.write("z");
    wire.transport.writeSequence(["z", "z"]);
    assertEquals(wire.text.slice(0, 1), "x");
    assertEquals(wire.events.at(-1), "lost");
  }
});

test("A handshake that takes longer than handshakeTimeout: TLSError with ETIMEDOUT", async (fixture) => {
  const { server, asServer } = await open(fixture);
  server.transport.startTLS({ ...asServer, handshakeTimeout: 0.02 });
  const reason = await server.lost();
  assertInstanceOf(reason, TLSError);
  assertEquals([reason.phase, reason.code], ["handshake", "ETIMEDOUT"]);
});

test("write() of a buffer that is transferred during the handshake loses the connection", async (fixture) => {
  const { server, client, asServer, asClient } = await open(fixture);
  server.transport.startTLS(asServer);
  const bytes = new Uint8Array(65536);
  server.transport.write(bytes);
  // In a later turn: by then the write is with the driver, which waits for the handshake.
  await new Promise<void>((resolve) => fixture.reactor.callLater(0, resolve));
  structuredClone(bytes, { transfer: [bytes.buffer] });
  client.transport.startTLS(asClient);
  const reason = await server.lost();
  assertInstanceOf(reason, ConnectionAborted);
  assert(reason.message.includes("was detached (transferred) or shrunk"), reason.message);
  await client.lost();
});

test("loseConnection() behind a write waits for the handshake, and all arrives", async (fixture) => {
  const { server, client, asServer, asClient } = await open(fixture);
  server.transport.startTLS(asServer);
  server.transport.write("last words");
  server.transport.loseConnection();
  client.transport.startTLS(asClient);
  assertInstanceOf(await client.lost(), ConnectionDone);
  assertInstanceOf(await server.lost(), ConnectionDone);
  assertEquals(client.text, "last words");
});

test("loseConnection() with nothing to send ends the handshake", async (fixture) => {
  const { server, client, asServer, asClient } = await open(fixture);
  client.transport.startTLS(asClient);
  server.transport.startTLS(asServer);
  server.transport.loseConnection();
  assertInstanceOf(await server.lost(), ConnectionDone);
  assertInstanceOf(await client.lost(), TLSError);
});

test("stop() ends a handshake under way", async (fixture) => {
  const { server, client, asServer } = await open(fixture);
  server.transport.startTLS(asServer);
  await fixture.stop();
  assertEquals([server.events.at(-1), client.events.at(-1)], ["lost", "lost"]);
});

test("A registered producer goes on over TLS", async (fixture) => {
  const { server, client, asServer, asClient } = await open(fixture);
  let left = 100;
  server.transport.startTLS(asServer);
  server.transport.registerProducer({
    resumeProducing: () => {
      server.transport.write(new Uint8Array(10_000));
      if (--left === 0) server.transport.unregisterProducer();
    },
    stopProducing: () => {},
  }, false);
  client.transport.startTLS(asClient);
  await client.has(1_000_000);
  assertEquals(left, 0);
});

test("It cannot begin twice, nor with one side closed; on a lost connection it does nothing", async (fixture) => {
  const { server, client, asServer, asClient } = await open(fixture);
  server.transport.startTLS(asServer);
  assertThrows(() => server.transport.startTLS(asServer), Error, "TLS has been started already");
  client.transport.startTLS(asClient);
  await server.seen("secured");
  assertThrows(() => server.transport.startTLS(asServer), Error, "TLS has been started already");
  server.transport.loseConnection();
  await server.lost();
  server.transport.startTLS(asServer);
  const half = await open(fixture);
  half.server.transport.loseWriteConnection();
  assertThrows(() => half.server.transport.startTLS(asServer), Error, "closed already");
});

test("received is the beginning of the handshake, however the client's hello came", async (fixture) => {
  const { server, client, asServer, asClient } = await open(fixture);
  // The hello follows the command at once, without an answer in between.
  client.transport.write("STARTTLS");
  client.transport.startTLS(asClient);
  await server.has("STARTTLS".length + 1);
  const received = concat(server.chunks).subarray("STARTTLS".length);
  assert(!server.transport.tlsStarted && client.transport.tlsStarted);
  server.transport.startTLS({ ...asServer, received });
  assert(server.transport.tlsStarted && !server.transport.secure);
  await Promise.all([server.seen("secured"), client.seen("secured")]);
});

test("received that is not TLS fails the handshake on either side", async (fixture) => {
  for (const side of ["server", "client"] as const) {
    const ends = await open(fixture);
    const wire = ends[side];
    const options = side === "server" ? ends.asServer : ends.asClient;
    wire.transport.startTLS({ ...options, received: new TextEncoder().encode("EVIL\r\n") });
    assertInstanceOf(await wire.lost(), TLSError);
    assertEquals(wire.text, "");
  }
});

test("A client has to say whom it speaks to, and a server needs a certificate", async (fixture) => {
  const { server, client, asClient } = await open(fixture);
  assertThrows(() => client.transport.startTLS({}), TypeError, "serverName is needed");
  assertThrows(() => client.transport.startTLS({ serverName: "" }), RangeError, "as a host name");
  assertThrows(() => server.transport.startTLS({}), TypeError, "needs a certificate");
  const role = "peer" as "client"; // as a program without types may
  assertThrows(() => server.transport.startTLS({ ...asClient, role }), TypeError, '"peer"');
  const received = "bytes" as unknown as Uint8Array; // likewise
  assertThrows(() => server.transport.startTLS({ received }), TypeError, "received must be");
  assert(!server.transport.secure && server.transport.connected);
});
