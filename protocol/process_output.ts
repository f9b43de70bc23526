import { Deferred, maybeDeferred } from "../defer/mod.ts";
import { ConnectionAborted, ProcessTerminated } from "../reactor/errors.ts";
import type { Address, IReactorProcess, SpawnProcessOptions } from "../reactor/interfaces/mod.ts";
import { asError } from "../defer/guarded_call.ts";
import { checkBound } from "../internal/validation.ts";
import { killProcess } from "./kill_process.ts";
import { ProcessProtocol } from "./process_protocol.ts";

/** How a program is run to its end; the environment is empty unless `env` is given, as with `spawnProcess`. */
export interface RunProcessOptions
  extends Pick<SpawnProcessOptions, "args" | "env" | "path" | "uid" | "gid"> {
  /** What the program reads. Its input ends after that, or at once; Twisted leaves it open, and a program that reads it hangs. */
  stdinBytes?: Uint8Array | string | undefined;
}

/** How a program is run whose output is kept. */
export interface ProcessOutputOptions extends RunProcessOptions {
  /**
   * The most bytes of output, and of errors, that are kept. A program that writes more is killed.
   *
   * @default {67108864}
   */
  maxBytes?: number | undefined;
}

/** How a program is run whose output alone is wanted. */
export interface GetProcessOutputOptions extends ProcessOutputOptions {
  /**
   * Whether what the program writes to its standard error belongs to its output. If not, it is an error.
   *
   * @default {false}
   */
  errortoo?: boolean | undefined;
}

/** A program wrote to its standard error, where nothing was to be. */
export class UnexpectedErrorOutput extends Error {
  /** The error's name. */
  override readonly name = "UnexpectedErrorOutput";
  /** What it wrote first. */
  readonly data: Uint8Array;
  /** Fires when the program has ended, with how: `ProcessDone` or `ProcessTerminated`. In Twisted it fails with that. */
  readonly processEnded: Deferred<Error>;

  /** Made by {@linkcode getProcessOutput}. */
  constructor(where: Address, data: Uint8Array, processEnded: Deferred<Error>) {
    super(`Process ${where} wrote to its standard error: ${new TextDecoder().decode(data).trim()}`);
    this.data = data;
    this.processEnded = processEnded;
  }
}

/** A signal ended a program whose output was wanted. */
export class ProcessOutputTerminated extends ProcessTerminated {
  /** What it wrote to its standard output until then. */
  readonly out: Uint8Array;
  /** What it wrote to its standard error until then. */
  readonly err: Uint8Array;

  /** Made by {@linkcode getProcessOutputAndValue}. */
  constructor(where: Address, reason: ProcessTerminated, out: Uint8Array, err: Uint8Array) {
    super(where, reason.status, reason.signal);
    this.out = out;
    this.err = err;
  }
}

/** A program wrote more than is kept, and was killed. */
export class ProcessOutputExceeded extends ConnectionAborted {
  /** The most bytes that are kept. */
  readonly limit: number;

  /** Made by {@linkcode getProcessOutput} and its kin. */
  constructor(where: Address, limit: number) {
    super(`Process ${where} was killed: it wrote more than ${limit} bytes`, {
      address: String(where),
    });
    this.limit = limit;
  }
}

/**
 * Runs a program and gives what it writes to its standard output. Twisted's `twisted.internet.utils.getProcessOutput`.
 *
 * How the program ends does not matter here, as in Twisted: {@linkcode getProcessOutputAndValue} tells.
 *
 * @param reactor What starts it, and runs.
 * @param executable The program: a path, or a name that is looked up in `PATH`.
 * @param options The arguments, environment and working directory of the process, and limits on its output.
 * @returns Fires with its whole output when it has ended. Fails with `SpawnError` when it cannot be started, with `UnexpectedErrorOutput` as
 *   soon as it writes to its standard error, with `ProcessOutputExceeded` when it writes too much. To cancel it is to kill the program.
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
 * Runs a program and gives all that it writes, and its exit code. Twisted's `twisted.internet.utils.getProcessOutputAndValue`.
 *
 * @param reactor What starts it, and runs.
 * @param executable The program: a path, or a name that is looked up in `PATH`.
 * @param options The arguments, environment and working directory of the process, and limits on its output.
 * @returns Fires with `[out, err, code]` when it has ended. Fails with `ProcessOutputTerminated` when a signal ended it, with `SpawnError` when it
 *   cannot be started, with `ProcessOutputExceeded` when it writes too much. To cancel it is to kill the program.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { getProcessOutputAndValue } from "@torsion/reactor/protocol";
 *
 * reactor.run();
 * const [out, err, code] = await getProcessOutputAndValue(reactor, "sort", { stdinBytes: "pear\napple\n" });
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
 * Runs a program and gives its exit code; what it writes is dropped. Twisted's `twisted.internet.utils.getProcessValue`.
 *
 * @param reactor What starts it, and runs.
 * @param executable The program: a path, or a name that is looked up in `PATH`.
 * @param options The arguments, environment and working directory of the process, and limits on its output.
 * @returns Fires with the exit code. Fails with `ProcessTerminated` when a signal ended the program, where Twisted gives `None`, which is taken
 *   for the 0 of success too easily; and with `SpawnError` when it cannot be started. To cancel it is to kill the program.
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

/** What becomes of a program's output and end. */
interface Collector<R> {
  received(childFD: number, data: Uint8Array): void;
  /** The exit code is null when a signal ended it. @returns the result; what it throws is the failure. */
  ended(code: number | null, reason: ProcessTerminated): R;
}

/** Starts a program, and tells a collector of it. */
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
  /** What is done at the end when there is a result already. */
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
    const { transport } = this;
    killProcess(transport);
    // Others may have inherited its pipes.
    transport.loseConnection();
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
    // The interface promises this or a ProcessDone, which has the same fields.
    const how = reason as ProcessTerminated;
    try {
      this.result.callback(this.#collector.ended(how.exitCode, how));
    } catch (error) {
      this.result.errback(asError(error));
    }
  }
}

type Killable = Pick<Runner<never>, "fail" | "kill" | "transport">;

/** What a program wrote. */
class Bytes {
  readonly #runner: Killable;
  readonly #limit: number;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(runner: Killable, limit = 67108864) {
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
