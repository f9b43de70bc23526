/** `TLSTests` of Twisted's `test_amp.py`, with real certificates; see `amp_test.ts`. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Deferred } from "../../defer/mod.ts";
import { ConnectionAborted, TLSError } from "../../reactor/errors.ts";
import { TestAuthority, testCertificates } from "../../testing/fixtures/certificates.ts";
import {
  cleanTest,
  connectedServerAndClient,
  failureResultOf,
  flushLoggedErrors,
  successResultOf,
  TestPeer,
} from "../../testing/mod.ts";
import { RequestLost } from "../mod.ts";
import * as amp from "./mod.ts";

const SecuredPing = new amp.Command("SecuredPing", { response: { pinged: amp.Boolean } });

/** A server that can start TLS, and says whether a call has come over TLS. */
class Server extends amp.AMP {
  /** When the responder of StartTLS answers; at once without it. */
  later: Deferred<amp.TLSCallOptions> | null = null;

  constructor(options: amp.TLSCallOptions) {
    super();
    this.responder(amp.StartTLS, () => this.later ?? options);
    this.responder(SecuredPing, () => ({ pinged: this.transport.secure }));
  }
}

/** A client that answers calls. */
class Caller extends amp.AMP {
  answered = 0;

  constructor(options: amp.AMPOptions) {
    super(options);
    this.responder(SecuredPing, () => ({ pinged: this.answered++ > 0 }));
  }
}

cleanTest("StartTLS protects all further boxes of both sides", async () => {
  const { authority, server } = await testCertificates();
  using pair = connectedServerAndClient(new Server(server), new amp.AMP());
  const { client, pump } = pair;
  const before = client.callRemote(SecuredPing);
  const started = client.callRemote(amp.StartTLS, {
    serverName: "localhost",
    caCerts: [authority.cert],
  });
  const queued = client.callRemote(SecuredPing);
  await pump.pumpUntilIdle();
  successResultOf(started);
  const after = client.callRemote(SecuredPing);
  await pump.pumpUntilIdle();
  assertEquals(
    [before, queued, after].map((answer) => successResultOf(answer).pinged),
    [false, true, true],
  );
  assertEquals(client.peerCertificate?.subject.CN, "localhost");
  assertStrictEquals(pair.server.peerCertificate, null);
});

cleanTest("StartTLS verifies both certificates if both sides require it", async () => {
  const { authority, server } = await testCertificates();
  const alice = await authority.issue({ name: "CN=Alice", dns: [], ip: [] });
  const caCerts = [authority.cert];
  using pair = connectedServerAndClient(new Server({ ...server, caCerts }), new amp.AMP());
  pair.client.callRemote(amp.StartTLS, { serverName: "localhost", caCerts, ...alice });
  const answer = pair.client.callRemote(SecuredPing);
  await pair.pump.pumpUntilIdle();
  assertEquals(successResultOf(answer), { pinged: true });
  assertEquals(pair.server.peerCertificate?.subject.CN, "Alice");
});

cleanTest("StartTLS loses the connection when the certificate cannot be verified", async () => {
  const { server } = await testCertificates();
  const another = await TestAuthority.make("CN=Another");
  using pair = connectedServerAndClient(new Server(server), new amp.AMP());
  const started = pair.client.callRemote(amp.StartTLS, {
    serverName: "localhost",
    caCerts: [another.cert],
  });
  const answer = pair.client.callRemote(SecuredPing);
  await pair.pump.pumpUntilIdle();
  successResultOf(started);
  assertInstanceOf(failureResultOf(answer, RequestLost).cause, TLSError);
});

cleanTest("StartTLS can be called only once", async () => {
  const { authority, server } = await testCertificates();
  using pair = connectedServerAndClient(new Server(server), new amp.AMP());
  const { client, pump } = pair;
  const options = { serverName: "localhost", caCerts: [authority.cert] };
  client.callRemote(amp.StartTLS, options);
  assertThrows(() => client.callRemote(amp.StartTLS, options), amp.OnlyOneTLS);
  await pump.pumpUntilIdle();
  assertThrows(() => client.callRemote(amp.StartTLS, options), amp.OnlyOneTLS);
  // A peer that asks again is refused.
  const again = client.callRemoteString("StartTLS");
  await pump.pumpUntilIdle();
  assertEquals(failureResultOf(again, amp.RemoteAmpError).errorCode, "TLS_ERROR");
});

cleanTest("StartTLS fails without a responder, and the connection continues without TLS", () => {
  using pair = connectedServerAndClient(amp.AMP, amp.AMP);
  const { client, pump } = pair;
  const started = client.callRemote(amp.StartTLS, { serverName: "localhost" });
  pump.flush();
  failureResultOf(started, amp.UnhandledCommand);
  const answer = client.callRemote(SecuredPing);
  pump.flush();
  failureResultOf(answer, amp.UnhandledCommand);
});

