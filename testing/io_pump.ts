import { checkDelay, checkInteger } from "../internal/validation.ts";
import { Clock } from "../task/mod.ts";
import { descriptionOf } from "../reactor/lifecycle/description_of.ts";
import { MemoryLoop } from "./memory_loop.ts";
import { nextMacrotask } from "./next_macrotask.ts";

/** The rounds of one `flush()`: more than any test needs, and run within seconds. */
const MAX_ROUNDS = 1_000_000;
/** The rounds of one `pumpUntilIdle()`. */
const MAX_TURNS = 10_000;
/** The turns without a byte after which connections are idle: some steps of TLS need two. */
const IDLE_TURNS = 3;
/** The number of open connections that an error names. */
const MOST_NAMED = 10;

/** Options of an {@linkcode IOPump}. */
export interface IOPumpOptions {
  /**
   * The time of the connections: of their timeouts, and of protocols that are given this clock.
   *
   * @default {new Clock()}
   */
  clock?: Clock | undefined;
}

/** Returns the loop that a pump runs. Only the connections of the pump may use it. */
export let loopOf: (pump: IOPump) => MemoryLoop;

/**
 * Moves the bytes of connections in memory, when the test calls it. Twisted's
 * `twisted.test.iosim.IOPump`.
 *
 * Between two calls of the pump nothing happens: no byte arrives, and no `connectionLost` is
 * called. Several connections may share a pump.
 *
 * @example
 * ```ts
 * import { Protocol } from "@torsion/reactor/protocol";
 * import { connectedServerAndClient, TestPeer } from "@torsion/reactor/testing";
 *
 * class Echo extends Protocol {
 *   override dataReceived(data: Uint8Array): void {
 *     this.transport.write(data);
 *   }
 * }
 *
 * using pair = connectedServerAndClient(Echo, TestPeer);
 * pair.client.send("hello");
 * console.log(pair.client.text); // ""
 * pair.pump.flush();
 * console.log(pair.client.text); // hello
 * ```
 */
export class IOPump {
  /** The time of the connections. */
  readonly clock: Clock;
  readonly #loop: MemoryLoop;
  #isPumping = false;

  static {
    loopOf = (pump) => pump.#loop;
  }

  /**
   * Creates a pump without connections.
   *
   * @param options The clock.
   */
  constructor(options: IOPumpOptions = {}) {
    this.clock = options.clock ?? new Clock();
    this.#loop = new MemoryLoop(this.clock);
  }

  /**
   * Runs one round: the timed calls that are due, and then each pending read and write once. So
   * each direction of a connection delivers at most one chunk.
   *
   * @returns Whether anything was pending. If not, the connections are idle.
   * @throws {Error} If the pump is running already: a protocol cannot run it.
   * @throws {unknown} The error of a timed call.
   */
  pump(): boolean {
    if (this.#isPumping) throw new Error("Cannot run the pump: it is running already");
    this.#isPumping = true;
    try {
      this.clock.advance(0);
      return this.#loop.runRound();
    } finally {
      this.#isPumping = false;
    }
  }

  /**
   * Pumps until the connections are idle: all bytes have arrived, or wait for a protocol that has
   * paused its transport. Promises do not continue meanwhile; see {@linkcode pumpUntilIdle}.
   *
   * @param maxRounds The number of rounds after which the method gives up, at least 1.
   * @returns Whether anything was pending.
   * @throws {Error} If the connections are not idle after `maxRounds` rounds. They are named in the
   *   message.
   * @throws {unknown} The error of a timed call.
   */
  flush(maxRounds: number = MAX_ROUNDS): boolean {
    checkInteger("flush() maxRounds", maxRounds, 1, Number.MAX_SAFE_INTEGER);
    for (let round = 0; round < maxRounds; round++) {
      if (!this.pump()) return round > 0;
    }
    throw this.#neverIdle(maxRounds);
  }

  /**
   * Pumps until the connections are idle and all promises that can continue have done so. For
   * protocols with `async` methods, streams, TLS, and anything else that waits for a promise.
   *
   * It does not wait for files, threads and other operations of the host, which may complete later.
   *
   * @param maxRounds The number of rounds after which the method gives up, at least 1. Each of them
   *   is a {@linkcode flush} and a turn of the host's event loop.
   * @throws {Error} If the connections are not idle after `maxRounds` rounds. They are named in the
   *   message.
   * @throws {unknown} The error of a timed call.
   */
  async pumpUntilIdle(maxRounds: number = MAX_TURNS): Promise<void> {
    checkInteger("pumpUntilIdle() maxRounds", maxRounds, 1, Number.MAX_SAFE_INTEGER);
    this.flush();
    for (let round = 0, idle = 0; round < maxRounds; round++) {
      await nextMacrotask();
      idle = this.flush() ? 0 : idle + 1;
      if (idle === IDLE_TURNS) return;
    }
    throw this.#neverIdle(maxRounds);
  }

  /**
   * Moves the time forward. Each timed call that becomes due runs at its own time, and the bytes
   * that it sends arrive before the next call. The connections are idle afterwards.
   *
   * `clock.advance()` and `clock.jump()` move the time only; bytes then wait for the pump.
   *
   * @param seconds The time to pass, in seconds, at least 0.
   * @throws {RangeError} If `seconds` is negative, NaN or infinite.
   * @throws {unknown} The error of a timed call.
   */
  advance(seconds: number): void {
    checkDelay("advance() seconds", seconds);
    const end = this.clock.seconds() + seconds;
    this.flush();
    for (let due = this.#nextDue(); due <= end; due = this.#nextDue()) {
      this.#advanceTo(due);
    }
    this.#advanceTo(end);
  }

  #advanceTo(moment: number): void {
    this.clock.advance(Math.max(0, moment - this.clock.seconds()));
    this.flush();
  }

  /** Returns the time of the next timed call; Infinity if there is none. */
  #nextDue(): number {
    return this.clock.getDelayedCalls().reduce(
      (earliest, call) => Math.min(earliest, call.getTime()),
      Infinity,
    );
  }

  #neverIdle(rounds: number): Error {
    const open = this.#loop.resources.list();
    const names = open.slice(0, MOST_NAMED).map(descriptionOf).join(", ");
    const more = open.length > MOST_NAMED ? ` and ${open.length - MOST_NAMED} more` : "";
    return new Error(
      `Cannot flush the connections: they are not idle after ${rounds} rounds. ` +
        `Open are: ${names || "none"}${more}`,
    );
  }
}
