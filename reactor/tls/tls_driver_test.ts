/**
 * The TLS driver alone: over memory, with an engine and a clock that the test controls. Twisted's
 * `protocols/test/test_tls.py`, whose `TLSMemoryBIOProtocol` is a driver here, class by class:
 *
 * - `TLSMemoryBIOTests`: `test_handshake`, `test_handshakeFailure`, `test_getPeerCertificate` and
 *   `test_makeConnection` are in `drivers/deno/tls_test.ts`, because they need real TLS.
 *   `test_writeBeforeHandshake`, `test_writeAfterHandshake`, `test_hugeWrite`, `test_errorWriting`,
 *   `test_disorderlyShutdown`, `test_unexpectedEOF` and `test_loseConnection…` are here. Together
 *   with `test_writeSequence` and `test_multipleWrites` they are also in the conformance suites of
 *   streams, over real TLS. `ITLSTransport` documents three differences:
 *   `test_writeAfterLoseConnection`, the part of `test_loseConnectionAfterHandshake` that still
 *   receives, and `test_connectionLostOnlyAfterUnderlyingCloses`. The compiler checks
 *   `test_interfaces` and `test_wrappedProtocolInterfaces`. Not applicable: `test_getHandle` (there
 *   is not a handle here), `test_noCircularReferences` (the garbage collector frees circles),
 *   `test_writeUnicodeRaisesTypeError` (strings are sent as UTF-8) and `test_hugeWrite_TLSv1_2`
 *   (the version makes no difference here; `interop/openssl_test.ts` tests both).
 * - `DeterministicTLSMemoryBIOTests`: `test_handshakeNotification` is in
 *   `drivers/deno/tls_test.ts`, `test_handshakeStopWriting` there, in
 *   `drivers/deno/start_tls_test.ts` and here. `test_smalWriteBuffering` and
 *   `_AggregateSmallWritesTests` are about the write buffer, which belongs to the connection
 *   (`connection_writing_test.ts`).
 * - `TLSProducerTests`: producers belong to the connection (`connection_producer_test.ts`). They
 *   depend on the bytes that the driver reports as sent, which is tested here, and over sockets in
 *   `drivers/deno/tls_test.ts`. `NonStreamingProducerTests`: the connection resumes a pull producer
 *   over TLS as over every stream, without an adapter. An exception in it loses the connection.
 * - `TLSMemoryBIOFactoryTests` do not apply: there is no such factory. A port logs the same with
 *   and without TLS (`stream_port_test.ts`).
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { CheckedDriver } from "../../testing/fixtures/checked_driver.ts";
import { Peer, Recorder, TestHost } from "../../testing/fixtures/connection_fixture.ts";
import { FakeTLS } from "../../testing/fixtures/fake_tls.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { Connection } from "../stream/connection.ts";
import type { ConnectionOwner } from "../stream/connection_owner.ts";
import { connectionLimits } from "../stream/connection_limits.ts";
import { ConnectionAborted, ConnectionDone, ConnectionLost, TLSError } from "../errors.ts";
import { memoryPipe } from "../drivers/memory/memory_driver.ts";
import type { StreamDriverSink } from "../stream/stream_driver.ts";
import { TLSDriver } from "./tls_driver.ts";

const decoder = new TextDecoder();

/** A TLS driver with an underlying driver and a peer, which records the events it receives. */
class TLSDriverFixture implements StreamDriverSink {
  readonly host = new TestHost();
  readonly tls: FakeTLS;
  readonly driver: TLSDriver;
  readonly underlying: CheckedDriver;
  readonly peer: Peer;
  /**
   * The calls of the driver: `received …`, `read ended`, `wrote …`, `write closed`, `failed …`,
   * `released`, `secured`.
   */
  readonly events: string[] = [];
  reason: Error | null = null;
  /** Whether earlier writes may be sent after the handshake. */
  staysOpen = true;

  constructor({ capacity = 65536, plaintext = 0, handshakeTimeout = 10, linger = 5 } = {}) {
    const [end, other] = memoryPipe({ capacity, schedule: (step) => this.host.steps.push(step) });
    this.peer = new Peer(other);
    this.underlying = new CheckedDriver(end);
    this.tls = new FakeTLS(handshakeTimeout);
    this.driver = new TLSDriver(this.underlying, this.tls, this.host.reactor, {
      linger,
      plaintext,
    });
    this.driver.attach(this);
    this.driver.start({
      handshakeCompleted: () => {
        this.events.push("secured");
        return this.staysOpen;
      },
      handshakeFailed: (reason) => this.failed(reason),
    });
  }

