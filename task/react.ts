import { execute } from "../defer/execute.ts";
import { isThenable } from "../internal/foreign_value.ts";
import { err } from "../log/mod.ts";
import { exitProcess } from "../reactor/drivers/deno/host_environment.ts";
import { ReactorNotRunning } from "../reactor/errors.ts";
import type { IReactorCore } from "../reactor/interfaces/mod.ts";
import { type InstallableReactor, reactor as processReactor } from "../reactor/process_reactor.ts";
import { logRejection } from "../defer/guarded_call.ts";
import { checkFunction, quote } from "../internal/validation.ts";
import { SystemExit } from "./errors.ts";
import { afterMacrotask } from "./macrotask.ts";

/** Options of `react()`. */
export interface ReactOptions<R extends IReactorCore = IReactorCore> {
  /** The reactor to run. It is also the first argument of `main`. */
  reactor: R;
  /**
   * Ends the process with the given exit status.
   *
   * @default {Deno.exit}
   */
  exit?: ((code: number) => void) | undefined;
}

/**
 * Runs a program: calls `main(reactor, ...args)`, runs the reactor until the returned Deferred or
 * promise has an outcome, and ends the process. Twisted's `twisted.internet.task.react`.
 *
 * - **Exit status.** 0 if `main` succeeds; the code of a {@linkcode SystemExit} that it throws; 1
 *   if it fails with any other error. That error is logged, and printed on standard error if the
 *   log has no observer.
 * - **Stopping.** The reactor is stopped when `main` completes. If it is stopped before that, for
 *   instance by Ctrl-C, its shutdown triggers still run, but `react()` does not wait for `main` any
 *   longer, and the status is 0 unless `main` has failed by then.
 * - **End of the process.** The process ends with `Deno.exit`, even if resources are still open,
 *   such as a request that `main` was waiting for.
 * - **The reactor.** The default is the process's reactor, as in Twisted. No other function of this
 *   library uses that reactor by default: this one is a program's entry point, called once.
 *
 * @param main The program: an async function, or one that returns a Deferred or promise. It is
 * called before the reactor runs.
 * @param args The arguments of `main` after the reactor, such as `Deno.args`.
 * @param options Another reactor, and the function that ends the process.
 * @returns A promise that is fulfilled when `exit` has returned; `Deno.exit` never returns. It
 * rejects with `ReactorAlreadyRunning` or `ReactorNotRestartable` if the reactor cannot be run.
 *
 * @example
 * ```ts no-eval
 * import { deferLater, type IReactor, react } from "@torsion/reactor";
 *
 * async function main(reactor: IReactor, ...names: string[]): Promise<void> {
 *   for (const name of names) {
 *     console.log("Hello", name);
 *     await deferLater(reactor, 1);
 *   }
 * }
 *
 * await react(main, Deno.args);
 * ```
 */
export function react<A extends unknown[]>(
  main: (reactor: InstallableReactor, ...args: A) => PromiseLike<unknown>,
  args?: readonly [...A],
  options?: Omit<ReactOptions, "reactor">,
): Promise<void>;
/**
 * Runs a program on the reactor of `options`. See above.
 *
 * @param main The program. Its first argument is that reactor.
 * @param args The arguments of `main` after the reactor.
 * @param options The reactor, and the function that ends the process.
 * @returns A promise that is fulfilled when `exit` has returned.
 */
export function react<R extends IReactorCore, A extends unknown[]>(
  main: (reactor: R, ...args: A) => PromiseLike<unknown>,
  args: readonly [...A],
  options: ReactOptions<R>,
): Promise<void>;
export function react(
  // The implementation has loose types, because the overloads check that `main` accepts the reactor
  // and the arguments.
  main: (reactor: never, ...args: unknown[]) => PromiseLike<unknown>,
  args: readonly unknown[] = [],
  options: Partial<ReactOptions> = {},
): Promise<void> {
  const { reactor = processReactor, exit = exitProcess } = options;
  checkFunction("react() main", main);
  checkFunction("react() exit", exit);
  return runToEnd(reactor, () => main(reactor as never, ...args), exit);
}

async function runToEnd(
  reactor: IReactorCore,
  main: () => PromiseLike<unknown>,
  exit: (code: number) => void,
): Promise<void> {
  let code = 0;
  let isFinished = false;
  let isStopping = false;
  reactor.addSystemEventTrigger("before", "shutdown", () => {
    isStopping = true;
  });
  const finish = (status: number): void => {
    isFinished = true;
    code = status;
    if (!isStopping) reactor.callWhenRunning(stopIfRunning, reactor);
  };
  execute(() => checked(main()))
    .addCallbacks(() => 0, reported)
    .addCallback(finish);
  await reactor.run();
  // A shutdown trigger may have completed the work of `main`, whose result then passes through
  // several promises. The reactor waits for one turn of the event loop, so that the exit code
  // includes it.
  if (!isFinished) await new Promise<void>(afterMacrotask);
  logRejection(exit(code), "Error while calling exit of react()");
}

function stopIfRunning(reactor: IReactorCore): void {
  try {
    reactor.stop();
  } catch (error) {
    // ReactorNotRunning means that other code has stopped the reactor in the same turn.
    if (!(error instanceof ReactorNotRunning)) throw error;
  }
}

/**
 * Without this check, a program whose `main` lacks `async` would end at once without an
 * explanation.
 */
function checked(returned: PromiseLike<unknown>): PromiseLike<unknown> {
  if (isThenable(returned)) return returned;
  throw new TypeError(
    `react() main must return a Deferred or promise, got ${quote(returned)}`,
  );
}

/** Logs the failure of `main`. @returns The exit status for it. */
function reported(error: Error): number {
  if (error instanceof SystemExit) return error.code;
  err(error, "The main function of react() failed");
  return 1;
}
