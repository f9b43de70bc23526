/**
 * The types of the arguments in endpoint descriptions.
 *
 * @module
 */

import { encodeHostname } from "../reactor/names/hostname.ts";
import { HOW_TO_WRITE_A_COLON } from "./description.ts";

// A hint for users who write an IPv6 address in brackets, as in URLs. In a description, the address
// is written without brackets, and each colon as `\:`.
const WITHOUT_BRACKETS = `omit the brackets, and ${HOW_TO_WRITE_A_COLON}`;

/**
 * A type of argument in an endpoint description.
 *
 * @typeParam T The values.
 */
export interface ArgumentType<T> {
  /** Whether the argument may be omitted. */
  readonly optional: boolean;
  /**
   * Parses a value.
   *
   * @param value The value from the description, without its backslashes.
   * @returns The parsed value.
   * @throws {RangeError} when the value is invalid. The error's message continues the sentence that
   *   begins with the argument's name: `must be ...`.
   */
  read(value: string): T;
}

/** An {@linkcode ArgumentType} of an argument that may be omitted. */
export interface OptionalArgumentType<T> extends ArgumentType<T> {
  /** Always `true`: the argument may be omitted. */
  readonly optional: true;
}

/** Any text that is not empty. */
export const text: ArgumentType<string> = {
  optional: false,
  read(value: string): string {
    if (value !== "") return value;
    // The usual cause of an empty value is an IPv6 address whose colons have no backslashes, so the
    // message says how to write a colon.
    throw new RangeError(`must not be empty; ${HOW_TO_WRITE_A_COLON}`);
  },
};

/**
 * A host name or an address. A name with characters outside ASCII is converted to its IDNA form,
 * such as `xn--bcher-kva.ch`.
 */
export const hostname: ArgumentType<string> = {
  optional: false,
  read(value: string): string {
    try {
      return encodeHostname(text.read(value));
    } catch (error) {
      if (!(error instanceof RangeError) || value === "") throw error;
      const hint = value.startsWith("[") ? `; ${WITHOUT_BRACKETS}` : "";
      throw new RangeError(
        `must be a host name or an address, got ${JSON.stringify(value)}${hint}`,
      );
    }
  },
};

/** An address of this machine, or a name of it. Only an IPv6 address in brackets is rejected. */
export const localAddress: ArgumentType<string> = {
  optional: false,
  read(value: string): string {
    if (!value.startsWith("[")) return text.read(value);
    throw new RangeError(`must be an address, got ${JSON.stringify(value)}; ${WITHOUT_BRACKETS}`);
  },
};

/** A list of words with commas between them: `h2,http/1.1`. */
export const words: ArgumentType<string[]> = {
  optional: false,
  read(value: string): string[] {
    const all = value.split(",");
    if (!all.includes("")) return all;
    throw new RangeError(
      `must be a list of words with commas between them, got ${JSON.stringify(value)}`,
    );
  },
};

/** A number of seconds, at least 0, such as `5` or `0.5`. */
export const seconds: ArgumentType<number> = {
  optional: false,
  read(value: string): number {
    // The pattern is needed because Number() also accepts "", "0x10" and "1e3".
    if (/^\d+(\.\d+)?$/.test(value)) return Number(value);
    throw new RangeError(`must be a number of seconds, got ${JSON.stringify(value)}`);
  },
};

/** A yes or no, written `1` or `0` as in Twisted. */
export const flag: ArgumentType<boolean> = {
  optional: false,
  read(value: string): boolean {
    if (value === "1" || value === "0") return value === "1";
    throw new RangeError(`must be 0 or 1, got ${JSON.stringify(value)}`);
  },
};

/**
 * Returns the type of an integer argument.
 *
 * @param min The smallest valid value.
 * @param max The largest valid value.
 * @returns The type.
 */
export function integer(min: number, max: number): ArgumentType<number> {
  return {
    optional: false,
    read(value: string): number {
      const number = /^\d+$/.test(value) ? Number(value) : NaN;
      if (number >= min && number <= max) return number;
      throw new RangeError(
        `must be an integer from ${min} to ${max}, got ${JSON.stringify(value)}`,
      );
    },
  };
}

/** The mode of a file in octal digits, as for `chmod`: `660`, or `0660`. */
export const mode: ArgumentType<number> = {
  optional: false,
  read(value: string): number {
    if (/^0?[0-7]{1,3}$/.test(value)) return parseInt(value, 8);
    throw new RangeError(
      `must be a file mode in octal digits, such as 660, got ${JSON.stringify(value)}`,
    );
  },
};

/**
 * Returns the type of an argument whose value is one of several words.
 *
 * @param words All valid words.
 * @returns The type.
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

/**
 * Returns a type with the same values, for an argument that may be omitted.
 *
 * @param type The type of the values.
 * @returns The type.
 */
export function optional<T>(type: ArgumentType<T>): OptionalArgumentType<T> {
  return { optional: true, read: (value) => type.read(value) };
}
