/**
 * The disk of a simulated host.
 *
 * @module
 */

import { textOf } from "../../internal/foreign_value.ts";
import { quote } from "../../internal/validation.ts";

/**
 * Values that survive a crash, as files do. A value is copied when it is stored and when it is
 * read: a program that changes a value must store it again.
 */
export class SimulatedDisk extends Map<string, unknown> {
  readonly #host: string;

  /** @param host The name of the host, for errors. */
  constructor(host: string) {
    super();
    this.#host = host;
  }

  override get(key: string): unknown {
    return copy(super.get(key));
  }

  override set(key: string, value: unknown): this {
    let stored: unknown;
    try {
      stored = copy(value);
    } catch (error) {
      throw new TypeError(
        `Cannot store ${quote(key)} on the disk of ${this.#host}: ${textOf(error)}; ` +
          "a disk stores only data that structuredClone() can copy",
        { cause: error },
      );
    }
    return super.set(key, stored);
  }

  override *entries(): MapIterator<[string, unknown]> {
    for (const [key, value] of super.entries()) yield [key, copy(value)];
  }

  override *values(): MapIterator<unknown> {
    for (const value of super.values()) yield copy(value);
  }

  override [Symbol.iterator](): MapIterator<[string, unknown]> {
    return this.entries();
  }

  override forEach(
    f: (value: unknown, key: string, map: Map<string, unknown>) => void,
    self?: unknown,
  ): void {
    for (const [key, value] of this) f.call(self, value, key, this);
  }
}

/** The depth from which on a value may contain itself, in objects. */
const DEEPEST = 100;

/**
 * Copies a value as `structuredClone()` does. That function is slow, and the conditions of a
 * scenario may read the disk after every event, so plain data is copied here.
 */
function copy(value: unknown): unknown {
  return isPlain(value, 0) ? copyPlain(value) : structuredClone(value);
}

/** Returns whether a value consists of arrays, plain objects and primitive values only. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === "function" || typeof value === "symbol") return false;
  if (typeof value !== "object" || value === null) return true;
  if (depth > DEEPEST) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== Array.prototype) return false;
  for (const each of Object.values(value)) if (!isPlain(each, depth + 1)) return false;
  return true;
}

function copyPlain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyPlain);
  const made: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) made[key] = copyPlain(each);
  return made;
}
