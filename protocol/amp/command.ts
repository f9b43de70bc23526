import { isInstance } from "../../internal/foreign_value.ts";
import { quote } from "../../internal/validation.ts";
import type { Deferred } from "../../defer/mod.ts";
import { AmpBox } from "./amp_box.ts";
import {
  BaseCommand,
  type CallOptions,
  type CommandCaller,
  type CommandErrors,
} from "./base_command.ts";
import { type AmpError, InvalidSignature, MalformedAmpBox, RemoteAmpError } from "./errors.ts";
import {
  type EmptySchema,
  type Received,
  type Schema,
  SchemaCodec,
  type Sendable,
} from "./schema.ts";

/** The definition of a {@linkcode Command}. */
export interface CommandDefinition<A extends Schema, R extends Schema, Q extends boolean>
  extends CommandErrors {
  /**
   * The arguments of a call, by their names on the wire.
   *
   * @default {{}}
   */
  arguments?: A | undefined;
  /**
   * The values of the answer, by their names on the wire.
   *
   * @default {{}}
   */
  response?: R | undefined;
  /**
   * Whether the caller asks for an answer. If not, `callRemote` returns nothing, and the failure of
   * the responder closes the connection. A caller in another program may ask for the answer all the
   * same.
   *
   * @default {true}
   */
  requiresAnswer?: Q | undefined;
  /**
   * The class of the box of a call.
   *
   * @default {AmpBox}
   */
  commandType?: (new () => AmpBox) | undefined;
  /**
   * The class of the box of the answer. A `QuitBox` closes the connection after the answer.
   *
   * @default {AmpBox}
   */
  responseType?: (new () => AmpBox) | undefined;
}

/** What a call of a {@linkcode Command} returns. */
export type CallResult<R extends Schema, Q extends boolean> = Q extends true ? Deferred<Received<R>>
  : void;

/** What the responder of a {@linkcode Command} returns: nothing stands for an empty answer. */
export type ResponderResult<R extends Schema> = EmptySchema extends Sendable<R> ? Sendable<R> | void
  : Sendable<R>;

/**
 * A command: the name of a call, its arguments, its answer and its errors. Both sides of a
 * connection need the same definition. Twisted's `Command`, which is subclassed.
 *
 * @typeParam A The arguments.
 * @typeParam R The values of the answer.
 * @typeParam Q Whether a call asks for an answer.
 *
 * @example A command, its responder and a call
 * ```ts
 * import { AMP, Command, Integer } from "@torsion/reactor/amp";
 *
 * class ZeroDivisionError extends Error {}
 *
 * const Divide = new Command("Divide", {
 *   arguments: { numerator: Integer, denominator: Integer },
 *   response: { quotient: Integer },
 *   errors: { ZERO_DIVISION: ZeroDivisionError },
 * });
 *
 * class Server extends AMP {
 *   constructor() {
 *     super();
 *     this.responder(Divide, ({ numerator, denominator }) => {
 *       if (denominator === 0) throw new ZeroDivisionError("division by zero");
 *       return { quotient: Math.trunc(numerator / denominator) };
 *     });
 *   }
 * }
 *
 * async function divide(client: AMP): Promise<void> {
 *   const { quotient } = await client.callRemote(Divide, { numerator: 7, denominator: 2 });
 *   console.log(quotient); // 3
 * }
 * ```
 */
export class Command<
  const A extends Schema = EmptySchema,
  const R extends Schema = EmptySchema,
  Q extends boolean = true,
