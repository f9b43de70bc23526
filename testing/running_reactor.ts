import { GraceTimer } from "../defer/grace_timer.ts";
import { checkTimeout } from "../internal/validation.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import { ReactorNotRunning } from "../reactor/errors.ts";
import { descriptionOf } from "../reactor/lifecycle/description_of.ts";

/** Options of {@linkcode runningReactor}. */
export interface RunningReactorOptions {
  /**
   * Seconds that the reactor may take to stop.
   *
   * @default {5}
   */
  stopTimeout?: number | undefined;
}

/**
 * A `DenoReactor` that runs for the time of a test. Made by {@linkcode runningReactor}.
 */
export class RunningReactor extends DenoReactor implements AsyncDisposable {
  readonly #stopped: Promise<void>;
  readonly #stopTimeout: number;

  /**
   * Starts a reactor without signal handlers.
   *
   * @param options The time limit for stopping.
   */
  constructor(options: RunningReactorOptions = {}) {
    super();
    const { stopTimeout = 5 } = options;
    checkTimeout("stopTimeout", stopTimeout);
    this.#stopTimeout = stopTimeout;
    this.#stopped = this.run({ installSignalHandlers: false });
  }

  /**
   * Stops the reactor, unless the test has stopped it, and waits until every port and connection is
   * closed.
   *
   * @throws {Error} If that takes longer than `stopTimeout`. The message names what is open. The
   *   reactor has then been left by `crash()`, so that it does not keep the process alive.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.stop();
    } catch (error) {
      if (!(error instanceof ReactorNotRunning)) throw error;
    }
    const timedOut = Promise.withResolvers<boolean>();
    const timer = new GraceTimer(() => timedOut.resolve(true));
    if (this.#stopTimeout !== Infinity) timer.set(Math.max(1, this.#stopTimeout * 1000));
    const isLate = await Promise.race([this.#stopped.then(() => false), timedOut.promise]);
    timer.clear();
    if (!isLate) return;
    const reasons = this.#reasonsToWait();
    this.crash();
    throw new Error(
      `Cannot stop the reactor within ${this.#stopTimeout} s: ${reasons.join(", ")}`,
    );
  }

  #reasonsToWait(): string[] {
    // The reactor is running until the triggers of the first phase have completed.
    const trigger = this.running
      ? ['a trigger of the event "shutdown" in the phase "before" has not completed']
      : [];
    return [...trigger, ...this.resources.list().map((open) => `${descriptionOf(open)} is open`)];
  }
}

/**
 * Starts a reactor for a test on real sockets, which stops at the end of the test:
 * `await using reactor = runningReactor()`.
 *
 * At the end, the reactor is stopped, and every port and connection of it is closed and awaited, so
 * that Deno's leak checks find nothing. If that takes too long, the test fails with the names of
 * what is open. The reactor handles no signals.
 *
 * @param options The time limit for stopping.
 * @returns The running reactor.
 * @throws {RangeError | TypeError} If `stopTimeout` is not zero or more seconds.
 *
 * @example
 * ```ts no-eval
 * import { connectProtocol, Factory, Protocol, TCP4ClientEndpoint } from "@torsion/reactor";
 * import { runningReactor, TestPeer } from "@torsion/reactor/testing";
 *
 * Deno.test("Protocol accepts a connection", async () => {
 *   await using reactor = runningReactor();
 *   const port = reactor.listenTCP(0, Factory.forProtocol(Protocol), { interface: "127.0.0.1" });
 *   const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port);
 *   await connectProtocol(endpoint, new TestPeer());
 * });
 * ```
 */
export function runningReactor(options?: RunningReactorOptions): RunningReactor {
  return new RunningReactor(options);
}
