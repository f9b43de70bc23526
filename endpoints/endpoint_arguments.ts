import { isInstance } from "../internal/foreign_value.ts";
import { atOnce } from "../defer/guarded_call.ts";
import type { ArgumentType, OptionalArgumentType } from "./argument_types.ts";
import {
  type Description,
  type DescriptionArgument,
  type DescriptionPiece,
  HOW_TO_WRITE_A_COLON,
  parseDescription,
} from "./description.ts";
import { type DescriptionSpan, EndpointDescriptionError } from "./description_error.ts";
import type { IStreamClientEndpoint, IStreamServerEndpoint } from "./interfaces.ts";

/** The kinds of a type's arguments, by name. */
export type ArgumentTypes = Record<string, ArgumentType<unknown>>;

/** The arguments that were read. One that was left out is not there, so that a spread passes on what was given, and no more. */
export type ArgumentsRead<S extends ArgumentTypes> =
  & {
    [K in keyof S as S[K] extends OptionalArgumentType<unknown> ? never : K]: ReturnType<
      S[K]["read"]
    >;
  }
  & {
    [K in keyof S as S[K] extends OptionalArgumentType<unknown> ? K : never]?: ReturnType<
      S[K]["read"]
    >;
  };

/** What makes endpoints of the descriptions within a description. */
export interface NestedEndpoints {
  /** Makes a server endpoint. */
  server(description: Description): IStreamServerEndpoint;
  /** Makes a client endpoint. */
  client(description: Description): IStreamClientEndpoint;
}

/**
 * The arguments of an endpoint's description, for the parser of its type. What that does not take is an error: nothing is ignored.
 *
 * @example A type of one's own: see `EndpointRegistry`
 * ```ts
 * import { type EndpointArguments, endpointArgument } from "@torsion/reactor/endpoints";
 *
 * function read(args: EndpointArguments) {
 *   // `memory:lobby`, `memory:lobby:limit=5`, `memory:name=lobby`
 *   const { name, ...options } = args.take(["name"], {
 *     name: endpointArgument.text,
 *     limit: endpointArgument.optional(endpointArgument.integer(1, 100)),
 *   });
 *   return { name, options }; // options: { limit?: number }
 * }
 * ```
 */
export class EndpointArguments {
  readonly #description: Description;
  readonly #nested: NestedEndpoints;
  #taken = false;
  #given: ReadonlyMap<string, DescriptionPiece> = new Map();

  /**
   * Holds the arguments. A parser is handed them.
   *
   * @param description The description, taken apart.
   * @param nested What makes endpoints of the descriptions within it.
   */
  constructor(description: Description, nested: NestedEndpoints) {
    this.#description = description;
    this.#nested = nested;
  }

  /** The whole string. */
  get description(): string {
    return this.#description.text;
  }

  /**
   * Reads all arguments.
   *
   * One without a name is the first of `positional` that has not been given yet: so `tcp:host=example.org:80` has a port, as in Twisted.
   *
   * @param positional The names that arguments without one have, in their order.
   * @param types The kinds of all arguments, by name.
   * @throws {EndpointDescriptionError} for an argument that is unknown, given twice or missing, for a value that is none of its kind,
   *   and for one argument without a name too many.
   */
  take<S extends ArgumentTypes>(
    positional: readonly (keyof S & string)[],
    types: S,
  ): ArgumentsRead<S> {
    this.#taken = true;
    const given = new Map<string, DescriptionPiece>();
    const read: Record<string, unknown> = {};
    // One after the other, so that it is the first mistake that is told of.
    for (const argument of this.#description.arguments) {
      const [name, type] = this.#typeOf(argument, positional, types, given);
      const previous = [...given.keys()].at(-1);
      given.set(name, argument.value);
      read[name] = this.#read(name, type, argument, previous);
    }
    this.#given = given;
    for (const [name, type] of Object.entries(types)) {
      if (type.optional || given.has(name)) continue;
      throw this.#error(this.#end(), `the argument "${name}" is missing`);
    }
    // What is there has been read by its own type, and what is not is optional.
    return read as ArgumentsRead<S>;
  }

  /**
   * Takes the rest of the string as a server's description of its own, as the type `wrap` in `wrap:tcp:80` does.
   *
   * @throws {EndpointDescriptionError} when there is no rest, or it describes no server endpoint.
   */
  serverOfRest(): IStreamServerEndpoint {
    return this.#nested.server(this.#rest());
  }

