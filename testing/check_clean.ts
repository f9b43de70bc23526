import { recordOrigins } from "../defer/debug.ts";
import { reportUnhandled } from "../defer/unhandled.ts";
import { creationTracker, setCreationTracker } from "../internal/creation_tracker.ts";
import { checkFunction } from "../internal/validation.ts";
import { eventText } from "../log/mod.ts";
import { CreationRecord } from "./creation_record.ts";
import { LoggedErrors } from "./logged_errors.ts";
import { nextMacrotask } from "./next_macrotask.ts";

/** The number of frames in the recorded call stacks: the library's come before the user's. */
const FRAMES = 50;
/**
 * The turns of the event loop in which resources that are closing may close. Deno polls its sockets
 * at least in every 61st turn.
 */
const TURNS = 64;

/**
 * Thrown when a test has left timed calls, ports, connections or running reactors behind, or when
 * unexpected errors were logged. Twisted's `DirtyReactorAggregateError`, of trial.
 */
export class UncleanTest extends Error {
  /** The error's name. */
  override readonly name = "UncleanTest";
  /** A description of each object that was left, with the place where it was made. */
  readonly left: readonly string[];
  /** The text of each logged error. */
  readonly logged: readonly string[];

  /**
   * Creates the error.
   *
   * @param left A description of each object that was left.
   * @param logged The text of each logged error.
   */
  constructor(left: readonly string[], logged: readonly string[]) {
    const problems = [...left, ...logged.map((text) => `An unexpected error was logged: ${text}`)];
    super(`The test did not end clean.\n\n${problems.join("\n\n")}\n`);
    this.left = left;
    this.logged = logged;
  }
}

/**
 * Wraps the function of a test, so that the test fails unless it ends clean.
 *
 * The test fails with an {@linkcode UncleanTest} that names the place of each problem, if at its
 * end
 *
 * - a timed call is pending, on a reactor or on a `Clock`,
 * - a port, a connection or an attempt to connect is open,
 * - a reactor is running,
 * - a Deferred has failed and no errback has handled the failure, or
 * - an error has been logged that `flushLoggedErrors()` did not return.
 *
 * Only what the test itself has made counts. The ports and connectors of a `MemoryReactor` do not
 * count: it records them and opens nothing. Nor does what a simulation in the test makes, which
 * `SimulatedNetwork.shutDown()` checks. A resource that is closing may still close within a
 * few turns of the event loop.
 *
 * While the test runs, the call stacks of all timed calls, resources and Deferreds are recorded.
 * If the test itself fails, only the logged errors are reported with its failure.
 *
 * {@linkcode cleanTest} defines such a test. Call this function to combine the check with other
 * ways to define tests; a report then names the file that calls `Deno.test`.
 *
 * @param fn The function of the test. A promise or Deferred that it returns is awaited.
 * @returns The function for `Deno.test` or another test runner.
 * @throws {TypeError} If `fn` is not a function.
 *
 * @example
 * ```ts no-eval
 * import { Clock } from "@torsion/reactor";
 * import { checkClean } from "@torsion/reactor/testing";
 *
 * Deno.test(
 *   "Clock.advance() makes the calls that are due",
 *   checkClean(() => {
 *     const clock = new Clock();
 *     clock.callLater(1, () => {});
 *     clock.advance(1); // without this line, the test fails and names the line above
 *   }),
 * );
 * ```
 */
export function checkClean<T, A extends unknown[]>(
  fn: (this: T, ...args: A) => unknown,
): (this: T, ...args: A) => Promise<void> {
  checkFunction("checkClean() fn", fn);
  return async function (this: T, ...args: A): Promise<void> {
    using check = new CleanCheck();
    try {
      await fn.apply(this, args);
    } catch (error) {
      check.failed(error);
    }
    await check.passed();
  };
}

/** The check of one test. Disposing it ends the recording. */
class CleanCheck implements Disposable {
  readonly #outer = creationTracker;
  readonly #record = new CreationRecord();
  readonly #frames = Error.stackTraceLimit;
  readonly #errors: LoggedErrors;

  constructor() {
    // Failures from before the test are not the test's.
    reportUnhandled();
    this.#errors = new LoggedErrors();
    setCreationTracker(this.#record);
    recordOrigins(true);
    Error.stackTraceLimit = FRAMES;
  }

  /** Throws the error of the test, together with the logged errors. */
  failed(error: unknown): never {
    const logged = this.#errors.close().map(eventText);
    if (logged.length === 0) throw error;
    throw new AggregateError(
      [error, new UncleanTest([], logged)],
      "The test failed, and unexpected errors were logged",
    );
  }

  /** @throws {UncleanTest} If the test did not end clean. */
  async passed(): Promise<void> {
    let left = this.#record.left();
    for (let turn = 0; turn < TURNS && left.length > 0; turn++) {
      await nextMacrotask();
      left = this.#record.left();
    }
    const logged = this.#errors.close().map(eventText);
    if (left.length + logged.length > 0) throw new UncleanTest(left, logged);
  }

  [Symbol.dispose](): void {
    this.#errors.close();
    setCreationTracker(this.#outer);
    recordOrigins(this.#outer !== null);
    Error.stackTraceLimit = this.#frames;
  }
}
