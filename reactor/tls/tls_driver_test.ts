/**
 * The TLS layer by itself: memory beneath, an engine that is worked by hand, and time that the test
 * moves. Twisted's `protocols/test/test_tls.py`, whose `TLSMemoryBIOProtocol` this is one floor
 * lower, class by class:
 *
 * - `TLSMemoryBIOTests`: `test_handshake`, `test_handshakeFailure`, `test_getPeerCertificate` and
 *   `test_makeConnection` are in `deno/tls_test.ts`, as they take real TLS;
 *   `test_writeBeforeHandshake`, `test_writeAfterHandshake`, `test_hugeWrite`, `test_errorWriting`,
 *   `test_disorderlyShutdown`, `test_unexpectedEOF` and `test_loseConnection…` are here, and with
 *   `test_writeSequence` and `test_multipleWrites` over real TLS in the suites of every stream.
 *   Decided otherwise, as `ITLSTransport` tells: `test_writeAfterLoseConnection`, the part of
 *   `test_loseConnectionAfterHandshake` that receives on, and
 *   `test_connectionLostOnlyAfterUnderlyingCloses`. `test_interfaces` and
 *   `test_wrappedProtocolInterfaces` are the compiler's. `test_getHandle` does not apply: there is
 *   no handle. `test_noCircularReferences` does not either: a collector frees circles.
 *   `test_writeUnicodeRaisesTypeError` does not: strings go out as UTF-8. `test_hugeWrite_TLSv1_2`:
 *   which version is spoken makes no difference here; `interop/openssl_test.ts` has both.
 * - `DeterministicTLSMemoryBIOTests`: `test_handshakeNotification` is in `deno/tls_test.ts`,
 *   `test_handshakeStopWriting` there, in `deno/start_tls_test.ts` and here.
 *   `test_smalWriteBuffering` and `_AggregateSmallWritesTests` are about the write buffer, which is
 *   the connection's (`connection_writing_test.ts`).
 * - `TLSProducerTests`: producers are the connection's (`connection_producer_test.ts`), and go by
 *   what the layer says it has sent, which is tested here, and over sockets in `deno/tls_test.ts`.
 *   There is no second one beneath who might pause, too. `NonStreamingProducerTests`: a pull
 *   producer is asked by the connection, over TLS as over all else, and needs no adapter. What it
 *   throws loses the connection.
 * - `TLSMemoryBIOFactoryTests` do not apply: there is no factory; what a port logs is every port's
 *   (`stream_port_test.ts`).
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { CheckedDriver } from "../../testing/fixtures/checked_driver.ts";
import { Peer, Recorder, TestHost } from "../../testing/fixtures/connection_fixture.ts";
import { FakeTLS } from "../../testing/fixtures/fake_tls.ts";
import { LoggedErrors } from "../../testing/fixtures/logged_errors.ts";
import { Connection } from "../stream/connection.ts";
import type { ConnectionOwner } from "../stream/connection_owner.ts";
import { connectionLimits } from "../stream/connection_limits.ts";
import { ConnectionAborted, ConnectionDone, ConnectionLost, TLSError } from "../errors.ts";
import { memoryPipe } from "../drivers/memory/memory_driver.ts";
import type { StreamDriverSink } from "../stream/stream_driver.ts";
import { TLSDriver } from "./tls_driver.ts";

const decoder = new TextDecoder();

/** A layer, what is beneath and above it, and what came of it. */
class LayerBed implements StreamDriverSink {
  readonly host = new TestHost();
  readonly tls: FakeTLS;
  readonly driver: TLSDriver;
  readonly beneath: CheckedDriver;
  readonly peer: Peer;
  /**
   * What the layer told: `received …`, `read ended`, `wrote …`, `write closed`, `failed …`,
   * `released`, `secured`.
   */
  readonly events: string[] = [];
  reason: Error | null = null;
  /** Whether what was written before the handshake may go out. */
  goesOn = true;

