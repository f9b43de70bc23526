/**
 * The modules of node that this library uses. Each is loaded on first use: a program that needs
 * neither `node:net` nor `node:tls` starts 20 to 50 ms sooner.
 *
 * @module
 */

/** Loads `node:net` synchronously. */
export function netModule(): typeof import("node:net") {
  return globalThis.process.getBuiltinModule("node:net");
}

/** Loads `node:tls` synchronously. */
export function tlsModule(): typeof import("node:tls") {
  return globalThis.process.getBuiltinModule("node:tls");
}

/** Loads `node:stream` synchronously. */
export function streamModule(): typeof import("node:stream") {
  return globalThis.process.getBuiltinModule("node:stream");
}

/** Loads `node:crypto` synchronously. */
export function cryptoModule(): typeof import("node:crypto") {
  return globalThis.process.getBuiltinModule("node:crypto");
}

/** Loads `node:zlib` synchronously. */
export function zlibModule(): typeof import("node:zlib") {
  return globalThis.process.getBuiltinModule("node:zlib");
}

/**
 * Loads `node:timers` synchronously. Its functions are genuine, even if a test has replaced the
 * global ones. Deno loads the same module when a program reads the global `setTimeout`.
 */
export function timersModule(): typeof import("node:timers") {
  return globalThis.process.getBuiltinModule("node:timers");
}