  /**
   * Takes the rest of the string as a client's description of its own.
   *
   * @throws {EndpointDescriptionError} when there is no rest, or it describes no client endpoint.
   */
  clientOfRest(): IStreamClientEndpoint {
    return this.#nested.client(this.#rest());
  }

  /**
   * Takes one argument's value as a client's description of its own: that of `endpoint=tcp\:127.0.0.1\:80`.
   *
   * @param name The argument's name. {@linkcode take} has read it before, as text.
   * @throws {EndpointDescriptionError} when it describes no client endpoint.
   */
  clientIn(name: string): IStreamClientEndpoint {
    try {
      return this.#nested.client(parseDescription(this.#given.get(name)?.value ?? ""));
    } catch (error) {
      if (!(error instanceof EndpointDescriptionError)) throw error;
      throw this.error(name, `the argument "${name}" describes no endpoint. ${error.message}`, {
        cause: error,
      });
    }
  }

  /**
   * Makes an error that points at an argument, for what only the parser can know to be wrong.
   *
   * @param name The argument's name; for one that was not given, or `null`, the type is pointed at.
   * @param problem What is wrong.
   * @param options `cause` is the error beneath.
   */
  error(
    name: string | null,
    problem: string,
    options: ErrorOptions = {},
  ): EndpointDescriptionError {
    const place = name === null ? undefined : this.#given.get(name);
    return this.#error(place ?? this.#description.type, problem, options);
  }

  /**
   * Called when the parser has returned: a parser that asked for nothing takes no arguments.
   *
   * @throws {EndpointDescriptionError} when there are some all the same.
   */
  checkTaken(): void {
    if (!this.#taken) this.take([], {});
  }

  #typeOf(
    { name: piece, value }: DescriptionArgument,
    positional: readonly string[],
    types: ArgumentTypes,
    given: ReadonlyMap<string, DescriptionPiece>,
  ): [name: string, type: ArgumentType<unknown>] {
    const name = piece?.value ?? positional.find((each) => !given.has(each));
    if (name === undefined) throw this.#error(value, this.#tooMany(positional));
    // A record has more names than its own: "constructor", for one.
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (type === undefined) throw this.#error(piece ?? value, this.#unknown(name, types));
    if (given.has(name)) {
      throw this.#error(piece ?? value, `the argument "${name}" is given twice`);
    }
    return [name, type];
  }

  #read(
    name: string,
    type: ArgumentType<unknown>,
    { name: written, value: piece }: DescriptionArgument,
    previous: string | undefined,
  ): unknown {
    try {
      const why = `While calling read of the argument ${name}`;
      return atOnce("read()", type.read(piece.value), why);
    } catch (error) {
      if (!isInstance(error, RangeError)) throw error;
      const problem = written === null
        ? problemWithPlace(name, piece.value, error.message, previous)
        : `the argument "${name}" ${error.message}`;
      throw this.#error(piece, problem, { cause: error });
    }
  }

  #rest(): Description {
    this.#taken = true;
    const { text, type } = this.#description;
    if (type.end < text.length) return parseDescription(text, type.end + 1);
    throw this.#error(this.#end(), `"${type.value}" is followed by another description`);
  }

  #tooMany(positional: readonly string[]): string {
    const { value: type } = this.#description.type;
    if (positional.length === 0) return `"${type}" takes no argument without a name`;
    const names = positional.join(", ");
    return `"${type}" takes no more than ${positional.length} without a name: ${names}; ${HOW_TO_WRITE_A_COLON}`;
  }

  #unknown(name: string, types: ArgumentTypes): string {
    const { value: type } = this.#description.type;
    const known = Object.keys(types);
    const has = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
    return `"${type}" has no argument ${JSON.stringify(name)}; ${has}`;
  }

  #end(): DescriptionSpan {
    const { length } = this.#description.text;
    return { start: length, end: length };
  }

  #error(
    span: DescriptionSpan,
    problem: string,
    options: ErrorOptions = {},
  ): EndpointDescriptionError {
    return new EndpointDescriptionError(this.#description.text, span, problem, options);
  }
}

/** What is wrong with an argument that has its name from its place: it may be the rest of an address whose colons are not quoted. */
function problemWithPlace(
  name: string,
  value: string,
  problem: string,
  previous: string | undefined,
): string {
  if (value === "" && previous !== undefined) {
    return `the argument "${previous}" is followed by an empty one; ${HOW_TO_WRITE_A_COLON}`;
  }
  const hint = value.startsWith("[") && !problem.endsWith(HOW_TO_WRITE_A_COLON)
    ? `; ${HOW_TO_WRITE_A_COLON}`
    : "";
  return `the argument "${name}" ${problem}${hint}`;
}
