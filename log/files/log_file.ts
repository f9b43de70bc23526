import { checkInteger } from "../../internal/validation.ts";
import { BaseLogFile, type LogFileOptions, splitPath, statOf } from "./base_log_file.ts";
import { LogReader } from "./log_reader.ts";

/** Options of {@linkcode LogFile}. */
export interface SizedLogFileOptions extends LogFileOptions {
  /**
   * The size in bytes from which the file rotates before a write; `null` if it never does.
   *
   * @default {1000000}
   */
  rotateLength?: number | null | undefined;
  /**
   * The number of old files that are kept; `null` for all of them.
   *
   * @default {null}
   */
  maxRotatedFiles?: number | null | undefined;
}

/**
 * A log file that rotates by its size: `server.log` becomes `server.log.1`, which becomes
 * `server.log.2`, and so on. Twisted's `LogFile`.
 *
 * @example
 * ```ts no-eval
 * import { LogFile, startLogging } from "@torsion/reactor/log";
 *
 * startLogging(new LogFile("server.log", "/var/log", { maxRotatedFiles: 9 }));
 * ```
 */
export class LogFile extends BaseLogFile {
  /** The size in bytes from which the file rotates; `null` if it never does. */
  readonly rotateLength: number | null;
  /** The number of old files that are kept; `null` for all of them. */
  readonly maxRotatedFiles: number | null;

  /**
   * Opens a log file, or creates it.
   *
   * @param name The name of the file.
   * @param directory The path of the directory, which exists.
   * @param options The limits and the mode of new files.
   * @throws {Error} If the file cannot be opened.
   * @throws {RangeError} If a limit is not a positive integer.
   */
  constructor(name: string, directory: string, options: SizedLogFileOptions = {}) {
    const { rotateLength = 1_000_000, maxRotatedFiles = null } = options;
    if (rotateLength !== null) {
      checkInteger("LogFile() rotateLength", rotateLength, 1, Number.MAX_SAFE_INTEGER);
    }
    if (maxRotatedFiles !== null) {
      checkInteger("LogFile() maxRotatedFiles", maxRotatedFiles, 1, Number.MAX_SAFE_INTEGER);
    }
    super(name, directory, options);
    this.rotateLength = rotateLength;
    this.maxRotatedFiles = maxRotatedFiles;
  }

  /**
   * Opens a log file, or creates it.
   *
   * @param path The path of the file.
   * @param options The limits and the mode of new files.
   * @returns The log file.
   * @throws {Error} If the file cannot be opened.
   */
  static fromFullPath(path: string, options?: SizedLogFileOptions): LogFile {
    return new LogFile(...splitPath(path), options);
  }

  /** Returns whether the file has reached its greatest size. */
  override shouldRotate(): boolean {
    return this.rotateLength !== null && this.size >= this.rotateLength;
  }

  /**
   * Returns the numbers of the old files, in ascending order: 1 is the newest.
   *
   * @throws {Error} If the directory cannot be read.
   */
  listLogs(): number[] {
    const prefix = `${this.name}.`;
    return [...Deno.readDirSync(this.directory)]
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name }) => name.slice(prefix.length))
      .filter((suffix) => /^[1-9]\d*$/.test(suffix))
      .map(Number)
      .toSorted((a, b) => a - b);
  }

  /**
   * Opens an old file for reading.
   *
   * @param identifier The number of the file: 1 is the newest.
   * @returns The reader.
   * @throws {Error} If the file does not exist or cannot be opened.
   */
  getLog(identifier: number): LogReader {
    return new LogReader(`${this.path}.${identifier}`);
  }

  /** Adds 1 to the number of each old file, and removes those that are too many. */
  protected override renameFiles(): void {
    for (const number of this.listLogs().toReversed()) {
      const old = `${this.path}.${number}`;
      if (this.maxRotatedFiles !== null && number >= this.maxRotatedFiles) Deno.removeSync(old);
      else Deno.renameSync(old, `${this.path}.${number + 1}`);
    }
    // Another tool may have moved the file away.
    if (statOf(this.path) !== null) Deno.renameSync(this.path, `${this.path}.1`);
  }
}
