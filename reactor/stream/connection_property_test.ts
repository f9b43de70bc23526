/**
 * Two connections over one pipe, and two programs that make random calls, inside and outside of the
 * protocols' methods, while the pipe makes its steps in any order. In every run:
 *
 * - The driver is used according to its contract (`testing/fixtures/checked_driver.ts`): nothing
 *   after `close`, one write at a time.
 * - `connectionLost` is called exactly once, last, and never within another method.
 * - The received bytes are a prefix of the written bytes, or all of them if neither side dropped
 *   bytes.
 * - Nothing is received while reading is paused, or after `loseConnection` and `abortConnection`.
 * - A producer is paused and resumed alternately, and stopped at most once.
 * - In the end no resource and no timed call is left.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CheckedDriver } from "../../testing/fixtures/checked_driver.ts";
import { TestHost } from "../../testing/fixtures/connection_fixture.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { Connection } from "./connection.ts";
import type { TimeoutLimits } from "./connection_timeouts.ts";
import { ConnectionDone } from "../errors.ts";
import type { IProtocol, IPushProducer } from "../interfaces/mod.ts";
import { type MemoryDriver, memoryPipe } from "../drivers/memory/memory_driver.ts";

const actions = [
  "write",
  "lose",
  "abort",
  "lose write",
  "pause",
  "resume",
  "register push",
  "register pull",
  "unregister",
  "shut down",
  "throw",
] as const;

/** An action of one side, taken at once or within the next method of its protocol. */
interface Act {
  kind: "act";
  side: 0 | 1;
  action: typeof actions[number];
  size: number;
  within: boolean;
}

/** The end of the turn, one step of the pipe, or the passing of time. */
type Move = { kind: "turn" } | { kind: "step"; which: number } | { kind: "wait"; seconds: number };

interface World {
  capacity: number;
  chunkSize: number;
  synchronous: boolean;
  halfCloseable: [boolean, boolean];
  highWater: number;
  timeouts: TimeoutLimits | null;
}

/** A producer that checks the order of the calls that it receives. */
class Producer implements IPushProducer {
  isPaused = false;
  isStopped = false;
  readonly #end: End;
  readonly #streaming: boolean;

  constructor(end: End, streaming: boolean) {
    this.#end = end;
    this.#streaming = streaming;
  }

  pauseProducing(): void {
    this.#check(this.#streaming && !this.isPaused, "pause");
    this.isPaused = true;
  }

  resumeProducing(): void {
    this.#check(!this.#streaming || this.isPaused, "resume");
    this.isPaused = false;
    if (this.#end.pieces-- > 0) this.#end.write(10);
  }

  stopProducing(): void {
    this.#check(true, "stop");
    this.isStopped = true;
  }

  #check(condition: boolean, call: string): void {
    this.#end.expect(condition && !this.isStopped, `a producer was asked to ${call} out of turn`);
  }
}

/** One side: a connection, its protocol and the program that uses it. */
class End {
  readonly violations: string[] = [];
  readonly driver: CheckedDriver;
  readonly connection: Connection;
  /** The number of bytes written and received: byte n has the value n modulo 251. */
  written = 0;
  received = 0;
  reason: Error | null = null;
  /** Pieces that producers may still write. */
  pieces = 5;
  readonly plans: Act[] = [];
  /** Whether this side has made a call that may drop bytes. */
  interfered = false;
  producer: Producer | null = null;
  #running = false;
  #paused = false;
  #leaving = false;
  #writeEnded = false;

  constructor(host: TestHost, end: MemoryDriver, world: World, halfCloseable: boolean) {
    this.driver = new CheckedDriver(end);
    const limits = {
      writeBufferHighWater: world.highWater,
      writeBufferLimit: 5000,
      linger: 10,
      timeouts: world.timeouts,
    };
    const owner = { context: host, limits, logSuffix: () => "end", connectionLost: () => {} };
    const protocol = this.#protocol(halfCloseable);
    this.connection = new Connection(owner, this.driver, protocol);
  }

  expect(condition: boolean, otherwise: string): void {
    if (!condition) this.violations.push(otherwise);
  }

