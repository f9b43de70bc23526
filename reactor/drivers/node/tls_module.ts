/**
 * `node:tls` and what it stands on, loaded when TLS is first asked for: a program that never needs
 * it starts 30 ms sooner.
 *
 * @module
 */

/** Loads `node:tls`, at once. */
export function tlsModule(): typeof import("node:tls") {
  return globalThis.process.getBuiltinModule("node:tls");
}

/** Loads `node:stream`, at once. */
export function streamModule(): typeof import("node:stream") {
  return globalThis.process.getBuiltinModule("node:stream");
}

/** Loads `node:crypto`, at once. */
export function cryptoModule(): typeof import("node:crypto") {
  return globalThis.process.getBuiltinModule("node:crypto");
}
