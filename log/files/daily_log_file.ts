import { wallClockSeconds } from "../wall_clock.ts";
import { BaseLogFile, type LogFileOptions, splitPath, statOf } from "./base_log_file.ts";
import { LogReader } from "./log_reader.ts";

/** A day: the year, the month from 1 to 12, and the day of the month. */
export type LogDate = readonly [year: number, month: number, day: number];

/**
 * A log file that rotates when the day changes: the file of December 1 becomes
 * `server.log.2026_12_1` before the first write of another day. Twisted's `DailyLogFile`.
 *
 * If the file of that day exists already, the current file stays in use until the next day, as in
 * Twisted.
 *
 * @example In UTC
 * ```ts no-eval
 * import { DailyLogFile, startLogging } from "@torsion/reactor/log";
 *
 * class UTCLogFile extends DailyLogFile {
 *   override toDate(seconds = Date.now() / 1000) {
 *     const date = new Date(seconds * 1000);
 *     return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()] as const;
 *   }
 * }
 *
 * startLogging(new UTCLogFile("server.log", "/var/log"));
 * ```
 */
export class DailyLogFile extends BaseLogFile {
  #lastDate: LogDate;

  /**
   * Opens a log file, or creates it.
   *
   * @param name The name of the file.
   * @param directory The path of the directory, which exists.
   * @param options The mode of new files.
   * @throws {Error} If the file cannot be opened.
   */
  constructor(name: string, directory: string, options: LogFileOptions = {}) {
    super(name, directory, options);
    this.#lastDate = this.#dateOfFile();
  }

  /**
   * Opens a log file, or creates it.
   *
   * @param path The path of the file.
   * @param options The mode of new files.
   * @returns The log file.
   * @throws {Error} If the file cannot be opened.
   */
  static fromFullPath(path: string, options?: LogFileOptions): DailyLogFile {
    return new DailyLogFile(...splitPath(path), options);
  }

  /** The day of the last write. */
  get lastDate(): LogDate {
    return this.#lastDate;
  }

  /** Returns whether the day of the last write has passed. */
  override shouldRotate(): boolean {
    return isLater(this.toDate(), this.#lastDate);
  }

  /**
   * Returns the day of a time, in the local time zone. Override it for another time zone.
   *
   * @param seconds Seconds since 1970; by default those of the current time.
   */
  toDate(seconds: number = wallClockSeconds()): LogDate {
    const date = new Date(seconds * 1000);
    return [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  }

  /**
   * Returns the end of an old file's name.
   *
   * @param date A day, or a time in seconds since 1970.
   */
  suffix(date: LogDate | number): string {
    return (typeof date === "number" ? this.toDate(date) : date).join("_");
  }

  /**
   * Opens the file of a day for reading.
   *
   * @param time A time on that day, in seconds since 1970.
   * @returns The reader.
   * @throws {Error} If the file does not exist or cannot be opened.
   */
  getLog(time: number): LogReader {
    const suffix = this.suffix(time);
    if (suffix === this.suffix(this.#lastDate)) return this.getCurrentLog();
    return new LogReader(`${this.path}.${suffix}`);
  }

  /**
   * Writes data, after a rotation if a new day has begun.
   *
   * @param data The bytes.
   * @returns The number of bytes written.
   */
  override writeSync(data: Uint8Array): number {
    try {
      return super.writeSync(data);
    } finally {
      // The time may have been set back to the day before.
      const date = this.toDate();
      if (isLater(date, this.#lastDate)) this.#lastDate = date;
    }
  }

  /** Opens the file again, and takes the day of its last change. */
  override reopen(): void {
    super.reopen();
    this.#lastDate = this.#dateOfFile();
  }

  /** Appends the day of the last write to the name of the file. */
  protected override renameFiles(): void {
    const old = `${this.path}.${this.suffix(this.#lastDate)}`;
    if (statOf(old) === null && statOf(this.path) !== null) Deno.renameSync(this.path, old);
  }

  #dateOfFile(): LogDate {
    // A file without content has nothing to rotate.
    const { lastModified } = this;
    return this.size === 0 || lastModified === null
      ? this.toDate()
      : this.toDate(lastModified.getTime() / 1000);
  }
}

function isLater(date: LogDate, than: LogDate): boolean {
  const [year, month, day] = date;
  return year !== than[0] ? year > than[0] : month !== than[1] ? month > than[1] : day > than[2];
}
