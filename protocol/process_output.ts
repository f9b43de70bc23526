import { Deferred, maybeDeferred } from "../defer/mod.ts";
import { ConnectionAborted, ProcessTerminated } from "../reactor/errors.ts";
import type { Address, IReactorProcess, SpawnProcessOptions } from "../reactor/interfaces/mod.ts";
import { asError } from "../defer/guarded_call.ts";
import { checkBound } from "../internal/validation.ts";
import { killProcess } from "./kill_process.ts";
import { ProcessProtocol } from "./process_protocol.ts";

/**
 * Options of running a program until it exits. As with `spawnProcess`, the environment is empty
 * unless `env` is given.
 */
export interface RunProcessOptions
  extends Pick<SpawnProcessOptions, "args" | "env" | "path" | "uid" | "gid"> {
  /**
   * The bytes for the program's standard input, which is closed after them; by default it is closed
   * at once. Twisted leaves it open, so that a program that reads it hangs.
   */
  stdinBytes?: Uint8Array | string | undefined;
}

/** Options of running a program whose output is collected. */
export interface ProcessOutputOptions extends RunProcessOptions {
  /**
   * The maximum number of bytes to collect, for standard output and standard error each. A program
   * that writes more is killed.
   *
   * @default {67108864}
   */
  maxBytes?: number | undefined;
}

/** Options of {@linkcode getProcessOutput}. */
export interface GetProcessOutputOptions extends ProcessOutputOptions {
  /**
   * Whether standard error is collected as part of the output. Otherwise a program that writes to
   * it fails the call.
   *
   * @default {false}
   */
  errortoo?: boolean | undefined;
}

/**
 * The failure of {@linkcode getProcessOutput} when the program writes to its standard error and
 * `errortoo` is not set.
 */
export class UnexpectedErrorOutput extends Error {
  /** The error's name. */
  override readonly name = "UnexpectedErrorOutput";
  /** The first bytes that the program wrote to its standard error. */
  readonly data: Uint8Array;
  /**
   * Fires when the program has exited, with a `ProcessDone` or a `ProcessTerminated`. In Twisted it
   * fails with that.
   */
  readonly processEnded: Deferred<Error>;

  /** Created by {@linkcode getProcessOutput}. */
  constructor(where: Address, data: Uint8Array, processEnded: Deferred<Error>) {
    super(`Process ${where} wrote to standard error: ${new TextDecoder().decode(data).trim()}`);
    this.data = data;
    this.processEnded = processEnded;
  }
}

/** The failure of {@linkcode getProcessOutputAndValue} when a signal ended the program. */
export class ProcessOutputTerminated extends ProcessTerminated {
  /** The bytes that the program had written to its standard output. */
  readonly out: Uint8Array;
  /** The bytes that the program had written to its standard error. */
  readonly err: Uint8Array;

  /** Created by {@linkcode getProcessOutputAndValue}. */
  constructor(where: Address, reason: ProcessTerminated, out: Uint8Array, err: Uint8Array) {
    super(where, reason.status, reason.signal);
    this.out = out;
    this.err = err;
  }
}

/** The failure when a program wrote more than `maxBytes`, and was killed. */
export class ProcessOutputExceeded extends ConnectionAborted {
  /** The maximum number of bytes that are collected. */
  readonly limit: number;

  /** Created by {@linkcode getProcessOutput} and {@linkcode getProcessOutputAndValue}. */
  constructor(where: Address, limit: number) {
    super(`Process ${where} was killed: it wrote more than ${limit} bytes of output`, {
      address: String(where),
    });
    this.limit = limit;
  }
}