  get engine(): FakeTLS["engine"] {
    return this.tls.engine;
  }

  /** Removes and returns the recorded events. */
  take(): string[] {
    this.host.settle();
    return this.events.splice(0);
  }

  received(chunk: Uint8Array): void {
    this.events.push(`received ${decoder.decode(chunk)}`);
  }

  readEnded(): void {
    this.events.push("read ended");
  }

  wrote(count: number): void {
    this.events.push(`wrote ${count}`);
  }

  writeClosed(): void {
    this.events.push("write closed");
  }

  failed(reason: Error): void {
    this.reason = reason;
    this.events.push(`failed ${reason.name}`);
  }

  released(): void {
    this.events.push("released");
  }

  /** Checks that the underlying driver was used correctly and nothing is left. */
  [Symbol.dispose](): void {
    assertEquals(this.underlying.violations, []);
    if (!this.underlying.isReleased) return;
    assertEquals(this.host.reactor.getDelayedCalls().length, 0);
    assertEquals(this.engine.calls.filter((call) => call === "destroy").length, 1);
  }
}

/** Returns a driver whose handshake has completed. The peer reads. */
function secured(
  options: ConstructorParameters<typeof TLSDriverFixture>[0] = {},
): TLSDriverFixture {
  const fixture = new TLSDriverFixture(options);
  fixture.peer.driver.startReading();
  fixture.engine.secure();
  fixture.take();
  fixture.engine.calls.splice(0);
  return fixture;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("TLSDriver completes the handshake although the connection does not read", () => {
  using fixture = new TLSDriverFixture();
  fixture.peer.driver.startReading();
  fixture.engine.encrypt("hello");
  fixture.peer.send("hello yourself");
  assertEquals(fixture.take(), []);
  assertEquals(fixture.peer.text, "hello");
  assertEquals(fixture.engine.calls, ["start", "sent", "receive hello yourself"]);
  assertEquals(fixture.driver.session, null);
  fixture.engine.secure();
  assertEquals(fixture.take(), ["secured"]);
  assertEquals(fixture.driver.session?.negotiatedProtocol, "fake");
  assertEquals(fixture.host.reactor.getDelayedCalls(), []);
});

Deno.test("TLSDriver sets TCP_NODELAY for the handshake and then restores the connection's setting", () => {
  const set = ({ underlying }: TLSDriverFixture) =>
    underlying.calls.filter((call) => call.startsWith("setNoDelay"));
  using reading = new TLSDriverFixture();
  reading.engine.secure();
  assertEquals(set(reading), ["setNoDelay(true)"]);
  reading.engine.decrypt("a");
  reading.engine.decrypt("b");
  assertEquals(set(reading), ["setNoDelay(true)", "setNoDelay(false)"]);
  reading.driver.setNoDelay(true);
  assertEquals(set(reading).at(-1), "setNoDelay(true)");
  using writing = new TLSDriverFixture();
  writing.engine.secure();
  writing.driver.write(bytes("a"));
  writing.engine.sink.plaintextSent();
  assertEquals(set(writing), ["setNoDelay(true)", "setNoDelay(false)"]);
  using impatient = new TLSDriverFixture();
  impatient.driver.setNoDelay(true);
  impatient.engine.secure();
  impatient.engine.decrypt("a");
  assertEquals(set(impatient), ["setNoDelay(true)"]);
});

Deno.test("TLSDriver.write() before the handshake waits for it, and sends the data once", () => {
  using fixture = new TLSDriverFixture();
  fixture.driver.write(bytes("early"));
  assertEquals(fixture.take(), []);
  assertEquals(fixture.engine.calls, ["start"]);
  fixture.engine.secure();
  assertEquals(fixture.engine.calls, ["start", "write early"]);
  fixture.engine.sink.plaintextSent();
  assertEquals(fixture.take(), ["secured", "wrote 5"]);
});

Deno.test("TLSDriver drops writes made before a handshake whose listener closes the connection", () => {
  for (const early of ["write", "closeWrite"] as const) {
    using fixture = new TLSDriverFixture();
    fixture.staysOpen = false;
    fixture.driver[early](bytes("early"));
    fixture.engine.secure();
    assertEquals([fixture.take(), fixture.engine.calls], [["secured"], ["start"]]);
    fixture.driver.abort();
    assertEquals(fixture.take(), ["released"]);
  }
});

Deno.test("TLSDriver sends the bytes written before startTLS() unencrypted and first", () => {
  using fixture = new TLSDriverFixture({ plaintext: 10 });
  fixture.peer.driver.startReading();
  fixture.engine.encrypt("[hello]");
  fixture.driver.write(bytes("in the opensecret"));
  assertEquals(fixture.take(), ["wrote 10"]);
  assertEquals(fixture.peer.text, "in the open".slice(0, 10) + "[hello]");
  fixture.driver.write(bytes("secret"));
  fixture.engine.secure();
  assertEquals(fixture.engine.calls, ["start", "sent", "write secret"]);
});

Deno.test("TLSDriver.write() sends large data in pieces, and reports the progress of each", () => {
  using fixture = secured();
  fixture.driver.write(new Uint8Array(100_000));
  assertEquals(fixture.engine.calls, ["write(49152)"]);
  fixture.engine.sink.plaintextSent();
  assertEquals(fixture.take(), ["wrote 49152"]);
});

Deno.test("TLSDriver confirms ciphertext to the engine once the underlying driver has sent it", () => {
  using fixture = secured({ capacity: 3 });
  fixture.engine.encrypt("ten bytes!");
  assertEquals(fixture.engine.calls, []);
  fixture.take();
  assertEquals([fixture.peer.text, fixture.engine.calls], ["ten bytes!", ["sent"]]);
});

Deno.test("TLSDriver does not read from the underlying driver while the connection does not read", () => {
  using fixture = secured();
  fixture.peer.send("one");
  fixture.take();
  fixture.peer.send("two");
  fixture.take();
  // One read was in flight when the handshake completed.
  assertEquals([fixture.engine.calls, fixture.underlying.isReading], [[], false]);
  fixture.driver.startReading();
  fixture.take();
  assertEquals(fixture.engine.calls, ["receive one", "receive two"]);
  fixture.driver.stopReading();
  assert(!fixture.underlying.isReading);
});

Deno.test("TLSDriver holds plaintext and the close while the connection does not read", () => {
  using fixture = secured();
  fixture.engine.decrypt("a");
  fixture.engine.decrypt("b");
  fixture.engine.sink.peerClosed();
  assertEquals(fixture.take(), []);
  fixture.driver.startReading();
  assertEquals(fixture.take(), ["received a", "received b", "read ended"]);
});

Deno.test("TLSDriver delivers received bytes before the error for a missing close_notify", () => {
  using fixture = secured();
  fixture.engine.decrypt("half a");
  fixture.peer.driver.close();
  fixture.driver.startReading();
  assertEquals(fixture.take(), ["received half a"]);
  assertEquals(fixture.engine.calls, ["receiveEnd"]);
  fixture.driver.stopReading();
  fixture.engine.sink.peerVanished();
  assertEquals(fixture.take(), []);
  fixture.driver.startReading();
  assertEquals(fixture.take(), ["failed TLSError"]);
  assertInstanceOf(fixture.reason, ConnectionLost);
  assertEquals((fixture.reason as TLSError).phase, "transfer");
  fixture.driver.close();
  assertEquals(fixture.take(), ["released"]);
});

Deno.test("TLSDriver.close() sends close_notify before it closes the underlying driver", () => {
  using fixture = secured();
  fixture.driver.close();
  assertEquals(fixture.engine.calls, ["end"]);
  fixture.engine.encrypt("[bye]");
  assertEquals(fixture.take(), []);
  fixture.engine.sink.closeSent();
  assertEquals(fixture.take(), ["released"]);
  assertEquals([fixture.peer.text, fixture.peer.end], ["[bye]", "ended"]);
});

Deno.test("TLSDriver.close() leaves no timed call if close_notify is sent at once", () => {
  using fixture = secured();
  const { engine } = fixture;
  engine.end = () => engine.sink.closeSent();
  fixture.driver.close();
  assertEquals(fixture.host.reactor.getDelayedCalls(), []);
  assertEquals(fixture.take(), ["released"]);
});

Deno.test("TLSDriver.close() aborts after the linger time if the peer does not read", () => {
  using fixture = secured({ capacity: 1, linger: 5 });
  fixture.peer.driver.stopReading();
  fixture.driver.close();
  fixture.engine.encrypt("[bye]");
  assertEquals(fixture.take(), []);
  fixture.host.advance(4.9);
  assertEquals(fixture.take(), []);
  fixture.host.advance(0.2);
  assertEquals(fixture.take(), ["released"]);
  assertEquals(fixture.underlying.calls.at(-1), "abort()");
});

Deno.test("TLSDriver.close() does not wait if the peer has closed the connection", () => {
  using fixture = secured();
  fixture.driver.close();
  fixture.peer.driver.close();
  fixture.engine.encrypt("[bye]");
  assertEquals(fixture.take(), ["released"]);
});

Deno.test("TLSDriver.forceClose() limits a pending close to 0.1 seconds of real time", async () => {
  using fixture = secured({ capacity: 1 });
  fixture.peer.driver.stopReading();
  fixture.driver.close();
  fixture.engine.encrypt("[bye]");
  const released = Promise.withResolvers<void>();
  fixture.released = () => released.resolve();
  fixture.driver.forceClose();
  fixture.driver.forceClose();
  fixture.host.settle();
  const steps = setInterval(() => fixture.host.settle(), 1);
  await released.promise;
  clearInterval(steps);
  assertEquals(fixture.underlying.calls.at(-1), "abort()");
});

Deno.test("TLSDriver.closeWrite() sends close_notify and still reads", () => {
  using fixture = secured();
  fixture.driver.startReading();
  fixture.driver.closeWrite();
  assertEquals(fixture.engine.calls, ["end"]);
  fixture.engine.sink.closeSent();
  fixture.engine.decrypt("still there");
  assertEquals(fixture.take(), ["write closed", "received still there"]);
  assert(!fixture.underlying.calls.includes("closeWrite()"));
  fixture.driver.close();
  assertEquals(fixture.take(), ["released"]);
  assertEquals(fixture.engine.calls, ["end", "destroy"]);
});

Deno.test("TLSDriver.close() during closeWrite() sends one close_notify", () => {
  using fixture = secured();
  fixture.driver.closeWrite();
  fixture.driver.close();
  fixture.engine.sink.closeSent();
  assertEquals(fixture.take(), ["released"]);
  assertEquals(fixture.engine.calls, ["end", "destroy"]);
});

Deno.test("TLSDriver.closeWrite() before the handshake waits for it", () => {
  using fixture = new TLSDriverFixture();
  fixture.driver.closeWrite();
  assertEquals(fixture.engine.calls, ["start"]);
  fixture.engine.secure();
  assertEquals(fixture.engine.calls, ["start", "end"]);
});

Deno.test("TLSDriver.abort() closes at once, also with pending reads and writes", () => {
  using fixture = secured({ capacity: 1 });
  fixture.peer.driver.stopReading();
  fixture.engine.encrypt("never read");
  fixture.driver.write(bytes("never sent"));
  fixture.driver.abort();
  assertEquals(fixture.take(), ["released"]);
  assertEquals([fixture.underlying.calls.at(-1), fixture.engine.calls.at(-1)], [
    "abort()",
    "destroy",
  ]);
});

Deno.test("TLSDriver.close() during the handshake cancels it", () => {
  using fixture = new TLSDriverFixture();
  fixture.driver.close();
  assertEquals(fixture.take(), ["released"]);
  assertEquals(fixture.engine.calls, ["start", "destroy"]);
});

Deno.test("TLSDriver fails a handshake after its timeout with TLSError and ETIMEDOUT", () => {
  using fixture = new TLSDriverFixture({ handshakeTimeout: 3 });
  fixture.host.advance(2.9);
  assertEquals(fixture.take(), []);
  fixture.host.advance(0.2);
  assertEquals(fixture.take(), ["failed TLSError"]);
  const reason = fixture.reason;
  assertInstanceOf(reason, TLSError);
  assertEquals([reason.phase, reason.code, reason.address], [
    "handshake",
    "ETIMEDOUT",
    "192.0.2.2:2222",
  ]);
  assertEquals(
    reason.message,
    "TLS handshake with 192.0.2.2:2222 failed: the handshake took longer than 3 s",
  );
  fixture.driver.close();
  assertEquals(fixture.take(), ["released"]);
});

Deno.test("TLSDriver sends the alert of a failed handshake before it closes", () => {
  using fixture = new TLSDriverFixture({ capacity: 2 });
  fixture.engine.encrypt("[alert]");
  const cause = Object.assign(new Error("no"), { code: "ERR_NO" });
  fixture.engine.sink.tlsFailed(cause);
  assertEquals(fixture.events, ["failed TLSError"]);
  assertStrictEquals(fixture.reason?.cause, cause);
  assertEquals((fixture.reason as TLSError).code, "ERR_NO");
  fixture.driver.close();
  assertEquals(fixture.take(), ["failed TLSError"]);
  fixture.peer.driver.startReading();
  assertEquals(fixture.take(), ["released"]);
  assertEquals([fixture.peer.text, fixture.peer.end], ["[alert]", "ended"]);
});

Deno.test("TLSDriver reports the failure of its engine, and not the reset that follows it", () => {
  using fixture = new TLSDriverFixture();
  const cause = Object.assign(new Error("no"), { code: "ERR_NO" });
  fixture.engine.failure = cause;
  fixture.peer.driver.abort();
  assertEquals(fixture.take(), ["failed TLSError"]);
  assertStrictEquals(fixture.reason?.cause, cause);
  fixture.driver.close();
});

Deno.test("TLSDriver fails the handshake with TLSError if the peer closes or resets", () => {
  using closing = new TLSDriverFixture();
  closing.peer.driver.close();
  closing.take();
  closing.engine.sink.peerVanished();
  assertEquals((closing.reason as TLSError).code, "ECONNRESET");
  using resetting = new TLSDriverFixture();
  resetting.peer.driver.abort();
  assertEquals(resetting.take(), ["failed TLSError"]);
  assertEquals((resetting.reason as TLSError).phase, "handshake");
  assertInstanceOf(resetting.reason?.cause, ConnectionLost);
});

Deno.test("TLSDriver reports a reset as the system's error, and a failure of TLS as TLSError", () => {
  using resetting = secured();
  resetting.driver.startReading();
  resetting.peer.driver.abort();
  assertEquals(resetting.take(), ["failed ConnectionLost"]);
  using failing = secured();
  failing.engine.sink.tlsFailed(new Error("bad record"));
  assertEquals(failing.take(), ["failed TLSError"]);
  assertEquals((failing.reason as TLSError).phase, "transfer");
});

Deno.test("TLSDriver.attach() calls released() of the previous receiver", () => {
  using fixture = new TLSDriverFixture();
  fixture.driver.attach(new TLSDriverFixture());
  assertEquals(fixture.events, ["released"]);
});

/** A protocol with `handshakeCompleted`. */
class Listening extends Recorder {
  /** Called in `handshakeCompleted`. */
  onHandshake: () => void = () => {};

  handshakeCompleted(): void {
    this.record("secured", this.onHandshake);
  }
}

/** A plain connection, over a reactor whose TLS the test controls. */
function connection(): {
  host: TestHost;
  tls: FakeTLS;
  protocol: Listening;
  connection: Connection;
  peer: Peer;
  driver: CheckedDriver;
} & Disposable {
  const host = new TestHost();
  const tls = new FakeTLS();
  const [end, other] = memoryPipe({ schedule: (step) => host.steps.push(step) });
  const owner: ConnectionOwner = {
    context: Object.assign(host, { tls }),
    limits: connectionLimits({}),
    role: "server",
    logSuffix: () => "0",
    connectionLost: () => {},
  };
  const driver = new CheckedDriver(end);
  const protocol = new Listening();
  const made = new Connection(owner, driver, protocol);
  const peer = new Peer(other);
  peer.driver.startReading();
  made.open();
  host.settle();
  return {
    host,
    tls,
    protocol,
    connection: made,
    peer,
    driver,
    [Symbol.dispose]: () => assertEquals(driver.violations, []),
  };
}

Deno.test("Connection.startTLS() passes a chunk that a pause held back to the handshake", () => {
  using fixture = connection();
  const { host, tls: { engine }, protocol, connection: paused, peer } = fixture;
  paused.pauseProducing();
  peer.send("MAIL FROM:<injected@example.org>");
  host.settle();
  paused.startTLS({});
  host.settle();
  assertEquals(engine.calls, ["start", "receive MAIL FROM:<injected@example.org>"]);
  engine.sink.tlsFailed(new Error("that is not TLS"));
  host.settle();
  assertEquals(protocol.events, ["made", "lost TLSError"]);
});

Deno.test("Connection.startTLS() reports a failure at once after the caller has returned", () => {
  const ways = [
    // Bytes that the application has received before.
    (plain: Connection) => plain.startTLS({ received: bytes("MAIL FROM:<injected@example.org>") }),
    // A chunk that a pause has held back.
    (plain: Connection) => plain.startTLS({}),
  ];
  for (const start of ways) {
    using fixture = connection();
    const { host, tls: { engine }, protocol, connection: plain, peer } = fixture;
    engine.receive = () => engine.sink.tlsFailed(new Error("that is not TLS"));
    plain.pauseProducing();
    peer.send("MAIL FROM:<injected@example.org>");
    host.settle();
    start(plain);
    assertEquals([protocol.events, plain.connected, plain.disconnecting], [["made"], true, true]);
    host.settle();
    assertEquals(protocol.events, ["made", "lost TLSError"]);
  }
});

Deno.test("Connection.startTLS() passes later bytes of the same turn to the handshake", () => {
  using fixture = connection();
  const { host, tls: { engine }, protocol, connection: plain, peer, driver } = fixture;
  plain.write("220 go ahead");
  plain.startTLS({});
  plain.write("secret");
  peer.send("[client hello]");
  host.settle();
  assertEquals(peer.text, "220 go ahead");
  assertEquals(engine.calls, ["start", "receive [client hello]"]);
  assert(!plain.secure);
  engine.secure();
  assert(plain.secure);
  engine.decrypt("hidden");
  engine.sink.plaintextSent();
  plain.loseConnection();
  host.settle();
  engine.sink.closeSent();
  host.settle();
  assertEquals(protocol.events, ["made", "secured", "received hidden", "lost ConnectionDone"]);
  assertInstanceOf(protocol.reason, ConnectionDone);
  assertEquals(engine.calls.slice(2), ["write secret", "end", "destroy"]);
  assert(driver.isReleased);
  assertEquals(host.reactor.getDelayedCalls(), []);
});

Deno.test("Connection.abortConnection() during a handshake aborts the underlying driver", () => {
  using fixture = connection();
  const { host, protocol, connection: plain, driver } = fixture;
  plain.startTLS({});
  plain.abortConnection();
  host.settle();
  assertInstanceOf(protocol.reason, ConnectionAborted);
  assertEquals(driver.calls.at(-1), "abort()");
  assertEquals(host.resources.size, 0);
});

Deno.test("Connection drops bytes written before a handshake if handshakeCompleted() closes it", () => {
  for (const how of ["abortConnection()", "throws"]) {
    using errors = new LoggedErrors();
    using fixture = connection();
    const { host, tls: { engine }, protocol, connection: plain } = fixture;
    protocol.onHandshake = () => {
      if (how === "throws") throw new RangeError("not you");
      plain.abortConnection();
    };
    plain.startTLS({});
    plain.write("for a friend's eyes");
    host.settle();
    engine.secure();
    host.settle();
    // An exception closes the connection gracefully: only close_notify is sent.
    const ended = how === "throws";
    assertEquals(engine.calls, ["start", ended ? "end" : "destroy"]);
    assertEquals(protocol.events, [
      "made",
      "secured",
      ended ? "lost RangeError" : "lost ConnectionAborted",
    ]);
    assertEquals(errors.take().length, ended ? 1 : 0);
  }
});

Deno.test("Connection sends what handshakeCompleted() writes after earlier writes", () => {
  for (const early of ["before ", ""]) {
    using fixture = connection();
    const { host, tls: { engine }, protocol, connection: plain } = fixture;
    protocol.onHandshake = () => {
      plain.write("after");
      plain.loseWriteConnection();
    };
    plain.startTLS({});
    if (early !== "") plain.write(early);
    host.settle();
    engine.secure();
    const written: string[] = [];
    for (let call = engine.calls.at(-1); call?.startsWith("write "); call = engine.calls.at(-1)) {
      written.push(call.slice("write ".length));
      engine.sink.plaintextSent();
      host.settle();
    }
    assertEquals(written.join(""), `${early}after`);
    assertEquals(engine.calls.slice(1), [...written.map((text) => `write ${text}`), "end"]);
    plain.abortConnection();
    host.settle();
  }
});
