/**
 * A server in its own process, with the system's figures about that process. Linux only: it reads
 * /proc.
 *
 * @module
 */

// USER_HZ, the unit of the times in /proc/PID/stat: 100 on every Linux that Deno runs on.
const TICKS_PER_SECOND = 100;

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
   * Starts `deno run --allow-net FILE 0 ARGS`, and waits until the program has printed its port.
   *
   * @param file The program, relative to this folder.
   * @param flags More flags for `deno run`.
   * @param args More arguments for the program, after the port.
   * @returns The running server.
   * @throws {Error} If the program exits without printing its port.
   */
  static async start(
    file: string,
    flags: string[] = [],
    args: string[] = [],
  ): Promise<ServerProcess> {
    const path = new URL(file, import.meta.url).pathname;
    const command = ["run", "--allow-net", ...flags, path, "0", ...args];
    return await ServerProcess.startCommand(Deno.execPath(), command);
  }

  /**
   * Starts a program, and waits until it has printed its port.
   *
   * @param command The executable.
   * @param args Its arguments.
   * @param pattern Matches the output when the server listens; its group is the port.
   * @returns The running server.
   * @throws {Error} If the program exits without printing its port.
   */
  static async startCommand(
    command: string,
    args: string[],
    pattern: RegExp = /(?:listening|starting) on .*?(\d+)\n/,
  ): Promise<ServerProcess> {
    const process = new Deno.Command(command, { args, stdout: "piped" }).spawn();
    let output = "";
    // The stream stays open: the server could not write to a closed one.
    for await (
      const text of process.stdout.pipeThrough(new TextDecoderStream()).values({
        preventCancel: true,
      })
    ) {
      output += text;
      const port = pattern.exec(output)?.[1];
      if (port !== undefined) return new ServerProcess(process, Number(port));
    }
    throw new Error(
      `${[command, ...args].join(" ")} exited before it listened; its output was ` +
        JSON.stringify(output),
    );
  }

  /** Returns the processor time that the process has used, system calls included, in seconds. */
  cpuSeconds(): number {
    const stat = Deno.readTextFileSync(`/proc/${this.#process.pid}/stat`);
    // After the command's name in brackets: fields 14 and 15 are utime and stime, proc(5).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** Returns the resident memory in KiB. */
  residentKiB(): number {
    const status = Deno.readTextFileSync(`/proc/${this.#process.pid}/status`);
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
  }

  /** Kills the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }
}

/** Returns the median. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
