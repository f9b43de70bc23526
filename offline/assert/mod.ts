/**
 * The part of `@std/assert` that this project's tests use, implemented with `node:assert`. Names,
 * signatures and results are the same; only the text of a failure's message may differ.
 *
 * It stands in for the real package where JSR cannot be reached (see `imports` in `deno.json`).
 *
 * @module
 */

export * from "./assertion_error.ts";
export * from "./comparison.ts";
export * from "./equality.ts";
export * from "./errors.ts";
export * from "./inclusion.ts";
export * from "./truth.ts";