/**
 * Runs a program and collects its standard output. Twisted's
 * `twisted.internet.utils.getProcessOutput`.
 *
 * The exit code is ignored, as in Twisted: {@linkcode getProcessOutputAndValue} returns it.
 *
 * @param reactor The reactor that starts the process. It must be running.
 * @param executable The program: a path, or a name that is looked up in `PATH`.
 * @param options Arguments, environment and working directory of the process, and limits on its
 *   output.
 * @returns A Deferred that fires with the whole output when the program has exited. It fails with
 *   `SpawnError` when the program cannot be started; with `UnexpectedErrorOutput` as soon as the
 *   program writes to its standard error; and with `ProcessOutputExceeded` when it writes too much.
 *   Cancelling it kills the program.
 *
 * @example
 * ```ts no-eval
 * import { getProcessOutput, reactor } from "@torsion/reactor";
 *
 * reactor.run();
 * const output = await getProcessOutput(reactor, "ls", { args: ["-l"] }).addTimeout(10, reactor);
 * console.log(new TextDecoder().decode(output));
 * ```
 */
export function getProcessOutput(
  reactor: IReactorProcess,
  executable: string,
  options: GetProcessOutputOptions = {},
): Deferred<Uint8Array> {
  const { errortoo = false, maxBytes } = options;
  return run(reactor, executable, options, { 1: "r", 2: "r" }, (runner: Runner<Uint8Array>) => {
    const output = new Bytes(runner, maxBytes);
    return {
      received: (childFD, data) => {
        if (childFD === 1 || errortoo) return output.add(data);
        const ended = new Deferred<Error>();
        runner.onEnd = (reason) => ended.callback(reason);
        runner.fail(new UnexpectedErrorOutput(runner.transport.getPeer(), data, ended));
        runner.transport.loseConnection();
      },
      ended: () => output.all(),
    };
  });
}

/**
 * Runs a program and collects its output and its exit code. Twisted's
 * `twisted.internet.utils.getProcessOutputAndValue`.
 *
 * @param reactor The reactor that starts the process. It must be running.
 * @param executable The program: a path, or a name that is looked up in `PATH`.
 * @param options Arguments, environment and working directory of the process, and limits on its
 *   output.
 * @returns A Deferred that fires with `[out, err, code]` when the program has exited. It fails with
 *   `ProcessOutputTerminated` when a signal ended the program; with `SpawnError` when the program
 *   cannot be started; and with `ProcessOutputExceeded` when it writes too much. Cancelling it
 *   kills the program.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { getProcessOutputAndValue } from "@torsion/reactor/protocol";
 *
 * reactor.run();
 * const options = { stdinBytes: "pear\napple\n" };
 * const [out, err, code] = await getProcessOutputAndValue(reactor, "sort", options);
 * console.log(code, new TextDecoder().decode(code === 0 ? out : err));
 * ```
 */
export function getProcessOutputAndValue(
  reactor: IReactorProcess,
  executable: string,
  options: ProcessOutputOptions = {},
): Deferred<[out: Uint8Array, err: Uint8Array, code: number]> {
  type Result = [out: Uint8Array, err: Uint8Array, code: number];
  return run(reactor, executable, options, { 1: "r", 2: "r" }, (runner: Runner<Result>) => {
    const out = new Bytes(runner, options.maxBytes);
    const err = new Bytes(runner, options.maxBytes);
    return {
      received: (childFD, data) => (childFD === 1 ? out : err).add(data),
      ended: (code, reason) => {
        if (code !== null) return [out.all(), err.all(), code];
        throw new ProcessOutputTerminated(
          runner.transport.getPeer(),
          reason,
          out.all(),
          err.all(),
        );
      },
    };
  });
}

/**
 * Runs a program and returns its exit code. Its output is dropped. Twisted's
 * `twisted.internet.utils.getProcessValue`.
 *
 * @param reactor The reactor that starts the process. It must be running.
 * @param executable The program: a path, or a name that is looked up in `PATH`.
 * @param options Arguments, environment and working directory of the process.
 * @returns A Deferred that fires with the exit code. It fails with `ProcessTerminated` when a
 *   signal ended the program, and with `SpawnError` when the program cannot be started. Cancelling
 *   it kills the program. In Twisted a signal gives `None`, which is easily taken for the 0 of
 *   success.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { getProcessValue } from "@torsion/reactor/protocol";
 *
 * reactor.run();
 * console.log(await getProcessValue(reactor, "test", { args: ["-d", "/tmp"] })); // 0
 * ```
 */
