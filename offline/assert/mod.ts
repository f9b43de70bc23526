/**
 * The part of `@std/assert` that this project's tests use, on top of `node:assert`: same names,
 * same signatures, same verdicts; only the wording of a failure's message may differ.
 *
 * It stands in for the real package where JSR cannot be reached (see `links` in `deno.json`).
 *
 * @module
 */

export * from "./assertion_error.ts";
export * from "./comparison.ts";
export * from "./equality.ts";
export * from "./errors.ts";
export * from "./inclusion.ts";
export * from "./truth.ts";