cleanTest("StartTLS never lets a box that waits for TLS go out without it", () => {
  using pair = connectedServerAndClient(TestPeer, amp.AMP);
  const { server, client, pump } = pair;
  const started = client.callRemote(amp.StartTLS, { serverName: "localhost" });
  const answer = client.callRemote(SecuredPing);
  pump.flush();
  server.send(
    new amp.AmpBox({ _error: "1", _error_code: "NO", _error_description: "" }).serialize(),
  );
  pump.flush();
  failureResultOf(started, amp.UnknownRemoteError);
  assertInstanceOf(failureResultOf(answer, RequestLost).cause, ConnectionAborted);
  assertEquals(amp.parseString(server.data).length, 1);
});

cleanTest("StartTLS limits the answers that wait for a peer which does not agree", () => {
  using pair = connectedServerAndClient(TestPeer, new Caller({ maxWaitingForTLS: 1000 }));
  const { server, client, pump } = pair;
  const started = client.callRemote(amp.StartTLS, { serverName: "localhost" });
  for (let tag = 1; tag <= 100; tag++) {
    server.send(new amp.AmpBox({ _command: "SecuredPing", _ask: `${tag}` }).serialize());
  }
  pump.flush();
  failureResultOf(started);
  const [error] = flushLoggedErrors(Error);
  assertEquals(
    error?.message,
    "Cannot send an AMP box to 192.0.2.1:1111: 978 bytes wait for TLS, and 29 more would exceed " +
      "the limit of 1000 (maxWaitingForTLS)",
  );
  assertEquals([client.answered, client.transport.connected], [35, false]);
});

cleanTest("BinaryBoxProtocol.sendBox() throws for a box beyond maxWaitingForTLS", () => {
  using pair = connectedServerAndClient(TestPeer, new Caller({ maxWaitingForTLS: 0 }));
  pair.client.callRemote(amp.StartTLS, { serverName: "localhost" }).addErrback(() => {});
  assertThrows(() => pair.client.callRemote(SecuredPing), Error, "maxWaitingForTLS");
  assert(pair.client.transport.connected);
  assertThrows(() => new Caller({ maxWaitingForTLS: NaN }), RangeError, "maxWaitingForTLS");
});

cleanTest(
  "StartTLS takes bytes after its call and answer for a part of the handshake",
  async () => {
    const { server: material } = await testCertificates();
    const injected = new amp.AmpBox({ _command: "SecuredPing", _ask: "2" }).serialize();
    const start = new amp.AmpBox({ _command: "StartTLS", _ask: "1" }).serialize();
    using pair = connectedServerAndClient(new Server(material), TestPeer);
    pair.client.send(new Uint8Array([...start, ...injected]));
    await pair.pump.pumpUntilIdle();
    const [answer, ...more] = amp.parseString(pair.client.data.slice(0, 14));
    assertEquals([[...answer?.keys() ?? []], more], [["_answer"], []]);
    assert(pair.serverReason instanceof TLSError, `${pair.serverReason}`);

    using other = connectedServerAndClient(TestPeer, amp.AMP);
    const started = other.client.callRemote(amp.StartTLS, { serverName: "localhost" });
    const reply = new amp.AmpBox({ _answer: "1" }).serialize();
    other.server.send(new Uint8Array([...reply, ...injected]));
    await other.pump.pumpUntilIdle();
    successResultOf(started);
    assert(other.clientReason instanceof TLSError, `${other.clientReason}`);
  },
);

cleanTest("StartTLS aborts when its options are invalid after the peer has agreed", async () => {
  const { server } = await testCertificates();
  using pair = connectedServerAndClient(new Server(server), new amp.AMP());
  const started = pair.client.callRemote(amp.StartTLS, { serverName: "not a name" });
  await pair.pump.pumpUntilIdle();
  failureResultOf(started, RangeError);
  assertEquals(pair.clientReason?.name, "ConnectionAborted");
});

cleanTest("StartTLS logs and closes when the responder's options are invalid", async () => {
  using pair = connectedServerAndClient(new Server({}), new amp.AMP());
  const started = pair.client.callRemote(amp.StartTLS, { serverName: "localhost" });
  await pair.pump.pumpUntilIdle();
  successResultOf(started);
  assertEquals(flushLoggedErrors(TypeError).length, 1);
  assert(pair.serverReason !== null);
});

cleanTest("StartTLS aborts the connection when the call times out", () => {
  using pair = connectedServerAndClient(new Server({}), new amp.AMP());
  const { server, client, clock, pump } = pair;
  server.later = new Deferred();
  const started = client.callRemote(amp.StartTLS, { serverName: "localhost" }, {
    timeout: 3,
    clock,
  });
  pump.flush();
  clock.advance(3);
  pump.flush();
  failureResultOf(started);
  assertEquals(pair.clientReason?.name, "ConnectionAborted");
});
