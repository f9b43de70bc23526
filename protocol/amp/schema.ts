/**
 * Named arguments, and the types of their values.
 *
 * @module
 */

import { logRejection } from "../../defer/guarded_call.ts";
import { quote } from "../../internal/validation.ts";
import type { AmpBox } from "./amp_box.ts";
import { Argument, type ArgumentValues } from "./argument.ts";
import { InvalidSignature } from "./errors.ts";

/** Types of arguments, by name. */
// Any argument is an Argument<unknown, never>: never is the one value that all of them can send.
export type Schema = Readonly<Record<string, Argument<unknown, never>>>;

/** A schema without arguments. */
export type EmptySchema = Readonly<Record<never, never>>;

/** Lists the properties of a type, so that an editor shows them. */
export type Flat<T> = { [K in keyof T]: T[K] } & unknown;

/** The names of the optional arguments of a schema. */
export type OptionalKeys<S extends Schema> = {
  [K in keyof S]: S[K] extends { readonly optional: true } ? K : never;
}[keyof S];

/** The values that can be sent as the arguments of a schema. */
export type Sendable<S extends Schema> = Flat<
  & {
    -readonly [K in Exclude<keyof S, OptionalKeys<S>>]: S[K] extends Argument<unknown, infer I> ? I
      : never;
  }
  & {
    -readonly [K in OptionalKeys<S>]?: S[K] extends Argument<unknown, infer I> ? I | undefined
      : never;
  }
>;

/** The values that are received as the arguments of a schema. */
export type Received<S extends Schema> = Flat<
  & {
    -readonly [K in Exclude<keyof S, OptionalKeys<S>>]: S[K] extends Argument<infer T, never> ? T
      : never;
  }
  & {
    -readonly [K in OptionalKeys<S>]?: S[K] extends Argument<infer T, never> ? T | undefined
      : never;
  }
>;

/** Encodes and decodes the values of a schema. */
export class SchemaCodec<S extends Schema> {
  readonly #types: readonly (readonly [name: string, type: Argument<unknown, never>])[];

  /**
   * @param schema The schema.
   * @param what The schema's place, for errors: `the arguments of Sum`.
   * @throws {TypeError} when a type is not an {@linkcode Argument}.
   */
  constructor(schema: S, what: string) {
    this.#types = Object.entries(schema);
    for (const [name, type] of this.#types) {
      if (type instanceof Argument) continue;
      throw new TypeError(
        `Cannot define ${what}: the type of ${quote(name)} must be an Argument, got ${quote(type)}`,
      );
    }
  }

  /** Whether all values may be omitted. */
  get isOptional(): boolean {
    return this.#types.every(([, type]) => type.optional);
  }

  /**
   * Checks that there is no value without an argument.
   *
   * @throws {InvalidSignature} when there is one.
   */
  checkNames(objects: object): void {
    for (const name of Object.keys(objects)) {
      if (this.#types.some(([known]) => known === name)) continue;
      const names = this.#types.map(([known]) => quote(known)).join(", ") || "none";
      throw new InvalidSignature(`there is no argument ${quote(name)}; the arguments are ${names}`);
    }
  }

  /**
   * Puts values into a box.
   *
   * @throws {InvalidSignature} when a value is missing, or cannot be encoded.
   */
  encode<B extends AmpBox>(objects: object, box: B, protocol: object | null): B {
    // The cast is safe: arguments only read the properties of the object.
    const values = objects as ArgumentValues;
    for (const [name, type] of this.#types) {
      logRejection(type.toBox(name, box, values, protocol), "Error while calling toBox");
    }
    return box;
  }

  /**
   * Takes the values out of a box.
   *
   * @throws {MalformedAmpBox} when a value is missing, or cannot be decoded.
   */
  decode(box: AmpBox, protocol: object | null): Received<S> {
    const values: ArgumentValues = {};
    for (const [name, type] of this.#types) {
      logRejection(type.fromBox(name, box, values, protocol), "Error while calling fromBox");
    }
    // The cast is safe: each argument has set its property, or is optional.
    return values as Received<S>;
  }
}
