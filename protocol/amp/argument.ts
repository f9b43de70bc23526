import { atOnce } from "../../defer/guarded_call.ts";
import { messageOf } from "../../internal/foreign_value.ts";
import { quote } from "../../internal/validation.ts";
import type { AmpBox } from "./amp_box.ts";
import { InvalidSignature, MalformedAmpBox } from "./errors.ts";

/** The values of arguments, by name. */
export type ArgumentValues = Record<string, unknown>;

/**
 * The base class of types of arguments. A subclass implements {@linkcode encode} and
 * {@linkcode decode}. Twisted's `Argument`, whose methods are `toString` and `fromString`, and
 * `IArgumentType`. A type that needs several keys of the box, or none, overrides
 * {@linkcode fromBox} and {@linkcode toBox}.
 *
 * @typeParam T The type of the values that are received.
 * @typeParam I The type of the values that can be sent.
 *
 * @example A point, as two numbers
 * ```ts
 * import { Argument, Command } from "@torsion/reactor/amp";
 *
 * class PointArgument extends Argument<{ x: number; y: number }> {
 *   override encode({ x, y }: { x: number; y: number }): Uint8Array {
 *     return new TextEncoder().encode(`${x},${y}`);
 *   }
 *
 *   override decode(bytes: Uint8Array): { x: number; y: number } {
 *     const [x, y] = new TextDecoder().decode(bytes).split(",").map(Number);
 *     if (x === undefined || y === undefined) throw new RangeError("expected two numbers");
 *     return { x, y };
 *   }
 * }
 *
 * const MoveTo = new Command("MoveTo", { arguments: { point: new PointArgument() } });
 * console.log(MoveTo.makeArguments({ point: { x: 1, y: 2 } }));
 * ```
 */
export abstract class Argument<T, I = T> {
  /** Whether the argument may be omitted; see {@linkcode optional}. */
  readonly optional: boolean = false;

  /**
   * Encodes a value.
   *
   * @param value The value.
   * @param protocol The protocol that will send it, or `null`.
   * @returns At most 65535 bytes.
   * @throws {Error} when the value cannot be encoded. The message completes a sentence, such as
   *   `expected an integer, got "a"`.
   */
  abstract encode(value: I, protocol: object | null): Uint8Array;

  /**
   * Decodes a value.
   *
   * @param bytes The bytes: a view of the memory in which they arrived.
   * @param protocol The protocol that has received them, or `null`.
   * @returns The value.
   * @throws {Error} when the bytes cannot be decoded. The message completes a sentence, as that of
   *   {@linkcode encode} does.
   */
  abstract decode(bytes: Uint8Array, protocol: object | null): T;

  /**
   * Takes a value out of a box.
   *
   * @param name The name of the argument.
   * @param box The box.
   * @param objects The values. The method sets the one with this name.
   * @param protocol The protocol that has received the box, or `null`.
   * @throws {MalformedAmpBox} when the value is missing, or cannot be decoded.
   */
  fromBox(name: string, box: AmpBox, objects: ArgumentValues, protocol: object | null): void {
    const bytes = box.get(name);
    if (bytes === undefined) {
      throw new MalformedAmpBox(`the value of ${quote(name)} is missing`);
    }
    try {
      const value = this.decode(bytes, protocol);
      objects[name] = atOnce("decode()", value, "Error while calling decode");
    } catch (error) {
      throw new MalformedAmpBox(describe(name, error), { cause: error });
    }
  }

  /**
   * Puts a value into a box.
   *
   * @param name The name of the argument.
   * @param box The box. The method sets the key with this name.
   * @param objects The values.
   * @param protocol The protocol that will send the box, or `null`.
   * @throws {InvalidSignature} when the value is missing, or cannot be encoded.
   */
  toBox(name: string, box: AmpBox, objects: ArgumentValues, protocol: object | null): void {
    const value = objects[name];
    if (value === undefined) {
      throw new InvalidSignature(`the value of ${quote(name)} is missing`);
    }
    try {
      // The cast is safe for typed callers: the types of commands check each value. For others,
      // encode() throws.
      const bytes = this.encode(value as I, protocol);
      box.set(name, atOnce("encode()", bytes, "Error while calling encode"));
    } catch (error) {
      throw new InvalidSignature(describe(name, error), { cause: error });
    }
  }
}

function describe(name: string, error: unknown): string {
  return `the value of ${quote(name)} is invalid: ${messageOf(error)}`;
}

/** An argument that may be omitted. Made by {@linkcode optional}. */
export class OptionalArgument<T, I = T> extends Argument<T, I> {
  /** `true`. */
  override readonly optional = true;
  readonly #type: Argument<T, I>;

  /**
   * Creates an optional argument.
   *
   * @param type The type of its values.
   */
  constructor(type: Argument<T, I>) {
    super();
    this.#type = type;
  }

  /** Encodes a value. */
  override encode(value: I, protocol: object | null): Uint8Array {
    return this.#type.encode(value, protocol);
  }

  /** Decodes a value. */
  override decode(bytes: Uint8Array, protocol: object | null): T {
    return this.#type.decode(bytes, protocol);
  }

  // The results below are promises if the method of a subclass is async, although the type is void.

  /** Decodes the value with a name, if the box has it. */
  override fromBox(
    name: string,
    box: AmpBox,
    objects: ArgumentValues,
    protocol: object | null,
  ): void {
    if (box.has(name)) return this.#type.fromBox(name, box, objects, protocol);
  }

  /** Encodes the value with a name, if there is one. */
  override toBox(
    name: string,
    box: AmpBox,
    objects: ArgumentValues,
    protocol: object | null,
  ): void {
    if (objects[name] !== undefined) return this.#type.toBox(name, box, objects, protocol);
  }
}

/**
 * Returns an argument that may be omitted. Twisted's `optional=True`.
 *
 * An omitted value is absent on both sides: the property does not exist. In Twisted, the receiver
 * gets `None`.
 *
 * @param type The type of the values.
 * @returns The optional argument.
 *
 * @example
 * ```ts
 * import { Command, Integer, optional, Unicode } from "@torsion/reactor/amp";
 *
 * const Search = new Command("Search", {
 *   arguments: { text: Unicode, limit: optional(Integer) },
 * });
 * console.log(Search.makeArguments({ text: "reactor" }));
 * ```
 */
export function optional<T, I>(type: Argument<T, I>): OptionalArgument<T, I> {
  return new OptionalArgument(type);
}
