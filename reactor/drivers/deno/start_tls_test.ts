/**
 * TLS started on an open connection, between two ends of this library on real sockets. Of Twisted's
 * tests:
 *
 * - `test/test_ssl.py`: `test_TLS`, `test_unTLS` and `test_backwardsTLS` of `TLSTests`, and of
 *   `SpammyTLSTests`, which sends much data.
 * - `internet/test/test_tls.py`: `test_disconnectAfterWriteAfterStartTLS`, and
 *   `ConnectionTestsMixin` with `startTLS` (`StartTLSClientTestsMixin`).
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

/** Both ends of an unencrypted connection, and the options with which each starts TLS. */
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

Deno.test(
  test("startTLS() encrypts later writes, and sends earlier writes unencrypted", async (fixture) => {
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
  }),
);

Deno.test(
  test("startTLS() preserves megabytes of writes that are queued before and after it", async (fixture) => {
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
  }),
);

Deno.test(
  test("startTLS() lets the side that accepted the connection be the TLS client", async (fixture) => {
    const { server, client, asServer, asClient } = await open(fixture);
    server.transport.startTLS({ ...asClient, role: "client" });
    client.transport.startTLS({ ...asServer, role: "server" });
    await Promise.all([server.seen("secured"), client.seen("secured")]);
    assertEquals(server.transport.getPeerCertificate()?.subject.CN, "localhost");
  }),
);

Deno.test(
  test("startTLS() loses the connection with TLSError on both sides if the handshake fails", async (fixture) => {
    const { server, client, asServer, asClient } = await open(fixture);
    server.transport.startTLS(asServer);
    client.transport.startTLS({ ...asClient, serverName: "other.example" });
    const reason = await client.lost();
    assertInstanceOf(reason, TLSError);
    assertEquals([reason.phase, reason.code], ["handshake", "ERR_TLS_CERT_ALTNAME_INVALID"]);
    await server.lost();
    assertEquals(client.events, ["made", "lost"]);
  }),
);

Deno.test(
  test("startTLS() fails with TLSError if the peer continues unencrypted", async (fixture) => {
    const { server, client, asServer } = await open(fixture);
    server.transport.startTLS(asServer);
    client.transport.write("What do you mean?\r\n");
    assertInstanceOf(await server.lost(), TLSError);
    assertEquals(server.events, ["made", "lost"]);
    await client.lost();
  }),
);

Deno.test(
  test("startTLS() on one side only delivers its TLS hello to the peer as data", async (fixture) => {
    const { server, client, asClient } = await open(fixture);
    client.transport.write("plain");
    client.transport.startTLS(asClient);
    client.transport.write("secret");
    await server.has(10);
    assertEquals(server.text.slice(0, 5), "plain");
    // The header of a TLS handshake record: RFC 8446, section 5.1.
    assertEquals([...concat(server.chunks).subarray(5, 7)], [22, 3]);
    assert(!client.transport.secure && !server.text.includes("secret"));
  }),
);

Deno.test(
  test("startTLS() drops earlier writes for a peer that handshakeCompleted() rejects", async (fixture) => {
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
  }),
);

Deno.test(
  test("startTLS() lets both sides close after a reply, and drops later writes", async (fixture) => {
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
  }),
);

Deno.test(
  test("startTLS() fails with TLSError ETIMEDOUT after handshakeTimeout", async (fixture) => {
    const { server, asServer } = await open(fixture);
    server.transport.startTLS({ ...asServer, handshakeTimeout: 0.02 });
    const reason = await server.lost();
    assertInstanceOf(reason, TLSError);
    assertEquals([reason.phase, reason.code], ["handshake", "ETIMEDOUT"]);
  }),
);

