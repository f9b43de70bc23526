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

/** What `react()` takes besides the program. */
export interface ReactOptions<R extends IReactorCore = IReactorCore> {
  /** The reactor to run, which `main` is given, too. */
  reactor: R;
  /**
   * Ends the process, given its exit status.
   *
   * @default {Deno.exit}
   */
  exit?: ((code: number) => void) | undefined;
}

/**
 * Runs a program: calls `main(reactor, ...args)`, runs the reactor until what that returns is there,
 * and ends the process. Twisted's `twisted.internet.task.react`.
 *
 * - **Exit status.** 0 when `main` succeeds; that of a {@linkcode SystemExit} that it throws; 1 when
 *   it fails with any other error, which is logged, and without an observer of the log printed on
 *   standard error.
 * - **Stopping.** The reactor is stopped when `main` is done. If something else stops it first
 *   (Ctrl-C does), the shutdown's triggers still run, `main` is not waited for any longer, and the
 *   status is 0 unless it has failed by then.
 * - **The end** is `Deno.exit`: what may still be open, such as a request that `main` was waiting
 *   for, does not hold the process back.
 * - **The reactor** is the process's unless another is given, as in Twisted. Nothing else in this library reaches
 *   for it; this function is a program's main line, which others can only call once.
 *
 * @param main The program: an async function, or one that returns a Deferred or promise. It is called
 * before the reactor runs.
 * @param args What it gets after the reactor, such as `Deno.args`.
 * @param options Another reactor, and how to end the process.
 * @returns A promise that is fulfilled when `exit` has been called and has returned, which
 * `Deno.exit` does not. It is rejected with `ReactorAlreadyRunning` or `ReactorNotRestartable` when
 * the reactor cannot be run.
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
 * The same on a reactor of the caller's.
 *
 * @param main The program. It is given that reactor.
 * @param args What it gets after the reactor.
 * @param options The reactor, and how to end the process.
 * @returns A promise as above.
 */
export function react<R extends IReactorCore, A extends unknown[]>(
  main: (reactor: R, ...args: A) => PromiseLike<unknown>,
  args: readonly [...A],
  options: ReactOptions<R>,
): Promise<void>;
export function react(
  // The overloads match the function to its reactor and its arguments.
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
  // What a shutdown trigger has brought about may still be on its way through main's awaits.
  if (!isFinished) await new Promise<void>(afterMacrotask);
  logRejection(exit(code), "While calling exit of react()");
}

function stopIfRunning(reactor: IReactorCore): void {
  try {
    reactor.stop();
  } catch (error) {
    // Something else has stopped it in this very turn.
    if (!(error instanceof ReactorNotRunning)) throw error;
  }
}

/** Who forgets `async` would otherwise wonder why the program ends at once. */
function checked(returned: PromiseLike<unknown>): PromiseLike<unknown> {
  if (isThenable(returned)) return returned;
  throw new TypeError(
    `react() needs a main that returns a Deferred or promise, got ${quote(returned)}`,
  );
}

/** Tells of a failure. @returns The exit status that it calls for. */
function reported(error: Error): number {
  if (error instanceof SystemExit) return error.code;
  err(error, "The main function failed");
  return 1;
}
