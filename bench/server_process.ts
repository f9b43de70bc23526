/**
 * A server in its own process, with the system's figures about that process. Linux only: it reads
 * /proc.
 *
 * @module
 */

// USER_HZ, the unit of the times in /proc/PID/stat: 100 on every Linux that Deno runs on.
const TICKS_PER_SECOND = 100;

/** The processor on which servers run; the load generator has another one. */
const SERVER_PROCESSOR = 0;

/** A program that prints its port when it listens. */
export interface ServerProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** Matches the output when the server listens; its group is the port. */
  readonly ready?: RegExp;
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
    const { ready = /(?:listening|starting) on .*?(\d+)\n/ } = program;
    const [command, ...args] = onProcessor(SERVER_PROCESSOR, [program.command, ...program.args]);
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

  /** Returns the processor time that the process has used, system calls included, in seconds. */
  cpuSeconds(): number {
    const stat = Deno.readTextFileSync(`/proc/${this.pid}/stat`);
    // After the command's name in brackets: fields 14 and 15 are utime and stime, proc(5).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** Returns the resident memory in KiB. */
  residentKiB(): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
  }

  /** Kills the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
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
