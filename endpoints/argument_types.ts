/**
 * What the arguments of an endpoint's description can be.
 *
 * @module
 */

import { encodeHostname } from "../reactor/names/hostname.ts";
import { HOW_TO_WRITE_A_COLON } from "./description.ts";

// As people write IPv6 addresses elsewhere, and here as `\:\:1`.
const WITHOUT_BRACKETS = `it has no brackets, and ${HOW_TO_WRITE_A_COLON}`;

/** One kind of argument: how its value is read. */
export interface ArgumentType<T> {
  /** Whether it may be left out. */
  readonly optional: boolean;
  /**
   * Reads a value.
   *
   * @param value What stands in the description, without its backslashes.
   * @throws {RangeError} when it is none of this kind; the message goes on where the argument's name ends: `must be ...`.
   */
  read(value: string): T;
}

/** An {@linkcode ArgumentType} that may be left out. */
export interface OptionalArgumentType<T> extends ArgumentType<T> {
  /** It may. */
  readonly optional: true;
}

/** Any text but none. */
export const text: ArgumentType<string> = {
  optional: false,
  read(value: string): string {
    if (value !== "") return value;
    // Most often it is an IPv6 address whose colons were not quoted.
    throw new RangeError(`must not be empty; ${HOW_TO_WRITE_A_COLON}`);
  },
};

/** A host's name or address. A name with other characters than ASCII's is read as its IDNA form: `xn--bcher-kva.ch`. */
export const hostname: ArgumentType<string> = {
  optional: false,
  read(value: string): string {
    try {
      return encodeHostname(text.read(value));
    } catch (error) {
      if (!(error instanceof RangeError) || value === "") throw error;
      const hint = value.startsWith("[") ? `; ${WITHOUT_BRACKETS}` : "";
      throw new RangeError(
        `must be a host's name or address, got ${JSON.stringify(value)}${hint}`,
      );
    }
  },
};

/** An address of this machine, or its name. Only the brackets that IPv6 addresses have elsewhere are refused. */
export const localAddress: ArgumentType<string> = {
  optional: false,
  read(value: string): string {
    if (!value.startsWith("[")) return text.read(value);
    throw new RangeError(`must be an address, got ${JSON.stringify(value)}; ${WITHOUT_BRACKETS}`);
  },
};

/** Several words, with commas between them: `h2,http/1.1`. */
export const words: ArgumentType<string[]> = {
  optional: false,
  read(value: string): string[] {
    const all = value.split(",");
    if (!all.includes("")) return all;
    throw new RangeError(`must be words with commas between them, got ${JSON.stringify(value)}`);
  },
};

/** Seconds: zero or more, with a fraction if need be. */
export const seconds: ArgumentType<number> = {
  optional: false,
  read(value: string): number {
    // Number() alone takes "", "0x10" and "1e3", too.
    if (/^\d+(\.\d+)?$/.test(value)) return Number(value);
    throw new RangeError(`must be a number of seconds, got ${JSON.stringify(value)}`);
  },
};

/** Yes or no, written `1` or `0`, as in Twisted. */
export const flag: ArgumentType<boolean> = {
  optional: false,
  read(value: string): boolean {
    if (value === "1" || value === "0") return value === "1";
    throw new RangeError(`must be 0 or 1, got ${JSON.stringify(value)}`);
  },
};

/**
 * A whole number.
 *
 * @param min The least one.
 * @param max The greatest one.
 */
export function integer(min: number, max: number): ArgumentType<number> {
  return {
    optional: false,
    read(value: string): number {
      const number = /^\d+$/.test(value) ? Number(value) : NaN;
      if (number >= min && number <= max) return number;
      throw new RangeError(
        `must be a whole number from ${min} to ${max}, got ${JSON.stringify(value)}`,
      );
    },
  };
}

/** A file's mode, as `chmod` takes it: `660`, or `0660`. */
export const mode: ArgumentType<number> = {
  optional: false,
  read(value: string): number {
    if (/^0?[0-7]{1,3}$/.test(value)) return parseInt(value, 8);
    throw new RangeError(
      `must be a file's mode in octal digits, such as 660, got ${JSON.stringify(value)}`,
    );
  },
};

/**
 * One of several words.
 *
 * @param words All there are.
 */
export function oneOf<W extends string>(...words: W[]): ArgumentType<W> {
  return {
    optional: false,
    read(value: string): W {
      const word = words.find((each) => each === value);
      if (word !== undefined) return word;
      throw new RangeError(`must be one of ${words.join(", ")}, got ${JSON.stringify(value)}`);
    },
  };
}

/** The same kind, which may be left out. */
export function optional<T>(type: ArgumentType<T>): OptionalArgumentType<T> {
  return { optional: true, read: (value) => type.read(value) };
}