  constructor({ capacity = 65536, plaintext = 0, handshakeTimeout = 10, linger = 5 } = {}) {
    const [end, other] = memoryPipe({ capacity, schedule: (step) => this.host.steps.push(step) });
    this.peer = new Peer(other);
    this.beneath = new CheckedDriver(end);
    this.tls = new FakeTLS(handshakeTimeout);
    this.driver = new TLSDriver(this.beneath, this.tls, this.host.reactor, { linger, plaintext });
    this.driver.attach(this);
    this.driver.start({
      handshakeCompleted: () => {
        this.events.push("secured");
        return this.goesOn;
      },
      handshakeFailed: (reason) => this.failed(reason),
    });
  }

  get engine(): FakeTLS["engine"] {
    return this.tls.engine;
  }

  /** The events since the last time. */
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

  /** Checks what holds for every layer. */
  [Symbol.dispose](): void {
    assertEquals(this.beneath.violations, []);
    if (!this.beneath.isReleased) return;
    assertEquals(this.host.reactor.getDelayedCalls().length, 0);
    assertEquals(this.engine.calls.filter((call) => call === "destroy").length, 1);
  }
}

/** A layer whose handshake is done, come to rest. The peer reads. */
function secured(options: ConstructorParameters<typeof LayerBed>[0] = {}): LayerBed {
  const fixture = new LayerBed(options);
  fixture.peer.driver.startReading();
  fixture.engine.secure();
  fixture.take();
  fixture.engine.calls.splice(0);
  return fixture;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("The handshake's bytes are carried both ways without being asked for", () => {
  using fixture = new LayerBed();
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

Deno.test("Small pieces go out at once until something follows the handshake, then as the connection has it", () => {
  const set = ({ beneath }: LayerBed) =>
    beneath.calls.filter((call) => call.startsWith("setNoDelay"));
  using reading = new LayerBed();
  reading.engine.secure();
  assertEquals(set(reading), ["setNoDelay(true)"]);
  reading.engine.decrypt("a");
  reading.engine.decrypt("b");
  assertEquals(set(reading), ["setNoDelay(true)", "setNoDelay(false)"]);
  reading.driver.setNoDelay(true);
  assertEquals(set(reading).at(-1), "setNoDelay(true)");
  using writing = new LayerBed();
  writing.engine.secure();
  writing.driver.write(bytes("a"));
  writing.engine.sink.plaintextSent();
  assertEquals(set(writing), ["setNoDelay(true)", "setNoDelay(false)"]);
  using impatient = new LayerBed();
  impatient.driver.setNoDelay(true);
  impatient.engine.secure();
  impatient.engine.decrypt("a");
  assertEquals(set(impatient), ["setNoDelay(true)"]);
});

Deno.test("A write before the handshake is done waits for it, and is made once", () => {
  using fixture = new LayerBed();
  fixture.driver.write(bytes("early"));
  assertEquals(fixture.take(), []);
  assertEquals(fixture.engine.calls, ["start"]);
  fixture.engine.secure();
  assertEquals(fixture.engine.calls, ["start", "write early"]);
  fixture.engine.sink.plaintextSent();
  assertEquals(fixture.take(), ["secured", "wrote 5"]);
});

Deno.test("A write, and an end, before the handshake is done is not made where the listener does not go on", () => {
  for (const early of ["write", "closeWrite"] as const) {
    using fixture = new LayerBed();
    fixture.goesOn = false;
    fixture.driver[early](bytes("early"));
    fixture.engine.secure();
    assertEquals([fixture.take(), fixture.engine.calls], [["secured"], ["start"]]);
    fixture.driver.abort();
    assertEquals(fixture.take(), ["released"]);
  }
});

Deno.test("What was to be sent when TLS began goes out as it was, before anything of TLS", () => {
  using fixture = new LayerBed({ plaintext: 10 });
  fixture.peer.driver.startReading();
  fixture.engine.encrypt("[hello]");
  fixture.driver.write(bytes("in the opensecret"));
  assertEquals(fixture.take(), ["wrote 10"]);
  assertEquals(fixture.peer.text, "in the open".slice(0, 10) + "[hello]");
  fixture.driver.write(bytes("secret"));
  fixture.engine.secure();
  assertEquals(fixture.engine.calls, ["start", "sent", "write secret"]);
});

Deno.test("A large write goes out in pieces, and each is told of: a slow peer's progress shows", () => {
  using fixture = secured();
  fixture.driver.write(new Uint8Array(100_000));
  assertEquals(fixture.engine.calls, ["write(49152)"]);
  fixture.engine.sink.plaintextSent();
  assertEquals(fixture.take(), ["wrote 49152"]);
});

Deno.test("Ciphertext that the driver beneath takes in parts goes out whole before the engine is told", () => {
  using fixture = secured({ capacity: 3 });
  fixture.engine.encrypt("ten bytes!");
  assertEquals(fixture.engine.calls, []);
  fixture.take();
  assertEquals([fixture.peer.text, fixture.engine.calls], ["ten bytes!", ["sent"]]);
});

Deno.test("Nothing is read beneath while nothing is wanted above", () => {
  using fixture = secured();
  fixture.peer.send("one");
  fixture.take();
  fixture.peer.send("two");
  fixture.take();
  // One read was under way when the handshake ended.
  assertEquals([fixture.engine.calls, fixture.beneath.isReading], [[], false]);
  fixture.driver.startReading();
  fixture.take();
  assertEquals(fixture.engine.calls, ["receive one", "receive two"]);
  fixture.driver.stopReading();
  assert(!fixture.beneath.isReading);
});

Deno.test("Plaintext that comes while none is wanted is held, in order, and so is the end", () => {
  using fixture = secured();
  fixture.engine.decrypt("a");
  fixture.engine.decrypt("b");
  fixture.engine.sink.peerClosed();
  assertEquals(fixture.take(), []);
  fixture.driver.startReading();
  assertEquals(fixture.take(), ["received a", "received b", "read ended"]);
});

Deno.test("A peer that vanishes: what it sent comes first, then TLSError", () => {
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

Deno.test("close() tells the peer, and closes when that is on its way", () => {
  using fixture = secured();
  fixture.driver.close();
  assertEquals(fixture.engine.calls, ["end"]);
  fixture.engine.encrypt("[bye]");
  assertEquals(fixture.take(), []);
  fixture.engine.sink.closeSent();
  assertEquals(fixture.take(), ["released"]);
  assertEquals([fixture.peer.text, fixture.peer.end], ["[bye]", "ended"]);
});

Deno.test("close() to a peer that does not read breaks the connection after the linger time", () => {
  using fixture = secured({ capacity: 1, linger: 5 });
  fixture.peer.driver.stopReading();
  fixture.driver.close();
  fixture.engine.encrypt("[bye]");
  assertEquals(fixture.take(), []);
  fixture.host.advance(4.9);
  assertEquals(fixture.take(), []);
  fixture.host.advance(0.2);
  assertEquals(fixture.take(), ["released"]);
  assertEquals(fixture.beneath.calls.at(-1), "abort()");
});

Deno.test("close() to a peer that is gone already waits for nothing", () => {
  using fixture = secured();
  fixture.driver.close();
  fixture.peer.driver.close();
  fixture.engine.encrypt("[bye]");
  assertEquals(fixture.take(), ["released"]);
});

Deno.test("close() with the reactor stopped gives the peer a last moment of the host's clock", async () => {
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
  assertEquals(fixture.beneath.calls.at(-1), "abort()");
});

Deno.test("closeWrite() tells the peer and leaves the rest open; close() then says no more", () => {
  using fixture = secured();
  fixture.driver.startReading();
  fixture.driver.closeWrite();
  assertEquals(fixture.engine.calls, ["end"]);
  fixture.engine.sink.closeSent();
  fixture.engine.decrypt("still there");
  assertEquals(fixture.take(), ["write closed", "received still there"]);
  assert(!fixture.beneath.calls.includes("closeWrite()"));
  fixture.driver.close();
  assertEquals(fixture.take(), ["released"]);
  assertEquals(fixture.engine.calls, ["end", "destroy"]);
});

Deno.test("close() while closeWrite() is under way tells the peer once", () => {
  using fixture = secured();
  fixture.driver.closeWrite();
  fixture.driver.close();
  fixture.engine.sink.closeSent();
  assertEquals(fixture.take(), ["released"]);
  assertEquals(fixture.engine.calls, ["end", "destroy"]);
});

Deno.test("closeWrite() before the handshake is done waits for it", () => {
  using fixture = new LayerBed();
  fixture.driver.closeWrite();
  assertEquals(fixture.engine.calls, ["start"]);
  fixture.engine.secure();
  assertEquals(fixture.engine.calls, ["start", "end"]);
});

Deno.test("abort() closes at once, whatever is under way", () => {
  using fixture = secured({ capacity: 1 });
  fixture.peer.driver.stopReading();
  fixture.engine.encrypt("never read");
  fixture.driver.write(bytes("never sent"));
  fixture.driver.abort();
  assertEquals(fixture.take(), ["released"]);
  assertEquals([fixture.beneath.calls.at(-1), fixture.engine.calls.at(-1)], ["abort()", "destroy"]);
});

Deno.test("close() during the handshake ends it", () => {
  using fixture = new LayerBed();
  fixture.driver.close();
  assertEquals(fixture.take(), ["released"]);
  assertEquals(fixture.engine.calls, ["start", "destroy"]);
});

Deno.test("A handshake that does not end in its time fails with TLSError, with ETIMEDOUT, the peer and the time", () => {
  using fixture = new LayerBed({ handshakeTimeout: 3 });
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

Deno.test("What tells the peer why its handshake failed goes out before the connection is closed", () => {
  using fixture = new LayerBed({ capacity: 2 });
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

Deno.test("A peer that closes or resets during the handshake: TLSError, with what happened", () => {
  using closing = new LayerBed();
  closing.peer.driver.close();
  closing.take();
  closing.engine.sink.peerVanished();
  assertEquals((closing.reason as TLSError).code, "ECONNRESET");
  using resetting = new LayerBed();
  resetting.peer.driver.abort();
  assertEquals(resetting.take(), ["failed TLSError"]);
  assertEquals((resetting.reason as TLSError).phase, "handshake");
  assertInstanceOf(resetting.reason?.cause, ConnectionLost);
});

Deno.test("A reset after the handshake is told as it is beneath; TLS that fails then is a TLSError", () => {
  using resetting = secured();
  resetting.driver.startReading();
  resetting.peer.driver.abort();
  assertEquals(resetting.take(), ["failed ConnectionLost"]);
  using failing = secured();
  failing.engine.sink.tlsFailed(new Error("bad record"));
  assertEquals(failing.take(), ["failed TLSError"]);
  assertEquals((failing.reason as TLSError).phase, "transfer");
});

Deno.test("Whoever had the driver is released when another takes it over", () => {
  using fixture = new LayerBed();
  fixture.driver.attach(new LayerBed());
  assertEquals(fixture.events, ["released"]);
});

/** A protocol that is told of its handshake. */
class Listening extends Recorder {
  /** What it does then. */
  onHandshake: () => void = () => {};

  handshakeCompleted(): void {
    this.record("secured", this.onHandshake);
  }
}

/** A connection in the open whose reactor has TLS worked by hand. */
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
    host: Object.assign(host, { tls }),
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

Deno.test("What came in the open while the connection was paused goes to the handshake, not to the protocol", () => {
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

Deno.test("What comes in the same turn behind startTLS() goes to the handshake, and the connection goes on over TLS", () => {
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

Deno.test("abortConnection() during a handshake: ConnectionAborted, and the driver beneath is aborted", () => {
  using fixture = connection();
  const { host, protocol, connection: plain, driver } = fixture;
  plain.startTLS({});
  plain.abortConnection();
  host.settle();
  assertInstanceOf(protocol.reason, ConnectionAborted);
  assertEquals(driver.calls.at(-1), "abort()");
  assertEquals(host.resources.size, 0);
});

Deno.test("What was written before the handshake does not go out to a peer that handshakeCompleted() turns away", () => {
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
    // An error ends the connection in order: the peer is told, and nothing else.
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

Deno.test("What handshakeCompleted() writes goes out behind what was written before, and so does the end", () => {
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
