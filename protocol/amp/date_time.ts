import { Argument } from "./argument.ts";
import { decodeText, encodeText } from "./short_text.ts";
import { notA } from "./errors.ts";
import { checkInteger, quote } from "../../internal/validation.ts";

const MINUTE = 60_000;
const FORMAT =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})(\d{3})([+-])([01]\d|2[0-3]):([0-5]\d)$/;

/** Options of an {@linkcode OffsetDateTime}. */
export interface OffsetDateTimeOptions {
  /**
   * The microseconds after the millisecond of the date, from 0 to 999.
   *
   * @default {0}
   */
  microseconds?: number | undefined;
  /**
   * The minutes by which the local time is ahead of UTC, from -1439 to 1439.
   *
   * @default {0}
   */
  offset?: number | undefined;
}

/**
 * A point in time with microseconds and a fixed offset from UTC: what AMP transmits, and a Python
 * `datetime` with a time zone contains. A `Date` has neither the microseconds nor the offset.
 *
 * @example
 * ```ts
 * import { OffsetDateTime } from "@torsion/reactor/amp";
 *
 * const time = new OffsetDateTime(new Date("2012-01-23T11:34:56.054Z"), {
 *   microseconds: 321,
 *   offset: 60,
 * });
 * console.log(`${time}`); // 2012-01-23T12:34:56.054321+01:00
 * ```
 */
export class OffsetDateTime {
  /** The point in time, in milliseconds. */
  readonly date: Date;
  /** The microseconds after the millisecond of the date, from 0 to 999. */
  readonly microseconds: number;
  /** The minutes by which the local time is ahead of UTC. */
  readonly offset: number;

  /**
   * Creates a point in time.
   *
   * @param date The point in time. Its local time must be in the years from 1 to 9999.
   * @param options The microseconds and the offset.
   * @throws {RangeError} when the date is invalid, or an option is out of range.
   */
  constructor(date: Date, options: OffsetDateTimeOptions = {}) {
    const { microseconds = 0, offset = 0 } = options;
    checkInteger("microseconds", microseconds, 0, 999);
    checkInteger("offset", offset, -1439, 1439);
    this.date = new Date(date);
    this.microseconds = microseconds;
    this.offset = offset;
    const year = this.#local().getUTCFullYear();
    if (!(year >= 1 && year <= 9999)) {
      throw new RangeError(
        `The date must be valid, and in the years from 1 to 9999, got ${quote(date)}`,
      );
    }
  }

  /**
   * Reads the text that {@linkcode toString} returns.
   *
   * @param text The text, of 32 characters.
   * @returns The point in time.
   * @throws {RangeError} when the text has another form, or its date does not exist.
   */
  static parse(text: string): OffsetDateTime {
    const match = FORMAT.exec(text);
    if (match === null) throw new RangeError(`expected a date and time, got ${quote(text)}`);
    const [, year, month, day, hour, minute, second, ms, microseconds, sign, hours, minutes] =
      match;
    const offset = Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes));
    const local = `${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}`;
    const time = Date.parse(`${local}Z`);
    // Date.parse() accepts 31 February, and 24:00.
    const exists = !Number.isNaN(time) && new Date(time).toISOString() === `${local}Z`;
    if (!exists) throw new RangeError(`expected a date that exists, got ${quote(text)}`);
    return new OffsetDateTime(new Date(time - offset * MINUTE), {
      microseconds: Number(microseconds),
      offset,
    });
  }

  /**
   * Returns the local time and the offset in ISO 8601, with microseconds. As in Twisted, the offset
   * of UTC itself is `-00:00`.
   *
   * @returns The text, of 32 characters.
   */
  toString(): string {
    const local = this.#local().toISOString().slice(0, -1);
    const sign = this.offset > 0 ? "+" : "-";
    const size = Math.abs(this.offset);
    const [hours, minutes] = [Math.floor(size / 60), size % 60].map((n) => pad(n, 2));
    return `${local}${pad(this.microseconds, 3)}${sign}${hours}:${minutes}`;
  }

  /** The local time, as if it were UTC. */
  #local(): Date {
    return new Date(this.date.getTime() + this.offset * MINUTE);
  }
}

function pad(n: number, digits: number): string {
  return `${n}`.padStart(digits, "0");
}

class DateTimeArgument extends Argument<OffsetDateTime, OffsetDateTime | Date> {
  override encode(value: OffsetDateTime | Date): Uint8Array {
    if (value instanceof OffsetDateTime) return encodeText(`${value}`);
    if (value instanceof Date) return encodeText(`${new OffsetDateTime(value)}`);
    throw notA("an OffsetDateTime or a Date", value);
  }

  override decode(bytes: Uint8Array): OffsetDateTime {
    return OffsetDateTime.parse(decodeText(bytes));
  }
}

/**
 * A point in time with an offset from UTC. A `Date` can be sent, too; its offset is that of UTC.
 * Twisted's `DateTime`, for a `datetime` with a time zone.
 */
export const DateTime: Argument<OffsetDateTime, OffsetDateTime | Date> = new DateTimeArgument();