> extends BaseCommand<Sendable<A>, CallResult<R, Q>, Received<A>, ResponderResult<R>> {
  /** Whether the caller asks for an answer. */
  readonly requiresAnswer: boolean;
  readonly #arguments: SchemaCodec<A>;
  readonly #response: SchemaCodec<R>;
  readonly #commandType: new () => AmpBox;
  readonly #responseType: new () => AmpBox;

  /**
   * Creates a command.
   *
   * @param name The name on the wire, which Twisted takes from the name of the class.
   * @param definition The arguments, the answer and the errors.
   * @throws {TypeError} when a name, a type or an error is not what the definition requires.
   */
  constructor(name: string, definition: CommandDefinition<A, R, Q> = {}) {
    super(name, definition);
    const { requiresAnswer = true, commandType = AmpBox, responseType = AmpBox } = definition;
    this.requiresAnswer = requiresAnswer;
    // The casts are safe: a schema may be omitted only if its type parameter is empty.
    const args = (definition.arguments ?? {}) as A;
    const response = (definition.response ?? {}) as R;
    this.#arguments = new SchemaCodec(args, `the arguments of ${name}`);
    this.#response = new SchemaCodec(response, `the response of ${name}`);
    this.#commandType = commandType;
    this.#responseType = responseType;
  }

  /**
   * Sends the command. Called by `callRemote`.
   *
   * @param caller The connection.
   * @param args The arguments.
   * @param options The options of the call.
   * @returns A Deferred of the answer, or nothing if the command requires no answer.
   * @throws {InvalidSignature} when the arguments do not fit the command.
   */
  override send(
    caller: CommandCaller,
    args: Sendable<A>,
    options: CallOptions,
  ): CallResult<R, Q> {
    const box = this.makeArguments(args, caller);
    // The casts are safe: the type of the result depends on `requiresAnswer`, which Q is the type
    // of.
    if (!this.requiresAnswer) {
      return caller.notifyBox(this.commandName, box) as CallResult<R, Q>;
    }
    const answer = caller.callBox(this.commandName, box, options).addCallbacks(
      (box) => this.parseResponse(box, caller),
      (error) => {
        throw error instanceof RemoteAmpError ? this.localErrorOf(error) : error;
      },
    );
    return answer as CallResult<R, Q>;
  }

  /**
   * Encodes the arguments of a call.
   *
   * @param args The arguments.
   * @param protocol The protocol that will send the call, or `null`.
   * @returns The box of the call, without the name of the command.
   * @throws {InvalidSignature} when an argument is missing, unknown, or cannot be encoded.
   */
  makeArguments(args: Sendable<A>, protocol: object | null = null): AmpBox {
    return this.#within("call", InvalidSignature, () => {
      checkObject("the arguments", args);
      this.#arguments.checkNames(args);
      return this.#arguments.encode(args, new this.#commandType(), protocol);
    });
  }

  /** Decodes the arguments of a call. */
  override parseArguments(box: AmpBox, protocol: object | null = null): Received<A> {
    return this.#within(
      "read the arguments of",
      MalformedAmpBox,
      () => this.#arguments.decode(box, protocol),
    );
  }

  /** Encodes the result of a responder. Nothing stands for an answer without values. */
  override makeResponse(
    result: ResponderResult<R>,
    protocol: object | null = null,
  ): AmpBox {
    return this.#within("answer", InvalidSignature, () => {
      const values = result === undefined && this.#response.isOptional ? {} : result;
      checkObject("the result of the responder", values);
      return this.#response.encode(values, new this.#responseType(), protocol);
    });
  }

  /**
   * Decodes an answer.
   *
   * @param box The box of the answer.
   * @param protocol The protocol that has received it, or `null`.
   * @returns The values of the answer.
   * @throws {MalformedAmpBox} when a value is missing, or cannot be decoded.
   */
  parseResponse(box: AmpBox, protocol: object | null = null): Received<R> {
    return this.#within(
      "read the answer to",
      MalformedAmpBox,
      () => this.#response.decode(box, protocol),
    );
  }

  /** Calls `f`. The message of an error of AMP then begins with what failed. */
  #within<T>(
    doing: string,
    Type: new (message: string, options: ErrorOptions) => AmpError,
    f: () => T,
  ): T {
    try {
      return f();
    } catch (error) {
      if (!isInstance(error, Type)) throw error;
      const cause = error.cause ?? error;
      throw new Type(`Cannot ${doing} ${this.commandName}: ${error.message}`, { cause });
    }
  }
}

function checkObject(what: string, value: unknown): asserts value is object {
  if (typeof value === "object" && value !== null) return;
  throw new InvalidSignature(`${what} must be an object, got ${quote(value)}`);
}
