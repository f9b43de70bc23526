/**
 * A server in its own process, with the system's figures about that process. Linux only.
 *
 * @module
 */

const CLOCK_CALLS = {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
} as const;
/** CPUCLOCK_SCHED, the kind of clock that counts in nanoseconds. */
const CPU_CLOCK = 2;
/** Returns the clock of a process's processor time, as clock_getcpuclockid(3) does. */
const clockOf = (pid: number): number => ~pid << 3 | CPU_CLOCK;

/** The processor on which servers run; the load generator has another one. */
const SERVER_PROCESSOR = 0;

/** A program that prints its port when it listens. */
export interface ServerProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** Matches the output when the server listens; its group is the port. */
  readonly ready?: RegExp;
  /** Whether the server may use all processors. */
  readonly isSpread?: boolean;
}

/** Returns a program in Deno, which gets the arguments after its port. */
export function denoProgram(
  file: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): ServerProgram {
  const path = new URL(file, import.meta.url).pathname;
  return { command: Deno.execPath(), args: ["run", "-A", ...flags, path, "0", ...args] };
}

/** A server process that listens on a free port. */
export class ServerProcess implements AsyncDisposable {
  /** The port on which the server listens. */
  readonly port: number;
  readonly #process: Deno.ChildProcess;

  private constructor(process: Deno.ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  /**
   * Starts a program, and waits until it has printed its port.
   *
   * @returns The running server.
   * @throws {Error} If the program exits without printing its port.
   */
  static async start(program: ServerProgram): Promise<ServerProcess> {
    const { ready = /(?:listening|starting) on .*?(\d+)\n/, isSpread = false } = program;
    const words: [string, ...string[]] = [program.command, ...program.args];
    const [command, ...args] = isSpread ? words : onProcessor(SERVER_PROCESSOR, words);
    const process = new Deno.Command(command, { args, stdout: "piped" }).spawn();
    let output = "";
    // The stream stays open: the server could not write to a closed one.
    for await (
      const text of process.stdout.pipeThrough(new TextDecoderStream()).values({
        preventCancel: true,
      })
    ) {
      output += text;
      const port = ready.exec(output)?.[1];
      if (port !== undefined) return new ServerProcess(process, Number(port));
    }
    await process.status;
    const text = [program.command, ...program.args].join(" ");
    throw new Error(`${text} exited before it listened; its output was ${JSON.stringify(output)}`);
  }

  /** The number of the process. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Returns the processor seconds of the process and its workers, system calls included. */
  cpuSeconds(): number {
    // /proc has this time in units of 10 ms, which is too coarse for a short measurement.
    const library = Deno.dlopen("libc.so.6", CLOCK_CALLS);
    try {
      return familyOf(this.pid).map((pid) => {
        const time = new BigInt64Array(2);
        if (library.symbols.clock_gettime(clockOf(pid), time) !== 0) {
          throw new Error(`Cannot read the processor time of process ${pid}: it has ended`);
        }
        return Number(time[0]) + Number(time[1]) / 1e9;
      }).reduce((sum, seconds) => sum + seconds);
    } finally {
      library.close();
    }
  }

  /** Returns the resident memory in KiB. */
  residentKiB(): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
  }

  /** Kills the process and its workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    const [, ...workers] = familyOf(this.pid);
    this.#process.kill("SIGKILL");
    await this.#process.status;
    for (const pid of workers) killIfRunning(pid);
  }
}

/** Kills a process, unless it has ended by itself. */
function killIfRunning(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Returns the process IDs of a process, and of those that it has started. */
function familyOf(pid: number): number[] {
  const children = listOf(`/proc/${pid}/task`, (folder) => [...Deno.readDirSync(folder)])
    .flatMap(({ name }) =>
      listOf(
        `/proc/${pid}/task/${name}/children`,
        (file) => Deno.readTextFileSync(file).split(" ").filter(Boolean),
      )
    );
  return [pid, ...children.map(Number)];
}

/** Reads a list of `/proc`. Returns an empty one if its process or thread has ended. */
function listOf<T>(path: string, read: (path: string) => T[]): T[] {
  try {
    return read(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * Returns the command that runs a program on one processor, so that the server and its load do not
 * take each other's. Returns the same command where there is only one, or no `taskset`.
 */
export function onProcessor(number: number, command: [string, ...string[]]): [string, ...string[]] {
  return isPinned() ? ["taskset", "-c", `${number}`, ...command] : command;
}

let pinned: boolean | undefined;

/** Reports whether programs run on a processor of their own. */
export function isPinned(): boolean {
  pinned ??= navigator.hardwareConcurrency > 1 && isInstalled("taskset");
  return pinned;
}

/** Reports whether a command exists. */
export function isInstalled(command: string): boolean {
  // Where there is no Node, Deno puts itself under that name on the path.
  const isNode = ["-e", "process.exit(process.versions.deno === undefined ? 0 : 1)"];
  const args = command === "node" ? isNode : ["--version"];
  try {
    const { success } = new Deno.Command(command, { args }).outputSync();
    // Some commands, as wrk, print their version and fail.
    return success || command !== "node";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
