import { messageOf } from "../../internal/foreign_value.ts";
import { checkFunction, checkString, quote } from "../../internal/validation.ts";
import type { Deferred, TimeoutClock } from "../../defer/mod.ts";
import type { AmpBox, IBoxSender } from "./amp_box.ts";
import { type ErrorClass, RemoteAmpError, UnknownRemoteError } from "./errors.ts";
import type { EmptySchema } from "./schema.ts";

/** Options of a call. Twisted has no equivalent. */
export interface CallOptions {
  /**
   * Seconds after which the call fails with a `RequestTimeout`, at least 0. An answer that arrives
   * later is dropped.
   *
   * @default the `timeout` of the protocol
   */
  timeout?: number | undefined;
  /**
   * The clock that measures the timeout: the reactor, or a test's `Clock`.
   *
   * @default the `clock` of the protocol
   */
  clock?: TimeoutClock | undefined;
  /**
   * Abandons the call when it aborts. The call fails with a `RequestTimeout` if the signal is that
   * of `AbortSignal.timeout()`, and else with a `RequestCancelled`. A signal that has aborted
   * already sends nothing.
   */
  signal?: AbortSignal | undefined;
}

/** Sends calls as boxes. A {@linkcode BoxDispatcher} is one. */
export interface CommandCaller {
  /** The connection. */
  readonly boxSender: IBoxSender;
  /**
   * Sends a call, and waits for its answer.
   *
   * @param name The name of the command.
   * @param box The arguments. The method adds the name and a tag.
   * @param options The timeout, and a signal.
   * @returns A Deferred that fires with the box of the answer. It fails with a `RemoteAmpError`, an
   *   `UnhandledCommand`, a `RequestTimeout`, a `RequestCancelled`, or a `RequestLost`.
   * @throws {Error} when the box cannot be sent.
   */
  callBox(name: string, box: AmpBox, options?: CallOptions): Deferred<AmpBox>;
  /**
   * Sends a call without asking for an answer.
   *
   * @param name The name of the command.
   * @param box The arguments. The method adds the name.
   * @throws {Error} when the box cannot be sent.
   */
  notifyBox(name: string, box: AmpBox): void;
}

/** The parameters of `callRemote` after the command. What may be empty may be omitted. */
export type CallParameters<A extends object, O extends CallOptions> = EmptySchema extends O
  ? EmptySchema extends A ? [args?: NoInfer<A>, options?: NoInfer<O>]
  : [args: NoInfer<A>, options?: NoInfer<O>]
  : [args: NoInfer<A>, options: NoInfer<O>];

/** Classes of errors, by the code that stands for them on the wire. */
export type ErrorCodes = Readonly<Record<string, ErrorClass>>;

/** What all kinds of commands have in common: a name, and errors. */
export interface CommandErrors {
  /**
   * The errors that a responder may throw, by their codes. The caller receives an error of the same
   * class, whose constructor is called with the message of the original.
   *
   * An error of a subclass has the code of the first class that it belongs to.
   *
   * @default {{}}
   */
  errors?: ErrorCodes | undefined;
  /**
   * Errors after which the connection is closed.
   *
   * @default {{}}
   */
  fatalErrors?: ErrorCodes | undefined;
}

/**
 * The base class of commands. {@linkcode Command} and {@linkcode ProtocolSwitchCommand} are its
 * kinds.
 *
 * @typeParam A The arguments that the caller passes.
 * @typeParam Result What the call returns: a Deferred of the answer, or nothing.
 * @typeParam Received The arguments that the responder receives.
 * @typeParam Returned What the responder returns.
 * @typeParam O The options of a call.
 */
export abstract class BaseCommand<
  A extends object,
  Result,
  Received,
  Returned,
  O extends CallOptions = CallOptions,
> {
  /** The name on the wire. */
  readonly commandName: string;
  /** The errors that a responder may throw, by their codes. */
  readonly errors: ErrorCodes;
  /** Errors after which the connection is closed, by their codes. */
  readonly fatalErrors: ErrorCodes;

  /**
   * Creates a command.
   *
   * @param name The name on the wire.
   * @param options The errors.
   * @throws {TypeError} when the name is not a string, or an error is not a class.
   */
  constructor(name: string, options: CommandErrors) {
    checkString("commandName", name);
    const { errors = {}, fatalErrors = {} } = options;
    for (const [code, type] of Object.entries({ ...errors, ...fatalErrors })) {
      checkFunction(`the class of the error ${quote(code)} of the command ${quote(name)}`, type);
    }
    this.commandName = name;
    this.errors = errors;
    this.fatalErrors = fatalErrors;
  }

  /**
   * Sends the command. Called by `callRemote`.
   *
   * @param caller The connection.
   * @param args The arguments.
   * @param options The options of the call.
   */
  abstract send(caller: CommandCaller, args: A, options: O): Result;

  /**
   * Decodes the arguments of a call.
   *
   * @param box The box of the call.
   * @param protocol The protocol that has received it, or `null`.
   * @returns The arguments for the responder.
   * @throws {MalformedAmpBox} when an argument is missing, or cannot be decoded.
   */
  abstract parseArguments(box: AmpBox, protocol?: object | null): Received;

  /**
   * Encodes the result of a responder.
   *
   * @param result The result.
   * @param protocol The protocol that will send the answer, or `null`.
   * @returns The box of the answer.
   * @throws {Error} when the result cannot be encoded.
   */
  abstract makeResponse(result: Returned, protocol?: object | null): AmpBox;

  /**
   * Returns the answer to a call whose responder has thrown an error.
   *
   * @param error The error.
   * @returns The answer; `null` if the error has no code.
   */
  remoteErrorOf(error: unknown): RemoteAmpError | null {
    if (error instanceof RemoteAmpError) return error;
    const code = codeOf(this.errors, error);
    const fatalCode = codeOf(this.fatalErrors, error);
    if (code !== undefined) return asRemote(code, error, false);
    return fatalCode === undefined ? null : asRemote(fatalCode, error, true);
  }

  /**
   * Returns the error for the caller, for an answer that reports a failure.
   *
   * @param error The failure, as it was received.
   * @returns An error of the class that has the code, or an `UnknownRemoteError`.
   */
  localErrorOf(error: RemoteAmpError): Error {
    const { errorCode, description } = error;
    const Type = Object.hasOwn(this.errors, errorCode)
      ? this.errors[errorCode]
      : Object.hasOwn(this.fatalErrors, errorCode)
      ? this.fatalErrors[errorCode]
      : undefined;
    return Type === undefined
      ? new UnknownRemoteError(description, errorCode)
      : new Type(description);
  }
}

function codeOf(codes: ErrorCodes, error: unknown): string | undefined {
  return Object.entries(codes).find(([, type]) => error instanceof type)?.[0];
}

function asRemote(code: string, error: unknown, fatal: boolean): RemoteAmpError {
  return new RemoteAmpError(code, messageOf(error), { fatal, cause: error });
}
