import { wallClockSeconds } from "../../log/wall_clock.ts";
import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { Protocol } from "../protocol.ts";

/**
 * Sends the time in UTC as a line, such as `Thu Jan  1 00:00:00 1970`, and closes the connection
 * (RFC 867). Twisted's `Daytime`.
 *
 * @typeParam F The factory.
 *
 * @example
 * ```ts
 * import { Factory } from "@torsion/reactor/protocol";
 * import { Daytime } from "@torsion/reactor/wire";
 *
 * const factory = Factory.forProtocol(Daytime);
 * ```
 */
export class Daytime<F extends IProtocolFactory = IProtocolFactory> extends Protocol<F> {
  /** Sends the date and the time, and closes the connection. */
  override connectionMade(): void {
    this.transport.write(`${asctime(new Date(wallClockSeconds() * 1000))}\r\n`);
    this.transport.loseConnection();
  }
}

/** Formats a date as C's `asctime()` does, whose day of the month is padded with a space. */
function asctime(date: Date): string {
  // `Thu, 01 Jan 1970 00:00:00 GMT`
  const [weekday = "", , month, year, time] = date.toUTCString().split(" ");
  const day = String(date.getUTCDate()).padStart(2);
  return `${weekday.slice(0, 3)} ${month} ${day} ${time} ${year}`;
}
