const CHUNK = 65536;
const NEWLINE = 10;

/**
 * Reads the lines of a log file. Twisted's `LogReader`.
 *
 * @example
 * ```ts no-eval
 * import { LogFile } from "@torsion/reactor/log";
 *
 * using file = new LogFile("server.log", "/var/log");
 * using reader = file.getCurrentLog();
 * for (const line of reader.readLines(100)) console.log(line.trimEnd());
 * ```
 */
export class LogReader implements Disposable {
  readonly #file: Deno.FsFile;
  /** The bytes that have been read and not returned. */
  #rest: Uint8Array = new Uint8Array();
  #isOpen = true;

  /**
   * Opens a file.
   *
   * @param path The path of the file.
   * @throws {Error} If the file cannot be opened.
   */
  constructor(path: string) {
    this.#file = Deno.openSync(path);
  }

  /**
   * Reads the next lines. The last line of the file may have no newline.
   *
   * @param lines The greatest number of lines.
   * @returns The lines with their newlines; fewer at the end of the file.
   * @throws {Error} If the reader is closed.
   */
  readLines(lines = 10): string[] {
    const result: string[] = [];
    while (result.length < lines) {
      const line = this.#readLine();
      if (line.length === 0) break;
      result.push(new TextDecoder().decode(line));
    }
    return result;
  }

  /** Closes the file. */
  close(): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.close();
  }

  #readLine(): Uint8Array {
    let searched = 0;
    for (;;) {
      const end = this.#rest.indexOf(NEWLINE, searched);
      if (end >= 0) return this.#take(end + 1);
      searched = this.#rest.length;
      const chunk = new Uint8Array(CHUNK);
      const count = this.#file.readSync(chunk);
      if (count === null) return this.#take(searched);
      const joined = new Uint8Array(searched + count);
      joined.set(this.#rest);
      joined.set(chunk.subarray(0, count), searched);
      this.#rest = joined;
    }
  }

  #take(count: number): Uint8Array {
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return taken;
  }
}
