/**
 * TLS on real sockets, between two ends of this library and with raw peers.
 * `tls_conformance_test.ts` has the behaviour of all streams, and `tls_driver_test.ts` the layer by
 * itself, with a fake clock. Of Twisted's tests:
 *
 * - `test/test_ssl.py`: `TLSTests` and `SpammyTLSTests` are in `start_tls_test.ts`.
 *   `ConnectionLostTests` are here; `testImmediateDisconnect` is in the suite of all streams. So is
 *   `BufferingTests.test_openSSLBuffering`, a line sent before the peer sends one. `StolenTCPTests`
 *   are what the leak checks of `deno test` do for every test. `DefaultOpenSSLContextFactoryTests`
 *   (with a `FakeContext`) and `ClientContextFactoryTests` test contexts, which callers do not see
 *   here. What remains of them: missing files are reported (`endpoints/tls_parsers_test.ts`),
 *   certificates are checked early (here), and TLS 1.2 and 1.3 are supported
 *   (`interop/openssl_test.ts`). `ContextGeneratingMixin` is a tool.
 * - `internet/test/test_tls.py`: `SSLClientTestsMixin` and `TLSPortTestsBuilder` (`TLSMixin`,
 *   `SSLCreator`, `StreamTransportTestsMixin`) and `AbortSSLConnectionTests` run the suites of all
 *   streams; `test_badContext` (`BadContextTestsMixin`) is here, and in `start_tls_test.ts` for
 *   `startTLS`. `StartTLSClientTestsMixin` (`StartTLSClientCreator`) and
 *   `test_disconnectAfterWriteAfterStartTLS` are there, too.
 * - `test/test_sslverify.py`, as far as it shows on the wire: `ServiceIdentityTests`,
 *   `TrustRootTests`, `MultipleCertificateTrustRootTests`, `NPNOrALPNTests`, and of
 *   `OpenSSLOptionsTests` those that verify. `test_fallback` and `test_surpriseFromInfoCallback`
 *   are about Python's ways to verify; NPN is older than ALPN, and not offered. All its other
 *   classes are about OpenSSL's contexts, ciphers and curves, and Python's objects for
 *   certificates.
 * - `protocols/test/test_tls.py` is accounted for in `../../tls/tls_driver_test.ts`.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { EventLoggingObserver } from "../../../testing/event_logging_observer.ts";
import { selfSigned, TestAuthority } from "../../../testing/fixtures/certificates.ts";
import { SecuredWire, SecuredWires, tlsTest } from "../../../testing/fixtures/tls_fixture.ts";
import { portOf } from "../../../testing/fixtures/tcp_fixture.ts";
import { Wires } from "../../../testing/fixtures/wire.ts";
import { ConnectionAborted, ConnectionDone, ConnectionLost, TLSError } from "../../errors.ts";
import type { TLSCertificate } from "../../interfaces/mod.ts";
import { TableNameResolver } from "../../names/table_name_resolver.ts";
import { DenoReactor } from "./reactor.ts";

const test = await tlsTest("TLS", () => new DenoReactor());

/** Checks that an error is a handshake error, and returns its code. */
function codeOf(error: Error): string | undefined {
  assertInstanceOf(error, TLSError);
  assertEquals(error.phase, "handshake");
  assertMatch(error.address ?? "", /^127\.0\.0\.1:\d+$/);
  return error.code;
}

Deno.test(
  test("connectionMade() is called after the TLS handshake, then handshakeCompleted()", async (fixture) => {
    const { server, client } = await fixture.pair();
    for (const { events, transport } of [server, client]) {
      assertEquals(events, ["made", "secured"]);
      assert(transport.secure);
    }
  }),
);

Deno.test(
  test("handshakeCompleted() that aborts discards the data that connectionMade() wrote", async (fixture) => {
    class Distrustful extends SecuredWire {
      override handshakeCompleted(): void {
        super.handshakeCompleted();
        assertEquals(this.transport.getPeerCertificate()?.subject.CN, "localhost");
        this.transport.abortConnection();
      }
    }
    const servers = new SecuredWires();
    const clients = new Wires(() =>
      new Distrustful({ connectionMade: (wire) => wire.transport.write("untrustworthy") })
    );
    fixture.connect(fixture.listen(servers).port, clients);
    fixture.run();
    assertInstanceOf(await (await clients.wire()).lost(), ConnectionAborted);
    const server = await servers.wire();
    await server.lost();
    assertEquals(server.text, "");
  }),
);

