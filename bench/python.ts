/**
 * The side of a comparison that runs in Debian's Python.
 *
 * @module
 */

import type { TableRecorder } from "./measure.ts";

/** Debian's Python, which may stand beside another that comes first on the PATH. */
export const PYTHON = "/usr/bin/python3";

/** Reports whether Twisted is installed. Records its absence. */
export async function hasTwisted(recorder: TableRecorder): Promise<boolean> {
  const isInstalled = await canImport("twisted");
  if (!isInstalled) recorder.missing.push("Twisted: python3-twisted is not installed");
  return isInstalled;
}

/** Reports whether Debian's Python has a module. */
export async function canImport(module: string): Promise<boolean> {
  try {
    const command = new Deno.Command(PYTHON, { args: ["-c", `import ${module}`], stderr: "null" });
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * A script that measures a round for each line of its standard input, and prints its results as
 * numbers.
 */
export class PythonProgram implements AsyncDisposable {
  readonly #script: string;
  readonly #file: string;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;

  private constructor(script: string, file: string, process: Deno.ChildProcess) {
    this.#script = script;
    this.#file = file;
    this.#process = process;
    this.#input = process.stdin.getWriter();
    this.#lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /**
   * Starts a script with a file of input.
   *
   * @param script The path of the script, relative to this folder.
   * @param input The contents of the file.
   * @param args The arguments of the script; `FILE` stands for the path of the file.
   */
  static async start(script: string, input: Uint8Array, args: string[]): Promise<PythonProgram> {
    const file = await Deno.makeTempFile();
    await Deno.writeFile(file, input);
    const path = new URL(script, import.meta.url).pathname;
    const command = new Deno.Command(PYTHON, {
      args: [path, ...args.map((arg) => arg === "FILE" ? file : arg)],
      stdin: "piped",
      stdout: "piped",
    });
    return new PythonProgram(script, file, command.spawn());
  }

  /** Runs a round. Returns the numbers that the script prints. */
  async round(): Promise<number[]> {
    await this.#input.write(new TextEncoder().encode("\n"));
    let line = "";
    while (!line.endsWith("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`${this.#script} has failed`);
      line += value;
    }
    return line.trim().split(" ").map(Number);
  }

  /** Ends the script, and removes its file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#process.status;
    await this.#lines.cancel();
    await Deno.remove(this.#file);
  }
}
