/**
 * A server in a process of its own, and what the system says of that process. Linux only: it reads
 * /proc.
 *
 * @module
 */

// USER_HZ, the unit of the times in /proc/PID/stat: 100 on every Linux that Deno runs on.
const TICKS_PER_SECOND = 100;

/** A server, started on a free port. */
export class ServerProcess implements AsyncDisposable {
  /** The port it listens on. */
  readonly port: number;
  readonly #process: Deno.ChildProcess;

  private constructor(process: Deno.ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  /**
   * Starts `deno run --allow-net FILE 0 ARGS`, and waits until it has said where it listens.
   *
   * @param file The program, as seen from this folder.
   * @param flags More for `deno run`.
   * @param args More for the program, behind the port.
   * @throws {Error} when it ends without saying so.
   */
  static async start(
    file: string,
    flags: string[] = [],
    args: string[] = [],
  ): Promise<ServerProcess> {
    const path = new URL(file, import.meta.url).pathname;
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-net", ...flags, path, "0", ...args],
      stdout: "piped",
    }).spawn();
    let said = "";
    // The stream is kept: with its reader gone, the server could not write any more.
    for await (
      const text of process.stdout.pipeThrough(new TextDecoderStream()).values({
        preventCancel: true,
      })
    ) {
      said += text;
      const port = /(?:listening|starting) on .*?(\d+)\n/.exec(said)?.[1];
      if (port !== undefined) return new ServerProcess(process, Number(port));
    }
    throw new Error(`${file} ended before it listened; it said ${JSON.stringify(said)}`);
  }

  /** Processor time it has used, its system calls included, in seconds. */
  cpuSeconds(): number {
    const stat = Deno.readTextFileSync(`/proc/${this.#process.pid}/stat`);
    // Behind the command's name in brackets: fields 14 and 15 are utime and stime, proc(5).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** Resident memory, in KiB. */
  residentKiB(): number {
    const status = Deno.readTextFileSync(`/proc/${this.#process.pid}/status`);
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]);
  }

  /** Kills it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }
}

/** The middle value. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
