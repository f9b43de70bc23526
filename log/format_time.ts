/**
 * Formats a time as Twisted's log does, in the local time zone: `2010-08-19 01:43:49+0000`.
 *
 * @param seconds Seconds since the epoch.
 * @returns The text; `"-"` for a value that is not a time.
 *
 * @example
 * ```ts
 * import { formatTime } from "@torsion/reactor/log";
 *
 * formatTime(1282182229); // "2010-08-19 01:43:49+0000" where the time zone is UTC
 * ```
 */
export function formatTime(seconds: number): string {
  // JavaScript callers can set the time of an event to any value. A value that is not a valid time
  // is shown as "-".
  const date = new Date(typeof seconds === "number" ? seconds * 1000 : NaN);
  if (Number.isNaN(date.getTime())) return "-";
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}${offsetText(-date.getTimezoneOffset())}`;
}

/** Formats an offset, in minutes east of Greenwich, as `+0530`. */
function offsetText(minutes: number): string {
  const whole = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(whole / 60))}${two(Math.floor(whole % 60))}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