export function getProcessValue(
  reactor: IReactorProcess,
  executable: string,
  options: RunProcessOptions = {},
): Deferred<number> {
  return run(reactor, executable, options, {}, () => ({
    received: () => {},
    ended: (code, reason) => {
      if (code !== null) return code;
      throw reason;
    },
  }));
}

/** Makes a result from the output and the exit of a program. */
interface Collector<R> {
  received(childFD: number, data: Uint8Array): void;
  /**
   * Returns the result, or throws the failure. The exit code is null when a signal ended the
   * program.
   */
  ended(code: number | null, reason: ProcessTerminated): R;
}

/** Starts a program, and passes its output and exit to a collector. */
function run<R>(
  reactor: IReactorProcess,
  executable: string,
  options: ProcessOutputOptions,
  outputs: NonNullable<SpawnProcessOptions["childFDs"]>,
  collect: (runner: Runner<R>) => Collector<R>,
): Deferred<R> {
  const { args = [], env = {}, path, uid, gid, stdinBytes } = options;
  return maybeDeferred(() => {
    const runner = new Runner(collect, stdinBytes);
    reactor.spawnProcess(runner, executable, {
      args,
      env,
      childFDs: stdinBytes === undefined ? outputs : { 0: "w", ...outputs },
      ...(path === undefined ? {} : { path }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    return runner.result;
  });
}

class Runner<R> extends ProcessProtocol {
  readonly result: Deferred<R> = new Deferred<R>(() => this.kill());
  readonly #collector: Collector<R>;
  readonly #stdinBytes: Uint8Array | string | undefined;
  /** Called when the program has exited after the result was set. */
  onEnd: (reason: Error) => void = () => {};

  constructor(
    collect: (runner: Runner<R>) => Collector<R>,
    stdinBytes: Uint8Array | string | undefined,
  ) {
    super();
    this.#collector = collect(this);
    this.#stdinBytes = stdinBytes;
  }

  fail(reason: Error): void {
    this.result.errback(reason);
  }

  kill(): void {
    killProcess(this.transport);
  }

  override connectionMade(): void {
    if (this.#stdinBytes === undefined) return;
    this.transport.writeToChild(0, this.#stdinBytes);
    this.transport.closeStdin();
  }

  override childDataReceived(childFD: number, data: Uint8Array): void {
    if (!this.result.called) this.#collector.received(childFD, data);
  }

  override processEnded(reason: Error): void {
    if (this.result.called) return this.onEnd(reason);
    // The cast is safe: the interface guarantees a ProcessTerminated or a ProcessDone, and both
    // have the fields that are used here.
    const how = reason as ProcessTerminated;
    try {
      this.result.callback(this.#collector.ended(how.exitCode, how));
    } catch (error) {
      this.result.errback(asError(error));
    }
  }
}

type Killable = Pick<Runner<never>, "fail" | "kill" | "transport">;

/** The bytes that a program wrote to one descriptor. */
class Bytes {
  readonly #runner: Killable;
  readonly #limit: number;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(runner: Killable, limit: number = 67108864) {
    checkBound("maxBytes", limit, 0);
    this.#runner = runner;
    this.#limit = limit;
  }

  add(data: Uint8Array): void {
    this.#chunks.push(data);
    this.#size += data.length;
    if (this.#size <= this.#limit) return;
    this.#runner.fail(new ProcessOutputExceeded(this.#runner.transport.getPeer(), this.#limit));
    this.#runner.kill();
  }

  all(): Uint8Array {
    const all = new Uint8Array(this.#size);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }
}
