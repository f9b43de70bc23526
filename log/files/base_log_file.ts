import { messageOf } from "../../internal/foreign_value.ts";
import { checkString } from "../../internal/validation.ts";
import type { SyncWriter } from "../sync_writer.ts";
import { LogReader } from "./log_reader.ts";

/** Options of every log file. */
export interface LogFileOptions {
  /**
   * The mode of new files, such as `0o640`.
   *
   * @default {undefined} The mode of the existing file; for a new one, that of the process's umask.
   */
  defaultMode?: number | undefined;
}

const encoder = new TextEncoder();

/**
 * The base class of log files that rotate. Twisted's `BaseLogFile`. A log file is a target of
 * `startLogging()`.
 *
 * Each write appends at once, so that several processes can share a file that none of them rotates.
 * It needs `--allow-read` and `--allow-write` for the directory.
 */
export abstract class BaseLogFile implements SyncWriter, Disposable {
  /** The name of the file. */
  readonly name: string;
  /** The path of the directory. */
  readonly directory: string;
  /** The path of the file. */
  readonly path: string;
  /** The mode of new files; `undefined` for that of the process's umask. */
  readonly defaultMode: number | undefined;
  /** The open file; `null` after {@linkcode close}, and while a rotation cannot open a file. */
  #file: Deno.FsFile | null = null;
  #isClosed = false;
  #size = 0;
  #lastModified: Date | null = null;

  /**
   * Opens a log file, or creates it.
   *
   * @param name The name of the file.
   * @param directory The path of the directory, which exists.
   * @param options The mode of new files.
   * @throws {Error} If the file cannot be opened.
   * @throws {TypeError} If the name or the directory is not a string.
   */
  constructor(name: string, directory: string, options: LogFileOptions = {}) {
    checkString("the name of a log file", name);
    checkString("the directory of a log file", directory);
    this.name = name;
    this.directory = directory;
    this.path = `${directory.replace(/(?<=.)[\\/]$/, "")}/${name}`;
    this.defaultMode = options.defaultMode ?? statOf(this.path)?.mode ?? undefined;
    this.#file = this.#open();
  }

  /** Whether {@linkcode close} was called. */
  get closed(): boolean {
    return this.#isClosed;
  }

  /** The size of the file in bytes: that when it was opened, and what has been written since. */
  get size(): number {
    return this.#size;
  }

  /** The time of the last change before the file was opened; `null` if the system has none. */
  protected get lastModified(): Date | null {
    return this.#lastModified;
  }

  /** Returns whether the file rotates before the next write. */
  abstract shouldRotate(): boolean;

  /** Renames the files that the rotation keeps. The file is closed meanwhile. */
  protected abstract renameFiles(): void;

  /**
   * Appends to the file, and rotates it first if that is due.
   *
   * @param data Bytes, or text, which is written as UTF-8.
   * @throws {Error} If the file is closed, or the system refuses to write or to rotate. If only the
   *   rotation fails, the data has been written to the current file.
   */
  write(data: Uint8Array | string): void {
    this.writeSync(typeof data === "string" ? encoder.encode(data) : data);
  }

  /**
   * Appends bytes to the file as {@linkcode write} does. For `startLogging()`.
   *
   * @param data The bytes. All of them are written.
   * @returns The number of bytes.
   * @throws {Error} As {@linkcode write}.
   */
  writeSync(data: Uint8Array): number {
    this.#opened("write to");
    let failure: unknown = null;
    try {
      if (this.shouldRotate()) this.rotate();
    } catch (error) {
      failure = error;
    }
    const file = this.#opened("write to");
    for (let written = 0; written < data.length;) written += file.writeSync(data.subarray(written));
    this.#size += data.length;
    if (failure !== null) throw failure;
    return data.length;
  }

  /**
   * Rotates the file: renames it, and creates a new one. Twisted's `rotate()` ignores a directory
   * without write permission.
   *
   * @throws {Error} If the file is closed, or the system refuses. The current file stays in use. If
   *   it cannot be opened again either, the next call tries to open it.
   */
  rotate(): void {
    this.#opened("rotate").close();
    this.#file = null;
    try {
      this.renameFiles();
    } catch (error) {
      throw new Error(`Cannot rotate ${this.path}: ${messageOf(error)}`, { cause: error });
    } finally {
      this.#file = this.#open();
    }
  }

  /**
   * Opens the file anew, for a tool such as logrotate that has renamed it. If the new file cannot
   * be opened, the old one stays in use.
   *
   * @throws {Error} If the file is closed or cannot be opened.
   *
   * @example
   * ```ts no-eval
   * import { log, reactor } from "@torsion/reactor";
   *
   * const file = new log.LogFile("server.log", "/var/log", { rotateLength: null });
   * log.startLogging(file);
   * reactor.addSignalHandler("SIGHUP", () => file.reopen());
   * ```
   */
  reopen(): void {
    const previous = this.#opened("reopen");
    this.#file = this.#open();
    previous.close();
  }

  /** Closes the file. Later writes throw. */
  close(): void {
    this.#isClosed = true;
    this.#file?.close();
    this.#file = null;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Opens the current file for reading.
   *
   * @returns The reader.
   * @throws {Error} If the file cannot be opened.
   */
  getCurrentLog(): LogReader {
    return new LogReader(this.path);
  }

  #opened(verb: string): Deno.FsFile {
    if (this.#isClosed) throw new Error(`Cannot ${verb} ${this.path}: the log file is closed`);
    return this.#file ??= this.#open();
  }

  #open(): Deno.FsFile {
    const mode = this.defaultMode === undefined ? {} : { mode: this.defaultMode & 0o777 };
    const isNew = statOf(this.path) === null;
    const file = Deno.openSync(this.path, { append: true, create: true, ...mode });
    try {
      const info = file.statSync();
      // The umask may have removed bits of the mode. A device, such as /dev/null, keeps its mode.
      if (isNew && mode.mode !== undefined && info.isFile && Deno.build.os !== "windows") {
        Deno.chmodSync(this.path, mode.mode);
      }
      this.#size = info.size;
      this.#lastModified = info.mtime;
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }
}

/** Returns the state of a file; null if it does not exist. */
export function statOf(path: string): Deno.FileInfo | null {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/**
 * Splits a path for the constructor of a log file.
 *
 * @param path The path of a file.
 * @returns The name and the directory.
 */
export function splitPath(path: string): [name: string, directory: string] {
  const cut = path.search(/[\\/][^\\/]*$/);
  if (cut < 0) return [path, "."];
  return [path.slice(cut + 1), path.slice(0, Math.max(cut, 1))];
}
