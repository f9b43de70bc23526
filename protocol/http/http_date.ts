import { wallClockSeconds } from "../../log/wall_clock.ts";

/** The second of {@linkcode text}, as a number of seconds since 1970. */
let second = NaN;
let text = "";

/** Returns the time as a `Date` field has it: `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function httpDate(): string {
  const now = Math.floor(wallClockSeconds());
  if (now !== second) {
    second = now;
    text = new Date(now * 1000).toUTCString();
  }
  return text;
}