Deno.test(
  test("write() of a buffer that is transferred during the handshake loses the connection", async (fixture) => {
    const { server, client, asServer, asClient } = await open(fixture);
    server.transport.startTLS(asServer);
    const bytes = new Uint8Array(65536);
    server.transport.write(bytes);
    // In a later turn, when the write is queued in the TLS driver until the handshake completes.
    await new Promise<void>((resolve) => fixture.reactor.callLater(0, resolve));
    structuredClone(bytes, { transfer: [bytes.buffer] });
    client.transport.startTLS(asClient);
    const reason = await server.lost();
    assertInstanceOf(reason, ConnectionAborted);
    assert(reason.message.includes("was detached (transferred) or shrunk"), reason.message);
    await client.lost();
  }),
);

Deno.test(
  test("loseConnection() after startTLS() and a write waits for the handshake and the data", async (fixture) => {
    const { server, client, asServer, asClient } = await open(fixture);
    server.transport.startTLS(asServer);
    server.transport.write("last words");
    server.transport.loseConnection();
    client.transport.startTLS(asClient);
    assertInstanceOf(await client.lost(), ConnectionDone);
    assertInstanceOf(await server.lost(), ConnectionDone);
    assertEquals(client.text, "last words");
  }),
);

Deno.test(
  test("loseConnection() after startTLS() aborts the handshake if there is nothing to send", async (fixture) => {
    const { server, client, asServer, asClient } = await open(fixture);
    client.transport.startTLS(asClient);
    server.transport.startTLS(asServer);
    server.transport.loseConnection();
    assertInstanceOf(await server.lost(), ConnectionDone);
    assertInstanceOf(await client.lost(), TLSError);
  }),
);

Deno.test(test("stop() aborts a pending handshake of startTLS()", async (fixture) => {
  const { server, client, asServer } = await open(fixture);
  server.transport.startTLS(asServer);
  await fixture.stop();
  assertEquals([server.events.at(-1), client.events.at(-1)], ["lost", "lost"]);
}));

Deno.test(test("startTLS() keeps a registered producer registered", async (fixture) => {
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
}));

Deno.test(
  test("startTLS() throws if called twice or half-closed, and is ignored on a lost connection", async (fixture) => {
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
    assertThrows(() => half.server.transport.startTLS(asServer), Error, "already been closed");
  }),
);

Deno.test(
  test("startTLS({ received }) accepts the start of the handshake, split at any byte", async (fixture) => {
    const { server, client, asServer, asClient } = await open(fixture);
    // The hello follows the command immediately, without a reply in between.
    client.transport.write("STARTTLS");
    client.transport.startTLS(asClient);
    await server.has("STARTTLS".length + 1);
    const received = concat(server.chunks).subarray("STARTTLS".length);
    assert(!server.transport.tlsStarted && client.transport.tlsStarted);
    server.transport.startTLS({ ...asServer, received });
    assert(server.transport.tlsStarted && !server.transport.secure);
    await Promise.all([server.seen("secured"), client.seen("secured")]);
  }),
);

Deno.test(
  test("startTLS({ received }) fails on client and server if the bytes are not TLS", async (fixture) => {
    for (const side of ["server", "client"] as const) {
      const ends = await open(fixture);
      const wire = ends[side];
      const options = side === "server" ? ends.asServer : ends.asClient;
      wire.transport.startTLS({ ...options, received: new TextEncoder().encode("EVIL\r\n") });
      assertInstanceOf(await wire.lost(), TLSError);
      assertEquals(wire.text, "");
    }
  }),
);

Deno.test(
  test("startTLS() throws without serverName for a client and without certificate for a server", async (fixture) => {
    const { server, client, asClient } = await open(fixture);
    assertThrows(() => client.transport.startTLS({}), TypeError, "without serverName");
    assertThrows(() => client.transport.startTLS({ serverName: "" }), RangeError, "as a host name");
    assertThrows(() => server.transport.startTLS({}), TypeError, "without a certificate");
    const role = "peer" as "client"; // a caller without type checking may pass this
    assertThrows(() => server.transport.startTLS({ ...asClient, role }), TypeError, '"peer"');
    const received = "bytes" as unknown as Uint8Array; // a caller without type checking may pass this
    assertThrows(() => server.transport.startTLS({ received }), TypeError, "received must be");
    assert(!server.transport.secure && server.transport.connected);
  }),
);