  write(size: number): void {
    const bytes = Uint8Array.from({ length: size }, (_, i) => (this.written + i) % 251);
    if (this.#writeEnded) return;
    this.written += size;
    this.connection.write(bytes);
  }

  act({ action, size }: Act): void {
    const connection = this.connection;
    if (this.reason !== null) this.#leaving = true;
    switch (action) {
      case "write":
        return this.write(size);
      case "lose":
        this.#leaving = this.interfered = true;
        return connection.loseConnection();
      case "abort":
        this.#leaving = this.interfered = true;
        return connection.abortConnection();
      case "lose write":
        // Whether later writes are sent depends on when the turn ends: they are not counted.
        connection.loseWriteConnection();
        this.#writeEnded = true;
        return;
      case "pause":
        this.#paused = !connection.disconnecting && connection.connected;
        return connection.pauseProducing();
      case "resume":
        this.#paused = false;
        return connection.resumeProducing();
      case "shut down":
        if (this.#running) return; // a reactor does that between turns
        this.#leaving = this.interfered = true;
        return connection.shutDown();
      case "throw":
        if (!this.#running) return;
        this.#leaving = this.interfered = true;
        throw new Error("planned");
      case "unregister":
        this.producer = null;
        return connection.unregisterProducer();
      case "register push":
      case "register pull":
        return this.#register(action === "register push");
    }
  }

  #register(streaming: boolean): void {
    if (this.producer !== null && !this.producer.isStopped) return;
    const producer = new Producer(this, streaming);
    this.producer = producer;
    this.connection.registerProducer(producer, streaming);
  }

  #protocol(halfCloseable: boolean): IProtocol {
    const protocol = {
      makeConnection: () => this.#method(() => {}),
      connectionMade: () => {},
      dataReceived: (data: Uint8Array) => this.#method(() => this.#take(data)),
      connectionLost: (reason: Error) => {
        this.expect(this.reason === null, "connectionLost() a second time");
        this.reason = reason;
        this.expect(this.producer?.isStopped ?? true, "a producer was not stopped");
        this.#method(() => {});
      },
    };
    const closed = () =>
      this.#method(() => this.expect(this.reason === null, "a direction closed after the loss"));
    return halfCloseable
      ? { ...protocol, ...{ readConnectionLost: closed, writeConnectionLost: closed } }
      : protocol;
  }

  #take(data: Uint8Array): void {
    this.expect(this.reason === null, "dataReceived() after connectionLost()");
    this.expect(!this.#paused, "dataReceived() while paused");
    this.expect(!this.#leaving, "dataReceived() after the connection was closed from here");
    const intact = data.every((byte, i) => byte === (this.received + i) % 251);
    this.expect(intact, "the bytes are not those that were written");
    this.received += data.length;
  }

  #method(f: () => void): void {
    this.expect(!this.#running, "a method was called within another");
    this.#running = true;
    try {
      f();
      for (const plan of this.plans.splice(0, 2)) this.act(plan);
    } finally {
      this.#running = false;
    }
  }
}

const side = fc.constantFrom(0 as const, 1 as const);
const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constant("act" as const),
  side,
  action: fc.oneof(
    { weight: 4, arbitrary: fc.constant("write" as const) },
    { weight: 3, arbitrary: fc.constantFrom("pause" as const, "resume" as const) },
    { weight: 3, arbitrary: fc.constantFrom("lose" as const, "lose write" as const) },
    { weight: 2, arbitrary: fc.constantFrom(...actions) },
  ),
  size: fc.integer({ min: 0, max: 300 }),
  within: fc.boolean(),
});
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("turn" as const) }) },
  {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant("step" as const), which: fc.nat({ max: 9 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), seconds: fc.nat({ max: 12 }) }),
  },
);
const seconds = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 12 }));
const world: fc.Arbitrary<World> = fc.record({
  capacity: fc.integer({ min: 1, max: 100 }),
  chunkSize: fc.integer({ min: 1, max: 100 }),
  synchronous: fc.boolean(),
  halfCloseable: fc.tuple(fc.boolean(), fc.boolean()),
  highWater: fc.integer({ min: 0, max: 200 }),
  timeouts: fc.option(fc.record({ idle: seconds, writeStall: seconds, age: seconds })),
});

function play(world: World, moves: (Act | Move)[]): void {
  using errors = new LoggedErrors();
  const host = new TestHost();
  const schedule = world.synchronous
    ? (step: () => void) => step()
    : (step: () => void) => host.steps.push(step);
  const [first, second] = memoryPipe({ ...world, schedule });
  const ends: [End, End] = [
    new End(host, first, world, world.halfCloseable[0]),
    new End(host, second, world, world.halfCloseable[1]),
  ];
  const plans = moves.filter((move) => move.kind === "act").filter(({ within }) => within);
  for (const plan of plans) ends[plan.side].plans.push(plan);
  for (const { connection } of ends) connection.open();
  let waited = false;
  for (const move of moves) {
    if (move.kind === "turn") host.endTurn();
    else if (move.kind === "step") host.steps.splice(move.which, 1).forEach((step) => step());
    else if (move.kind === "wait") {
      waited = true;
      host.advance(move.seconds);
    } else if (!move.within) ends[move.side].act(move);
  }
  finish(host, ends, waited);
  for (const error of errors.take()) assertEquals(error.message, "planned");
}

/** Closes both sides gracefully and checks the results. */
function finish(host: TestHost, ends: [End, End], waited: boolean): void {
  for (const end of ends) {
    end.plans.length = 0;
    end.act({ kind: "act", side: 0, action: "resume", size: 0, within: false });
    end.act({ kind: "act", side: 0, action: "unregister", size: 0, within: false });
  }
  host.settle();
  const [a, b] = ends;
  // All bytes arrive only if neither side dropped any.
  const whole = !waited &&
    ends.every(({ interfered, reason }) =>
      !interfered && (reason === null || reason instanceof ConnectionDone)
    );
  if (whole && a.connection.connected) assertEquals(b.received, a.written);
  if (whole && b.connection.connected) assertEquals(a.received, b.written);
  for (const { connection } of ends) connection.loseConnection();
  host.settle();
  host.advance(10);
  for (const end of ends) {
    assertEquals(end.violations, []);
    assertEquals(end.driver.violations, []);
    assert(end.reason !== null, "connectionLost() did not come");
    assert(end.driver.isReleased, "the driver is not released");
  }
  assert(b.received <= a.written && a.received <= b.written);
  assertEquals(host.resources.size, 0);
  assertEquals(host.reactor.getDelayedCalls(), []);
  assertEquals(host.microtasks.tasks.length, 0);
}

Deno.test("Connection keeps its guarantees under random actions of both sides", () => {
  const moves = fc.array(fc.oneof(act, move), { maxLength: 80, size: "max" });
  fc.assert(fc.property(world, moves, play), { seed: 20100819, numRuns: 3000 });
});
