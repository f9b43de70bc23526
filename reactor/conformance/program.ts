/**
 * A program in a process of its own, for what is the whole process's: its signals, its end, its reactor.
 *
 * @module
 */

// Far beyond what any program takes: what hangs is killed, and fails with what it has said so far.
const DEADLINE_MS = 60_000;

/** How a program ended. */
export interface ProgramEnd {
  code: number;
  signal: Deno.Signal | null;
  /** All that it said. */
  lines: string[];
  errors: string;
}

/** How a program is started. */
export interface ProgramOptions {
  /**
   * What is run.
   *
   * @default {Deno.execPath()}
   */
  command?: string;
  /**
   * Whether it is given input: {@linkcode Program.say}.
   *
   * @default {false}
   */
  input?: boolean;
  /**
   * What is in its environment beside this process's own.
   *
   * @default {{}}
   */
  environment?: Record<string, string>;
}

/** A running program. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #output: ReadableStreamDefaultReader<string>;
  readonly #errors: Promise<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array> | null;
  readonly #deadline: ReturnType<typeof setTimeout>;
  #partial = "";
  /** What it has said so far. */
  readonly lines: string[] = [];

  /** @param args What `deno`, or the command, gets. It runs in the package's folder. */
  constructor(args: string[], options: ProgramOptions = {}) {
    const { command = Deno.execPath(), input = false, environment = {} } = options;
    this.#child = new Deno.Command(command, {
      args,
      cwd: new URL("../../", import.meta.url),
      env: { NO_COLOR: "1", ...environment },
      stdin: input ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#errors = this.#child.stderr.text();
    this.#input = input ? this.#child.stdin.getWriter() : null;
    this.#deadline = setTimeout(() => this.#kill(), DEADLINE_MS);
  }

  /** A module that may import what this package exports. */
  static evaluate(source: string): Program {
    return new Program(["eval", "--quiet", source]);
  }

  /** Waits for a line that matches, or is the string given. */
  async line(expected: RegExp | string): Promise<RegExpExecArray> {
    const pattern = typeof expected === "string"
      ? new RegExp(`^${RegExp.escape(expected)}$`)
      : expected;
    for (let line = await this.#next(); line !== null; line = await this.#next()) {
      const match = pattern.exec(line);
      if (match !== null) return match;
    }
    const said = [...this.lines, await this.#errors].join("\n");
    throw new Error(`The program ended without a line that matches ${pattern}:\n${said}`);
  }

  /** Writes to its input. */
  async say(text: string): Promise<void> {
    await this.#input?.write(new TextEncoder().encode(text));
  }

  /** Ends its input. */
  async endInput(): Promise<void> {
    await this.#input?.close();
  }

  /** Sends it a signal. */
  send(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits until it has ended by itself. */
  async end(): Promise<ProgramEnd> {
    while (await this.#next() !== null);
    const { code, signal } = await this.#child.status;
    return { code, signal, lines: this.lines, errors: await this.#errors };
  }

  /** Kills it, if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#deadline);
    this.#kill();
    // Its input is closed with it; a pipe that it left unread says so.
    await this.#input?.abort().catch(() => {});
    await this.end();
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended, as it should.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  async #next(): Promise<string | null> {
    let end = this.#partial.indexOf("\n");
    while (end < 0) {
      const { done, value } = await this.#output.read();
      if (done) return null;
      this.#partial += value;
      end = this.#partial.indexOf("\n");
    }
    const line = this.#partial.slice(0, end);
    this.#partial = this.#partial.slice(end + 1);
    this.lines.push(line);
    return line;
  }
}

/** Runs a program until it ends by itself. */
export async function runProgram(source: string): Promise<ProgramEnd> {
  await using program = Program.evaluate(source);
  return await program.end();
}
