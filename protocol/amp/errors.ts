/**
 * The errors of AMP, with the names of `twisted.protocols.amp`.
 *
 * @module
 */

import { isInstance } from "../../internal/foreign_value.ts";
import { quote } from "../../internal/validation.ts";
import { UNHANDLED_ERROR_CODE, UNKNOWN_ERROR_CODE } from "./wire_names.ts";

/** The base class of the errors of AMP. */
export class AmpError extends Error {
  /** The error's name. */
  override readonly name: string = "AmpError";
}

/** Thrown when a box is sent on a connection that has switched, or is switching, its protocol. */
export class ProtocolSwitched extends AmpError {
  /** The error's name. */
  override readonly name = "ProtocolSwitched";
}

/** Thrown when TLS is to be started on a connection on which it has been started already. */
export class OnlyOneTLS extends AmpError {
  /** The error's name. */
  override readonly name = "OnlyOneTLS";
}

/** Thrown when a box arrives that is neither a call nor an answer. */
export class NoEmptyBoxes extends AmpError {
  /** The error's name. */
  override readonly name = "NoEmptyBoxes";
}

/** Thrown when the arguments of a call do not fit its command. The `cause` is the reason. */
export class InvalidSignature extends AmpError {
  /** The error's name. */
  override readonly name = "InvalidSignature";
}

/**
 * Thrown when the peer's bytes are not a box, or a box does not fit its command or answers no call.
 */
export class MalformedAmpBox extends AmpError {
  /** The error's name. */
  override readonly name = "MalformedAmpBox";
}

/** The failure of a call whose command has no responder at the peer. */
export class UnhandledCommand extends AmpError {
  /** The error's name. */
  override readonly name = "UnhandledCommand";
}

/**
 * An error for programs whose two sides support no common version of their commands. AMP itself
 * does not throw it.
 */
export class IncompatibleVersions extends AmpError {
  /** The error's name. */
  override readonly name = "IncompatibleVersions";
}

/** The details of a {@linkcode TooLong}. */
export interface TooLongDetails {
  /** Whether the key is too long, and not the value. */
  isKey: boolean;
  /** Whether this side has made the box, and not the peer. */
  isLocal: boolean;
  /** The length in bytes. */
  length: number;
  /** The key of the value that is too long. */
  keyName?: string | undefined;
  /** The error that reported the length. */
  cause?: unknown;
}

/** Thrown when a key or a value exceeds its maximum length. */
export class TooLong extends AmpError {
  /** The error's name. */
  override readonly name = "TooLong";
  /** Whether the key is too long, and not the value. */
  readonly isKey: boolean;
  /** Whether this side has made the box, and not the peer. */
  readonly isLocal: boolean;
  /** The length in bytes. */
  readonly length: number;
  /** The key of the value that is too long; `null` if the key is too long. */
  readonly keyName: string | null;

  /**
   * Creates the error.
   *
   * @param message The complete message.
   * @param details What is too long.
   */
  constructor(message: string, details: TooLongDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.isKey = details.isKey;
    this.isLocal = details.isLocal;
    this.length = details.length;
    this.keyName = details.keyName ?? null;
  }
}

/** Thrown by a locator when the result of a responder does not fit its command. */
export class BadLocalReturn extends AmpError {
  /** The error's name. */
  override readonly name = "BadLocalReturn";
}

/** Options of a {@linkcode RemoteAmpError}. */
export interface RemoteAmpErrorOptions {
  /**
   * Whether the connection is closed after the answer with the error.
   *
   * @default {false}
   */
  fatal?: boolean | undefined;
  /** The error that a responder of this side has thrown. */
  cause?: unknown | undefined;
}

/**
 * A failure that is sent as the answer to a call. A caller receives it from `callRemoteString`; a
 * responder may throw it to answer with any code.
 */
export class RemoteAmpError extends AmpError {
  /** The error's name. */
  override readonly name: string = "RemoteAmpError";
  /** The code of the failure. */
  readonly errorCode: string;
  /** The text that describes the failure. */
  readonly description: string;
  /** Whether the connection is closed after the answer. */
  readonly fatal: boolean;

  /**
   * Creates the error.
   *
   * @param errorCode The code, such as `"ZERO_DIVISION"`.
   * @param description The text that describes the failure.
   * @param options Whether it is fatal, and its cause.
   */
  constructor(errorCode: string, description: string, options: RemoteAmpErrorOptions = {}) {
    const { cause, fatal = false } = options;
    super(
      `Code<${errorCode}>${cause === undefined ? "" : " (local)"}: ${description}`,
      cause === undefined ? undefined : { cause },
    );
    this.errorCode = errorCode;
    this.description = description;
    this.fatal = fatal;
  }
}

/** The failure of a call with a code that its command does not define. */
export class UnknownRemoteError extends RemoteAmpError {
  /** The error's name. */
  override readonly name = "UnknownRemoteError";

  /**
   * Creates the error.
   *
   * @param description The text that describes the failure.
   * @param errorCode The code. Twisted replaces every code by `"UNKNOWN"`.
   */
  constructor(description: string, errorCode: string = UNKNOWN_ERROR_CODE) {
    super(errorCode, description);
  }
}

/** The class of an error that has a code in a command: its constructor takes the description. */
export type ErrorClass = new (description: string) => Error;

/** The errors whose codes every command has. */
export const PROTOCOL_ERRORS: Readonly<Record<string, ErrorClass>> = {
  [UNHANDLED_ERROR_CODE]: UnhandledCommand,
};

/** The code of the answer to a call that exceeds `maxPendingCommands`. */
export const OVERLOADED_ERROR_CODE = "OVERLOADED";

const PEER_ERROR_CODES: readonly string[] = [UNHANDLED_ERROR_CODE, OVERLOADED_ERROR_CODE];

/**
 * Returns whether the peer has caused an error, and not this program. Such errors are not logged:
 * any peer could fill the log.
 */
export function isCausedByPeer(error: unknown): error is AmpError {
  return isInstance(error, MalformedAmpBox) || isInstance(error, NoEmptyBoxes) ||
    isInstance(error, RemoteAmpError) && PEER_ERROR_CODES.includes(error.errorCode);
}

/** Returns a TypeError for a value that is not of the type of an argument. */
export function notA(expected: string, value: unknown): TypeError {
  return new TypeError(`expected ${expected}, got ${quote(value)}`);
}
