/**
 * Checks on what callers hand in. Each error names the parameter, what is required, and the value found.
 *
 * @module
 */

import { checkFunction, quote } from "./foreign_value.ts";

export { checkFunction, quote };

/** Throws unless `value` is a finite number, which may be negative. */
export function checkFinite(name: string, value: unknown): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number of seconds, got ${quote(value)}`);
  }
  if (!Number.isFinite(value)) {
    throw new RangeError(`${name} must be a finite number of seconds, got ${value}`);
  }
}

/** Throws unless `value` is a delay: a finite number of seconds, zero or more. */
export function checkDelay(name: string, value: unknown): void {
  // One comparison on the way that every timed call takes; NaN, Infinity and other types fail it too.
  if (typeof value === "number" && value >= 0 && value < Infinity) return;
  checkFinite(name, value);
  throw new RangeError(`${name} must be zero or more seconds, got ${value}`);
}

/**
 * Throws unless a moment on a clock is finite: delays that are finite each may have a sum that is not.
 *
 * @param name The parameter that leads to the moment.
 * @param seconds Its value.
 * @param moment The moment, in seconds on the clock.
 * @returns The moment.
 */
export function checkMoment(name: string, seconds: number, moment: number): number {
  if (Number.isFinite(moment)) return moment;
  throw new RangeError(`${name} must lead to a finite time, got ${seconds}`);
}

/** Throws unless `value` is an integer from `min` to `max`. */
export function checkInteger(name: string, value: unknown, min: number, max: number): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number, got ${quote(value)}`);
  }
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer from ${min} to ${max}, got ${value}`);
  }
}

/** Throws unless `value` is a string. */
export function checkString(name: string, value: unknown): void {
  if (typeof value !== "string") {
    throw new TypeError(`${name} must be a string, got ${quote(value)}`);
  }
}

/** Throws unless `value` is a bound: an integer from `min`, or Infinity. */
export function checkBound(name: string, value: unknown, min: number): void {
  if (value === Infinity) return;
  checkInteger(name, value, min, Number.MAX_SAFE_INTEGER);
}

/** Throws unless `value` is an idle time of keep-alive probes: the most is Linux's (tcp(7)). */
export function checkKeepAliveIdle(name: string, value: unknown): void {
  checkInteger(name, value, 1, 32767);
}