Deno.test(
  test("alpnProtocols selects the client's first protocol that the server supports", async (fixture) => {
    const { server, client } = await fixture.pair({ alpnProtocols: ["b", "a"] }, {
      alpnProtocols: ["x", "a", "b"],
    });
    assertEquals([server, client].map(({ transport }) => transport.negotiatedProtocol), ["b", "b"]);
  }),
);

Deno.test(
  test("alpnProtocols selects no protocol if only one side has the option", async (fixture) => {
    const { server, client } = await fixture.pair({}, { alpnProtocols: ["a"] });
    assertEquals([server, client].map(({ transport }) => transport.negotiatedProtocol), [
      null,
      null,
    ]);
  }),
);

Deno.test(
  test("getPeerCertificate() returns the server's certificate, and null for a client without one", async (fixture) => {
    const { server, client } = await fixture.pair();
    assertEquals(server.transport.getPeerCertificate(), null);
    const certificate = client.transport.getPeerCertificate();
    assert(certificate !== null);
    assertEquals(certificate.subject, { CN: "localhost", O: "Tests" });
    assertEquals(certificate.issuer, { CN: "Test Authority" });
    assertEquals(certificate.subjectAltName, ["DNS:localhost", "IP Address:127.0.0.1"]);
    assert(certificate.validFrom.getTime() < Date.now());
    assert(certificate.validTo.getTime() > Date.now());
    const digest = new Uint8Array(
      await crypto.subtle.digest("SHA-256", new Uint8Array(certificate.raw)),
    );
    assertEquals(certificate.fingerprint256.replaceAll(":", "").toLowerCase(), digest.toHex());
    client.transport.loseConnection();
    await client.lost();
    assertStrictEquals(client.transport.getPeerCertificate(), certificate);
  }),
);

Deno.test(
  test("connectTLS() refuses a server whose certificate no trusted authority signed", async (fixture) => {
    const stranger = await TestAuthority.make("CN=Stranger");
    const { server, client } = await fixture.refusal(await stranger.issue());
    assertMatch(codeOf(client) ?? "", /^(UNABLE_TO_|SELF_SIGNED_)/);
    assertMatch(codeOf(server) ?? "", /^ERR_SSL_.*ALERT_UNKNOWN_CA$/);
  }),
);

Deno.test(
  test("connectTLS() accepts a certificate signed by an intermediate that the server sends", async (fixture) => {
    const delegate = await fixture.authority.delegate();
    const { cert, key } = await delegate.issue();
    const { client } = await fixture.pair({ cert: `${cert}\n${delegate.cert}`, key });
    assertEquals(client.transport.getPeerCertificate()?.issuer, { CN: "Delegate" });
  }),
);

Deno.test(
  test("connectTLS() accepts a certificate issued by any trusted root, and a root itself", async (fixture) => {
    const other = await TestAuthority.make("CN=Other");
    const own = await selfSigned();
    const caCerts = [other.cert, fixture.authority.cert, own.cert];
    for (const server of [fixture.server, await other.issue(), own]) {
      const { client } = await fixture.pair(server, { caCerts, serverName: "localhost" });
      assert(client.transport.secure);
    }
  }),
);

Deno.test(
  test("connectTLS() refuses X.509 certificates of version 1, which cannot limit their use", async (fixture) => {
    const forged = await fixture.authority.issue({ isVersion1: true });
    const clients = new SecuredWires();
    const { port } = fixture.listen(new SecuredWires(), forged);
    fixture.connect(port, clients, { serverName: "localhost" });
    fixture.run();
    await clients.called("failed");
    const [reason] = clients.reasons;
    assert(reason !== undefined);
    assertEquals(codeOf(reason), "UNSUPPORTED_VERSION");
  }),
);

