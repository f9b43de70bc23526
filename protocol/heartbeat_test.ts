/** Heartbeats on connected pairs, whose time the test moves. */

import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { ConnectionAborted } from "../reactor/errors.ts";
import type { IDelayedCall } from "../reactor/interfaces/mod.ts";
import { Clock } from "../task/mod.ts";
import {
  AccumulatingProtocol,
  type ConnectedPair,
  connectedServerAndClient,
  LoggedErrors,
  StringTransport,
  TestPeer,
} from "../testing/mod.ts";
import { Heartbeat, type HeartbeatOptions, HeartbeatTimeout } from "./heartbeat.ts";

/** A protocol with a heartbeat, which sends a `?`. */
class Beating extends AccumulatingProtocol {
  readonly #clock: Clock;
  readonly #options: Partial<HeartbeatOptions>;
  #heartbeat: Heartbeat | null = null;

  constructor(clock: Clock, options: Partial<HeartbeatOptions>) {
    super();
    this.#clock = clock;
    this.#options = options;
  }

  get heartbeat(): Heartbeat {
    assert(this.#heartbeat !== null);
    return this.#heartbeat;
  }

  override connectionMade(): void {
    super.connectionMade();
    const send = () => this.transport.write("?");
    const options = { interval: 10, send, ...this.#options };
    this.#heartbeat = new Heartbeat(this.#clock, this.transport, options);
    this.#heartbeat.start();
  }

  override dataReceived(data: Uint8Array): void {
    super.dataReceived(data);
    this.heartbeat.alive();
  }
}

/** Returns a connection whose server has a heartbeat. */
function beating(
  options: Partial<HeartbeatOptions> = {},
  Protocol: typeof Beating = Beating,
): ConnectedPair<Beating, TestPeer> {
  const clock = new Clock();
  return connectedServerAndClient(() => new Protocol(clock, options), TestPeer, { clock });
}

/** Suspends the process: the time passes at once, and only then is data read. */
function suspend({ clock, pump }: ConnectedPair<Beating, TestPeer>, seconds: number): void {
  clock.jump(seconds);
  pump.flush();
}

Deno.test("Heartbeat is sent after each silent interval, and aborts a connection without an answer", () => {
  using pair = beating();
  pair.pump.advance(9.9);
  assertEquals(pair.client.text, "");
  pair.pump.advance(0.1);
  assertEquals([pair.client.text, pair.server.heartbeat.missed], ["?", 1]);
  pair.pump.advance(10);
  assertEquals([pair.client.text, pair.server.heartbeat.missed], ["??", 2]);
  pair.pump.advance(9.9);
  assert(pair.serverTransport.connected);
  pair.pump.advance(0.1);
  const { serverReason: reason } = pair;
  assertInstanceOf(reason, HeartbeatTimeout);
  assertInstanceOf(reason, ConnectionAborted);
  assertEquals([reason.silence, reason.missed, reason.name], [30, 2, "HeartbeatTimeout"]);
  assertEquals(
    reason.message,
    "Connection to 192.0.2.2:2222 was aborted: the peer sent nothing for 30 s and left 2 heartbeats unanswered",
  );
  assertEquals(pair.clock.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("Heartbeat restarts its interval and its count with any byte from the peer", () => {
  using pair = beating();
  pair.pump.advance(10);
  pair.pump.advance(10);
  pair.pump.advance(5);
  assertEquals([pair.client.text, pair.server.heartbeat.missed], ["??", 2]);
  pair.client.send("!");
  pair.pump.flush();
  assertEquals(pair.server.heartbeat.missed, 0);
  pair.pump.advance(9.9);
  assertEquals(pair.client.text, "??");
  pair.pump.advance(0.1);
  assertEquals([pair.client.text, pair.server.heartbeat.missed], ["???", 1]);
  pair.server.heartbeat.stop();
});

Deno.test("Heartbeat is never sent to a peer that keeps sending data", () => {
  using pair = beating();
  for (let i = 0; i < 10; i++) {
    pair.pump.advance(9);
    pair.client.send("x");
    pair.pump.flush();
  }
  assertEquals(pair.client.text, "");
  pair.server.heartbeat.stop();
});

Deno.test("Heartbeat option maxMissed is the number of heartbeats that may stay unanswered", () => {
  using pair = beating({ maxMissed: 1 });
  pair.pump.advance(20);
  assertEquals([pair.client.text, pair.serverReason?.name], ["?", "HeartbeatTimeout"]);
  assertEquals(
    pair.serverReason?.message,
    "Connection to 192.0.2.2:2222 was aborted: the peer sent nothing for 20 s and left 1 heartbeat unanswered",
  );
});

Deno.test("Heartbeat reads data that arrived while the process was suspended before it aborts", () => {
  using pair = beating({ maxMissed: 1 });
  pair.pump.advance(10);
  assertEquals([pair.client.text, pair.server.heartbeat.missed], ["?", 1]);
  pair.client.send("!"); // on its way while nothing runs here
  suspend(pair, 25);
  assertEquals([pair.server.text(), pair.server.heartbeat.missed], ["!", 0]);
  pair.pump.advance(9.5);
  assertEquals(pair.client.text, "?");
  pair.pump.advance(0.5);
  assertEquals([pair.client.text, pair.serverTransport.connected], ["??", true]);
  pair.server.heartbeat.stop();
});

Deno.test("Heartbeat waits for one more read after the process was suspended", () => {
  for (const [pause, look] of [[4, 4], [3600, 10]] as const) {
    using pair = beating({ maxMissed: 1 });
    pair.pump.advance(10);
    suspend(pair, 10 + pause);
    pair.pump.advance(look - 0.5);
    assert(pair.serverTransport.connected);
    assertEquals(pair.server.heartbeat.missed, 1);
    pair.pump.advance(0.5);
    const { serverReason: reason } = pair;
    assertInstanceOf(reason, HeartbeatTimeout);
    assertEquals([reason.silence, reason.missed], [20 + pause + look, 1]);
  }
});

Deno.test("Heartbeat counts input that arrives at the moment at which it would abort", () => {
  using pair = beating();
  pair.pump.advance(29);
  // Called after the heartbeat's own call, which is due at the same time and was made before.
  pair.clock.callLater(1, () => pair.server.heartbeat.alive());
  pair.pump.advance(1);
  assertEquals([pair.serverTransport.connected, pair.server.heartbeat.missed], [true, 0]);
  pair.server.heartbeat.stop();
});

Deno.test("HeartbeatTimeout rounds the silence in its message to milliseconds", () => {
  const { message, silence } = new HeartbeatTimeout(0.1 + 0.2, 3, "peer");
  assertEquals(silence, 0.1 + 0.2);
  assertEquals(
    message,
    "Connection to peer was aborted: the peer sent nothing for 0.3 s and left 3 heartbeats unanswered",
  );
});

Deno.test("Heartbeat.stop() in connectionLost() leaves no timed call", () => {
  class Stopping extends Beating {
    override connectionLost(reason: Error): void {
      super.connectionLost(reason);
      this.heartbeat.stop();
    }
  }
  using pair = beating({}, Stopping);
  pair.client.close();
  pair.pump.flush();
  assertEquals(pair.serverReason?.name, "ConnectionDone");
  assertEquals(pair.clock.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("Heartbeat of a lost or closing connection stops at the next interval", () => {
  using lost = beating();
  lost.client.close();
  lost.pump.flush();
  assertEquals(lost.serverReason?.name, "ConnectionDone");
  lost.pump.advance(10);
  assertEquals([lost.client.text, lost.clock.getDelayedCalls()], ["", []]);
  using closing = beating();
  closing.client.transport.pauseProducing();
  closing.serverTransport.write("x".repeat(200_000));
  closing.serverTransport.loseConnection();
  closing.pump.flush();
  closing.pump.advance(10);
  assertEquals(closing.server.heartbeat.missed, 0);
  closing.serverTransport.abortConnection();
  closing.pump.flush();
});

Deno.test("Heartbeat.stop() and `using` stop it, and start() begins a new interval", () => {
  using pair = beating();
  pair.pump.advance(15);
  pair.server.heartbeat.stop();
  pair.server.heartbeat.alive();
  pair.pump.advance(100);
  assertEquals(pair.client.text, "?");
  {
    using heartbeat = pair.server.heartbeat;
    heartbeat.start();
    heartbeat.start();
    assertEquals(heartbeat.missed, 0);
    assertEquals(pair.clock.getDelayedCalls().length, 1);
  }
  assertEquals(pair.clock.getDelayedCalls(), [] as IDelayedCall[]);
});

Deno.test("Heartbeat logs an error of send(), and sends the next heartbeat", () => {
  using errors = new LoggedErrors();
  let sent = 0;
  using pair = beating({
    send: () => {
      sent++;
      throw new RangeError("boom");
    },
  });
  for (const count of [1, 2]) {
    pair.pump.advance(10);
    assertEquals([sent, errors.take().map(({ message }) => message)], [count, ["boom"]]);
  }
  pair.pump.advance(10);
  assertEquals(pair.serverReason?.name, "HeartbeatTimeout");
});

Deno.test("Heartbeat rejects options that are out of range, and names them", () => {
  const make = (options: HeartbeatOptions) =>
    new Heartbeat(new Clock(), new StringTransport(), options);
  const send = () => {};
  assertThrows(() => make({ interval: 0, send }), RangeError, "interval must be more than 0");
  assertThrows(() => make({ interval: NaN, send }), RangeError, "Heartbeat interval");
  assertThrows(() => make({ interval: 1, send, maxMissed: 0 }), RangeError, "Heartbeat maxMissed");
  // Without types, as JavaScript may call it.
  const none = undefined as unknown as () => void;
  assertThrows(() => make({ interval: 1, send: none }), TypeError, "Heartbeat send");
});
