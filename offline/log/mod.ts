/**
 * The part of `@std/log` that this project uses, implemented with the console: loggers, handlers
 * and their configuration. It behaves as the real package documents.
 *
 * It stands in for the real package where JSR cannot be reached (see `imports` in `deno.json`).
 *
 * @module
 */

export * from "./handlers.ts";
export * from "./levels.ts";
export { type GenericFunction, Logger, type LoggerOptions } from "./logger.ts";
// The real package gives the class away as a type alone.
export type { LogRecord } from "./logger.ts";
export * from "./setup.ts";