Deno.test(
  test("connectTLS() refuses a certificate that has expired or is not valid yet", async (fixture) => {
    for (const days of [[-2, -1], [1, 2]] as const) {
      const { client } = await fixture.refusal(await fixture.authority.issue({ days }));
      assertEquals(codeOf(client), "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
      assertMatch(client.message, /expired or is not valid yet/);
    }
  }),
);

Deno.test(
  test("connectTLS() refuses a certificate for another name or address", async (fixture) => {
    const other = await fixture.authority.issue({ dns: ["other.example"], ip: [] });
    for (const serverName of ["localhost", "127.0.0.1"]) {
      const clients = new SecuredWires();
      fixture.connect(fixture.listen(new SecuredWires(), other).port, clients, { serverName });
      fixture.run();
      await clients.called("failed");
      const [reason] = clients.reasons;
      assert(reason !== undefined);
      assertEquals(codeOf(reason), "ERR_TLS_CERT_ALTNAME_INVALID");
    }
  }),
);

Deno.test(
  test("serverName replaces the host as the name that the certificate must match", async (fixture) => {
    const other = await fixture.authority.issue({ dns: ["other.example"], ip: [] });
    const { client } = await fixture.pair(other, { serverName: "other.example" });
    assertEquals(client.transport.getPeerCertificate()?.subjectAltName, ["DNS:other.example"]);
  }),
);

Deno.test(
  test("connectTLS() sends and verifies a non-ASCII name in its IDNA form", async (fixture) => {
    const serverNames: string[] = [];
    const certificate = await fixture.authority.issue({ dns: ["xn--bcher-kva.example"], ip: [] });
    const servers = new SecuredWires();
    const { port } = fixture.listen(servers, {
      certificates: (name) => {
        serverNames.push(name);
        return certificate;
      },
    });
    fixture.run();
    const resolver = new TableNameResolver({ "xn--bcher-kva.example": ["127.0.0.1"] });
    fixture.reactor.installNameResolver(resolver);
    const caCerts = [fixture.authority.cert];
    for (
      const [host, serverName] of [["127.0.0.1", "BÜCHER.example"], ["bücher.example"]] as const
    ) {
      const clients = new SecuredWires();
      const named = serverName === undefined ? {} : { serverName };
      fixture.reactor.connectTLS(host, port, clients, { caCerts, ...named });
      await clients.wire();
    }
    assertEquals(serverNames, ["xn--bcher-kva.example", "xn--bcher-kva.example"]);
  }),
);

Deno.test(test("unsafelyIgnoreCertificateErrors accepts any certificate", async (fixture) => {
  const stranger = await TestAuthority.make("CN=Stranger");
  const bad = await stranger.issue({ dns: ["other.example"], ip: [], days: [-2, -1] });
  const { client } = await fixture.pair(bad, { unsafelyIgnoreCertificateErrors: true });
  assert(client.transport.secure);
}));

Deno.test(test("alpnProtocols without a common protocol fails on both sides", async (fixture) => {
  const { server, client } = await fixture.refusal({ alpnProtocols: ["a"] }, {
    alpnProtocols: ["b"],
  });
  assertEquals(codeOf(server), "ERR_SSL_NO_APPLICATION_PROTOCOL");
  assertEquals(codeOf(client), "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
}));

Deno.test(
  test("certificates() receives the requested name, and its result serves that handshake", async (fixture) => {
    const serverNames: string[] = [];
    let current: TLSCertificate | undefined;
    const servers = new SecuredWires();
    const { port } = fixture.listen(servers, {
      alpnProtocols: ["a"],
      certificates: (name) => {
        serverNames.push(name);
        return current;
      },
    });
    fixture.run();
    const subject = async (serverName: string) => {
      const clients = new SecuredWires();
      fixture.connect(port, clients, { serverName, alpnProtocols: ["a"] });
      const { transport } = await clients.wire();
      assertEquals(transport.negotiatedProtocol, "a");
      return transport.getPeerCertificate()?.subject.CN;
    };
    assertEquals(await subject("localhost"), "localhost");
    current = await fixture.authority.issue({ name: "CN=renewed" });
    assertEquals(await subject("localhost"), "renewed");
    current = await fixture.authority.issue({ name: "CN=again" });
    assertEquals(await subject("127.0.0.1"), "again");
    assertEquals(serverNames, ["localhost", "localhost", ""]);
  }),
);

Deno.test(
  test("certificates() that throws is logged, and fails only that handshake", async (fixture) => {
    const error = new RangeError("boom");
    const servers = new SecuredWires();
    const { port } = fixture.listen(servers, {
      certificates: (name) => {
        if (name !== "localhost") return undefined;
        throw error;
      },
    });
    fixture.run();
    const clients = new SecuredWires();
    fixture.connect(port, clients, { serverName: "localhost" });
    await clients.called("failed");
    assertStrictEquals((await servers.failure()).cause, error);
    assertEquals(fixture.errors.take(), [error]);
    fixture.connect(port, clients);
    await clients.wire();
  }),
);

Deno.test(
  test("listenTLS() fails the handshake if it has no certificate for the requested name", async (fixture) => {
    const servers = new SecuredWires();
    const port = fixture.reactor.listenTLS(0, servers, { certificates: () => undefined });
    fixture.run();
    const clients = new SecuredWires();
    fixture.connect(portOf(port.getHost()), clients, { serverName: "unknown.example" });
    await clients.called("failed");
    assertMatch(
      (await servers.failure()).message,
      /there is no certificate for "unknown\.example"$/,
    );
  }),
);

Deno.test(
  test("listenTLS() accepts a trusted client certificate and passes it to the protocol", async (fixture) => {
    const caCerts = [fixture.authority.cert];
    const client = await fixture.authority.issue({ name: "CN=alice" });
    for (const certificates of [undefined, () => fixture.server]) {
      const pair = await fixture.pair({ caCerts, ...certificates && { certificates } }, client);
      assertEquals(pair.server.transport.getPeerCertificate()?.subject, { CN: "alice" });
    }
  }),
);

Deno.test(
  test('A client without a certificate is refused, unless clientCertificate is "clientCertificate "require" refuses a client without one, and "request" accepts it"', async (fixture) => {
    const caCerts = [fixture.authority.cert];
    const servers = new SecuredWires();
    fixture.connect(fixture.listen(servers, { caCerts }).port, new SecuredWires());
    fixture.run();
    assertEquals(codeOf(await servers.failure()), "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE");
    const { server } = await fixture.pair({ caCerts, clientCertificate: "request" });
    assertEquals(server.transport.getPeerCertificate(), null);
  }),
);

for (const clientCertificate of ["require", "request"] as const) {
  for (const how of ["cert and key", "certificates"]) {
    Deno.test(
      test(`clientCertificate "${clientCertificate}" with ${how} refuses an untrusted one`, async (fixture) => {
        const stranger = await TestAuthority.make("CN=Stranger");
        const servers = new SecuredWires();
        const { port } = fixture.listen(servers, {
          caCerts: [fixture.authority.cert],
          clientCertificate,
          ...how === "certificates" ? { certificates: () => fixture.server } : {},
        });
        fixture.connect(port, new SecuredWires(), await stranger.issue());
        fixture.run();
        assertMatch(codeOf(await servers.failure()) ?? "", /^(UNABLE|SELF|DEPTH)_/);
        assertEquals(servers.built, []);
      }),
    );
  }
}

Deno.test(test("listenTLS() refuses a client certificate that has expired", async (fixture) => {
  const servers = new SecuredWires();
  const { port } = fixture.listen(servers, { caCerts: [fixture.authority.cert] });
  fixture.connect(port, new SecuredWires(), await fixture.authority.issue({ days: [-2, -1] }));
  fixture.run();
  assertMatch((await servers.failure()).message, /expired/);
}));

Deno.test(
  test("handshakeTimeout closes a silent client, which counts as a connection until then", async (fixture) => {
    const servers = new SecuredWires();
    const { port } = fixture.listen(servers, { handshakeTimeout: 0.1, maxConnections: 2 });
    fixture.run();
    const silent = fixture.raw(await Deno.connect({ hostname: "127.0.0.1", port }));
    const clients = new SecuredWires();
    fixture.connect(port, clients);
    await clients.wire();
    // The connection limit refuses a third client until the silent one is dropped.
    fixture.connect(port, clients);
    const reason = await servers.failure();
    assertEquals(codeOf(reason), "ETIMEDOUT");
    assertEquals(clients.built.length, 1);
    assertEquals(await silent.ending(), "end");
    await clients.wire(1);
  }),
);

Deno.test(test("handshakeTimeout fails a client whose server is silent", async (fixture) => {
  const listener = fixture.closeAfter(Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const clients = new SecuredWires();
  fixture.connect(listener.addr.port, clients, { handshakeTimeout: 0.05 });
  fixture.run();
  const peer = await fixture.rawAccept(listener);
  await clients.called("failed");
  const [reason] = clients.reasons;
  assert(reason !== undefined);
  assertEquals(codeOf(reason), "ETIMEDOUT");
  assertMatch(await peer.ending(), /^(end|ECONNRESET)$/);
}));

Deno.test(test("stopConnecting() aborts a pending handshake", async (fixture) => {
  const listener = fixture.closeAfter(Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const clients = new SecuredWires();
  const connector = fixture.connect(listener.addr.port, clients);
  fixture.run();
  const peer = await fixture.rawAccept(listener);
  await peer.readOnce();
  connector.stopConnecting();
  assertEquals(clients.events, ["start", "connecting", "failed", "stop"]);
  await peer.ending();
}));

for (const how of ["stopListening", "stop"] as const) {
  Deno.test(
    test(`${how}() aborts pending TLS handshakes and leaves no resource open`, async (fixture) => {
      const servers = new SecuredWires();
      const port = fixture.listen(servers);
      fixture.run();
      const silent = fixture.raw(await Deno.connect({ hostname: "127.0.0.1", port: port.port }));
      await silent.send(new Uint8Array([22, 3, 1])); // the beginning of a handshake
      const clients = new SecuredWires();
      fixture.connect(port.port, clients);
      await clients.wire(); // the silent client has been accepted, too
      if (how === "stop") await fixture.stop();
      else await port.stopListening();
      assertMatch(await silent.ending(), /^(end|ECONNRESET)$/);
      assertEquals(servers.failures, []);
    }),
  );
}

Deno.test(
  test("listenTLS() sends a TLS alert to a client without TLS, and logs the failure", async (fixture) => {
    using logged = EventLoggingObserver.createWithCleanup();
    const servers = new SecuredWires();
    const listening = fixture.listen(Object.assign(servers, { handshakeFailed: undefined }));
    fixture.run();
    const peer = fixture.raw(await Deno.connect({ hostname: "127.0.0.1", port: listening.port }));
    await peer.send("GET / HTTP/1.1\r\n\r\n");
    const answer = await peer.readAll();
    assertEquals([...answer.subarray(0, 3)], [21, 3, 3]); // an alert, RFC 8446, section 5.1
    assertEquals(servers.built, []);
    assertEquals(listening.stats.failedHandshakes, 1);
    const lines = logged.texts.filter((line) => line.startsWith("TLS handshake with 127.0.0.1:"));
    assertEquals(lines.length, 1);
  }),
);

Deno.test(
  test("connectionLost() gets ConnectionLost if a TLS peer closes without close_notify", async (fixture) => {
    const servers = new SecuredWires();
    const { port } = fixture.listen(servers);
    fixture.run();
    // A proxy between the two forwards a few bytes and then cuts both connections.
    const cutter = fixture.closeAfter(Deno.listen({ hostname: "127.0.0.1", port: 0 }));
    const clients = new SecuredWires({
      connectionMade: (wire) => wire.transport.write("all of it?"),
    });
    fixture.connect(cutter.addr.port, clients);
    const near = fixture.raw(await cutter.accept());
    const far = fixture.raw(await Deno.connect({ hostname: "127.0.0.1", port }));
    const passing = Promise.all([
      near.conn.readable.pipeTo(far.conn.writable),
      far.conn.readable.pipeTo(near.conn.writable, { preventClose: true }),
    ]).catch(() => {}); // the proxy cuts it below
    const server = await servers.wire();
    await server.has(10);
    far.conn.close();
    const reason = await server.lost();
    assertInstanceOf(reason, ConnectionLost);
    assertInstanceOf(reason, TLSError);
    assertEquals(reason.phase, "transfer");
    assertEquals(server.text, "all of it?");
    await passing;
  }),
);

Deno.test(
  test("loseConnection() on both sides of a TLS connection reports ConnectionDone to both", async (fixture) => {
    const { server, client } = await fixture.pair();
    server.transport.loseConnection();
    client.transport.loseConnection();
    assertInstanceOf(await server.lost(), ConnectionDone);
    assertInstanceOf(await client.lost(), ConnectionDone);
  }),
);

Deno.test(
  test("abortConnection() over TLS reports ConnectionLost to the peer, not ConnectionDone", async (fixture) => {
    const { server, client } = await fixture.pair();
    server.transport.abortConnection();
    assertInstanceOf(await server.lost(), ConnectionAborted);
    const reason = await client.lost();
    assertInstanceOf(reason, ConnectionLost);
    assert(!(reason instanceof ConnectionAborted));
  }),
);

Deno.test(
  test("abortConnection() with resetOnAbort resets the connection under TLS", async (fixture) => {
    const { server, client } = await fixture.pair({ resetOnAbort: true });
    server.transport.abortConnection();
    const reason = await client.lost();
    assertInstanceOf(reason, ConnectionLost);
    assertEquals(reason.code, "ECONNRESET");
  }),
);

Deno.test(
  test("stop() completes although a TLS peer does not read the pending data", async (fixture) => {
    const servers = new SecuredWires({
      connectionMade: (wire) => wire.transport.write(new Uint8Array(64 << 20)),
    });
    const { port } = fixture.listen(servers);
    fixture.run();
    const { cert } = fixture.authority;
    const silent = fixture.raw(
      await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [cert] }),
    );
    await silent.read(1);
    await fixture.stop();
    assertInstanceOf(await (await servers.wire()).lost(), ConnectionLost);
  }),
);

Deno.test(
  test("write() over TLS to a slow peer pauses the producer, but not reading", async (fixture) => {
    const { server, client } = await fixture.pair();
    client.transport.pauseProducing();
    let pulls = 0;
    const piece = new Uint8Array(1 << 16);
    const total = 512; // 32 MiB: much more than the system's buffers hold
    server.transport.registerProducer({
      resumeProducing: () => {
        server.transport.write(piece);
        if (++pulls === total) server.transport.unregisterProducer();
      },
      stopProducing: () => {},
    }, false);
    // Meanwhile, the other direction makes many round trips.
    for (let i = 1; i <= 20; i++) {
      client.transport.write("x");
      await server.has(i);
    }
    assert(pulls < total, "all was written although the peer did not read");
    client.transport.resumeProducing();
    await client.has(total * piece.length);
    assertEquals(pulls, total);
  }),
);

Deno.test(
  test("listenTLS() and connectTLS() throw at once for unusable certificates", (fixture) => {
    const { reactor, server, authority: { cert: ca } } = fixture;
    const wires = new SecuredWires();
    const listen = (options: object) => () => reactor.listenTLS(0, wires, options);
    assertThrows(listen({}), TypeError, "without a certificate");
    assertThrows(listen({ cert: server.cert }), TypeError, "key is missing");
    assertThrows(listen({ cert: server.cert, key: "?" }), TypeError, "Cannot use key: it is not");
    assertThrows(listen({ cert: "?", key: server.key }), TypeError, "Cannot use cert: it is not");
    assertThrows(listen({ cert: ca, key: server.key }), TypeError, "it does not match cert");
    assertThrows(listen({ ...server, caCerts: [ca, "?"] }), TypeError, "caCerts[1]");
    assertThrows(listen({ ...server, clientCertificate: "request" }), TypeError, "without caCerts");
    assertThrows(
      listen({ ...server, caCerts: [ca], clientCertificate: "perhaps" }),
      RangeError,
      '"perhaps"',
    );
    assertThrows(listen({ ...server, handshakeTimeout: -1 }), RangeError, "handshakeTimeout");
    assertThrows(listen({ ...server, certificates: 5 }), TypeError, "certificates must be");
    assertThrows(
      () => reactor.connectTLS("localhost", 443, wires, { caCerts: ["?"] }),
      TypeError,
      "caCerts[0]",
    );
    assertThrows(() => reactor.connectTLS("localhost", 0, wires), RangeError, "connectTLS() port");
    for (const serverName of ["", "no name"]) {
      assertThrows(
        () => reactor.connectTLS("localhost", 443, wires, { serverName }),
        RangeError,
        `Cannot use "${serverName}" as a host name: it is neither a valid host name nor an IP address`,
      );
    }
    assertEquals(wires.events, []);
  }),
);
