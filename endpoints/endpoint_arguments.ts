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
import type {
  IStreamClientEndpoint,
  IStreamServerEndpoint,
} from "../reactor/interfaces/endpoint.ts";

/** The types of the arguments of an endpoint type, by name. */
export type ArgumentTypes = Record<string, ArgumentType<unknown>>;

/**
 * The parsed arguments. An argument that was omitted is missing from the object, so that a spread
 * passes on only the arguments that were given.
 */
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

/** Creates endpoints from the descriptions inside a description. */
export interface NestedEndpoints {
  /** Creates a server endpoint. */
  server(description: Description): IStreamServerEndpoint;
  /** Creates a client endpoint. */
  client(description: Description): IStreamClientEndpoint;
}

/**
 * The arguments of an endpoint description, which are passed to the parser of its type. An argument
 * that the parser does not take is an error.
 *
 * @example The arguments of a custom type: see `EndpointRegistry`
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
  /** The end of the arguments that were taken with {@linkcode takeLeading}. */
  #taking: number | null = null;
  #given: ReadonlyMap<string, DescriptionPiece> = new Map();

  /**
   * Creates the arguments of a description. The registry calls this, and passes them to a parser.
   *
   * @param description The parsed description.
   * @param nested Creates endpoints from descriptions inside it.
   */
  constructor(description: Description, nested: NestedEndpoints) {
    this.#description = description;
    this.#nested = nested;
  }

  /** The whole description. */
  get description(): string {
    return this.#description.text;
  }

  /**
   * Parses all arguments.
   *
   * A positional argument is the first one in `positional` that has not been given yet:
   * `tcp:host=example.org:80` has a port, as in Twisted.
   *
   * @param positional The names of positional arguments, in order.
   * @param types The types of all arguments, by name.
   * @returns The values by name. Omitted arguments are missing.
   * @throws {EndpointDescriptionError} when an argument is unknown, given twice or missing, when a
   *   value is invalid, and when there are too many positional arguments.
   */
  take<S extends ArgumentTypes>(
    positional: readonly (keyof S & string)[],
    types: S,
  ): ArgumentsRead<S> {
    return this.#takeFrom(
      this.#description.arguments,
      positional,
      types,
      this.#description.text.length,
    );
  }

  #takeFrom<S extends ArgumentTypes>(
    all: readonly DescriptionArgument[],
    positional: readonly (keyof S & string)[],
    types: S,
    end: number,
  ): ArgumentsRead<S> {
    this.#taken = true;
    const given = new Map<string, DescriptionPiece>();
    const read: Record<string, unknown> = {};
    // The arguments are checked in their order, so that the error names the first mistake.
    for (const argument of all) {
      const [name, type] = this.#typeOf(argument, positional, types, given);
      const previous = [...given.keys()].at(-1);
      given.set(name, argument.value);
      read[name] = this.#read(name, type, argument, previous);
    }
    this.#given = given;
    for (const [name, type] of Object.entries(types)) {
      if (type.optional || given.has(name)) continue;
      throw this.#error({ start: end, end }, `the argument "${name}" is missing`);
    }
    // The cast is safe: each value was parsed by its type, and every argument that is missing is
    // optional.
    return read as ArgumentsRead<S>;
  }

  /**
   * Parses the named arguments directly after the type, up to the description of another endpoint:
   * for `wrap:limit=5:tcp:80`, that is `limit=5`. Call {@linkcode serverOfRest} or
   * {@linkcode clientOfRest} next.
   *
   * @param types The types of the arguments, by name.
   * @returns The values by name. Omitted arguments are missing.
   * @throws {EndpointDescriptionError} when an argument is unknown, given twice or missing, and
   *   when a value is invalid.
   */
  takeLeading<S extends ArgumentTypes>(types: S): ArgumentsRead<S> {
    const { type, arguments: all } = this.#description;
    const end = all.findIndex(({ name }) => name === null);
    const leading = end < 0 ? all : all.slice(0, end);
    this.#taking = leading.at(-1)?.value.end ?? type.end;
    return this.#takeFrom(leading, [], types, this.#taking);
  }

  /**
   * Takes the rest of the string as the description of a server endpoint: for `wrap:tcp:80`, that
   * is `tcp:80`.
   *
   * @returns The endpoint.
   * @throws {EndpointDescriptionError} when there is no rest, or it describes no server endpoint.
   */
  serverOfRest(): IStreamServerEndpoint {
    return this.#nested.server(this.#rest());
  }

  /**
   * Takes the rest of the string as the description of a client endpoint.
   *
   * @returns The endpoint.
   * @throws {EndpointDescriptionError} when there is no rest, or it describes no client endpoint.
   */
  clientOfRest(): IStreamClientEndpoint {
    return this.#nested.client(this.#rest());
  }

  /**
   * Takes the value of one argument as the description of a client endpoint: for
   * `endpoint=tcp\:127.0.0.1\:80`, that is `tcp:127.0.0.1:80`.
   *
   * @param name The name of the argument. Call {@linkcode take} first, with the argument as text.
   * @returns The endpoint.
   * @throws {EndpointDescriptionError} when the value describes no client endpoint.
   */
  clientIn(name: string): IStreamClientEndpoint {
    try {
      return this.#nested.client(parseDescription(this.#given.get(name)?.value ?? ""));
    } catch (error) {
      if (!(error instanceof EndpointDescriptionError)) throw error;
      throw this.error(
        name,
        `the argument "${name}" is not the description of a client endpoint: ${error.message}`,
        {
          cause: error,
        },
      );
    }
  }

  /**
   * Creates an error that points at an argument, for mistakes that only the parser can detect.
   *
   * @param name The name of the argument. If it was not given, or is `null`, the error points at
   *   the type.
   * @param problem The reason, as the end of the sentence "Cannot create an endpoint from …: ".
   * @param options `cause` is the underlying error.
   * @returns The error.
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
   * Checks that all arguments were taken. Called when the parser has returned: if it took none, the
   * description must have none.
   *
   * @throws {EndpointDescriptionError} when there are arguments that the parser did not take.
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
    // Object.hasOwn() is needed, because an object also inherits names such as "constructor".
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
      const why = `Error while calling read of the argument ${name}`;
      return atOnce("read()", type.read(piece.value), why);
    } catch (error) {
      if (!isInstance(error, RangeError)) throw error;
      const problem = written === null
        ? problemOfPositional(name, piece.value, error.message, previous)
        : `the argument "${name}" ${error.message}`;
      throw this.#error(piece, problem, { cause: error });
    }
  }

  #rest(): Description {
    this.#taken = true;
    const { text, type } = this.#description;
    const start = this.#taking ?? type.end;
    if (start < text.length) return parseDescription(text, start + 1);
    throw this.#error(
      this.#end(),
      `"${type.value}:" must be followed by the description of an endpoint`,
    );
  }

  #tooMany(positional: readonly string[]): string {
    const { value: type } = this.#description.type;
    if (positional.length === 0) return `the type "${type}" takes no positional arguments`;
    const names = positional.join(", ");
    return `the type "${type}" takes at most ${positional.length} positional arguments, ` +
      `${names}; ` + HOW_TO_WRITE_A_COLON;
  }

  #unknown(name: string, types: ArgumentTypes): string {
    const { value: type } = this.#description.type;
    const known = Object.keys(types);
    const has = known.length === 0
      ? "it has no arguments"
      : `its arguments are ${known.join(", ")}`;
    return `the type "${type}" has no argument ${JSON.stringify(name)}; ${has}`;
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

/**
 * Returns the problem of a positional argument, which may be the rest of an address whose colons
 * have no backslashes.
 */
function problemOfPositional(
  name: string,
  value: string,
  problem: string,
  previous: string | undefined,
): string {
  if (value === "" && previous !== undefined) {
    return `the argument after "${previous}" is empty; ${HOW_TO_WRITE_A_COLON}`;
  }
  const hint = value.startsWith("[") && !problem.endsWith(HOW_TO_WRITE_A_COLON)
    ? `; ${HOW_TO_WRITE_A_COLON}`
    : "";
  return `the argument "${name}" ${problem}${hint}`;
}
