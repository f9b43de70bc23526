/**
 * Checks arguments. Each error names the parameter, the requirement and the value.
 *
 * @module
 */

import { checkFunction, quote } from "./foreign_value.ts";

export { checkFunction, quote };

/** Throws unless `value` is a finite number of seconds. It may be negative. */
export function checkFinite(name: string, value: unknown): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number of seconds, got ${quote(value)}`);
  }
  if (!Number.isFinite(value)) {
    throw new RangeError(`${name} must be a finite number of seconds, got ${value}`);
  }
}

/** Throws unless `value` is a delay: a finite number of seconds, at least 0. */
export function checkDelay(name: string, value: unknown): void {
  // This check runs for every timed call, so a valid delay costs only these comparisons. NaN,
  // Infinity and values of other types fail the comparisons and get an error below.
  if (typeof value === "number" && value >= 0 && value < Infinity) return;
  checkFinite(name, value);
  throw new RangeError(`${name} must be zero or more seconds, got ${value}`);
}

/** Throws unless `value` is a period: a finite number of seconds, more than 0. */
export function checkPeriod(name: string, value: unknown): void {
  checkDelay(name, value);
  if (value === 0) throw new RangeError(`${name} must be more than 0 seconds, got 0`);
}

/** Throws unless `value` is a timeout: zero or more seconds, or Infinity for no timeout. */
export function checkTimeout(name: string, value: unknown): void {
  if (value !== Infinity) checkDelay(name, value);
}

/**
 * Throws unless a time on a clock is finite: the sum of finite delays may be infinite.
 *
 * @param name The parameter that determines the time.
 * @param seconds The value of that parameter, in seconds.
 * @param moment The time, in seconds on the clock.
 * @returns `moment`.
 */
export function checkMoment(name: string, seconds: number, moment: number): number {
  if (Number.isFinite(moment)) return moment;
  throw new RangeError(`${name} must result in a finite time, got ${seconds}`);
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

/** Throws unless `value` is a limit: an integer of at least `min`, or Infinity. */
export function checkBound(name: string, value: unknown, min: number): void {
  if (value === Infinity) return;
  checkInteger(name, value, min, Number.MAX_SAFE_INTEGER);
}

/** The smallest rate: one in 32 years. The reciprocals of the smallest numbers are infinite. */
const SMALLEST_RATE = 1e-9;

/** Throws unless `value` is a rate: a number per second, more than 0, or Infinity for no limit. */
export function checkRate(name: string, value: unknown): void {
  if (typeof value !== "number") {
    throw new TypeError(`${name} must be a number per second, got ${quote(value)}`);
  }
  if (value >= SMALLEST_RATE) return;
  const least = value > 0 ? `at least ${SMALLEST_RATE}` : "more than 0";
  throw new RangeError(`${name} must be ${least} per second, got ${value}`);
}

/**
 * Throws unless `value` is an idle time of keep-alive probes, in seconds. The greatest value is
 * Linux's (tcp(7)).
 */
export function checkKeepAliveIdle(name: string, value: unknown): void {
  checkInteger(name, value, 1, 32767);
}
