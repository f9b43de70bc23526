/**
 * What can go wrong, by Twisted's names (`twisted.internet.error`).
 *
 * An error that the operating system reported keeps its `code` (`"ECONNREFUSED"`), its `syscall`, the `address` it was about, and the
 * system's own error as `cause`.
 *
 * @module
 */

import { messageOf, read } from "../internal/foreign_value.ts";
import { visibleText } from "../internal/visible_text.ts";
import type { IAddress } from "./interfaces/mod.ts";

/** What the operating system said of an error, where it said anything. */
export interface SystemErrorDetails {
  /** The system's name for the error: `"ECONNREFUSED"`. */
  code?: string | undefined;
  /** The call that failed: `"connect"`, `"read"`. */
  syscall?: string | undefined;
  /** The address it was about, as people write it. */
  address?: string | undefined;
  /** The error beneath. */
  cause?: unknown;
}

/** An error with what the operating system said of it. */
export abstract class NetworkError extends Error {
  /** The system's name for the error: `"ECONNREFUSED"`. */
  readonly code: string | undefined;
  /** The call that failed: `"connect"`, `"read"`. */
  readonly syscall: string | undefined;
  /** The address it was about, as people write it. */
  readonly address: string | undefined;

  /**
   * Makes the error.
   *
   * @param message The whole sentence.
   * @param details What the system said.
   */
  constructor(message: string, details: SystemErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
    this.syscall = details.syscall;
    this.address = details.address;
  }
}

/** A port could not be listened on. The message names the address. Twisted's `CannotListenError`. */
export class CannotListenError extends NetworkError {
  /** The interface asked for; `""` where there is none, as for a UNIX socket. */
  readonly interface: string;
  /** The port asked for, or the path. */
  readonly port: number | string;

  /**
   * Makes the error.
   *
   * @param where The address asked for.
   * @param details What the system said.
   */
  constructor(where: IAddress, details: SystemErrorDetails) {
    const why = messageOf(details.cause);
    const address = String(where);
    super(`Cannot listen on ${address}: ${why}`, { syscall: "listen", address, ...details });
    this.interface = "host" in where ? String(where.host) : "";
    this.port = "port" in where && typeof where.port === "number" ? where.port : address;
  }
}

/** An endpoint that can listen only once was to listen again. Twisted's `AlreadyListened`. */
export class AlreadyListened extends Error {
  /** The error's name. */
  override readonly name = "AlreadyListened";

  /**
   * Makes the error.
   *
   * @param where What it has listened on.
   */
  constructor(where: string) {
    super(`Cannot listen on ${where} again: it is a socket that was made elsewhere`);
  }
}

/** This system, or Deno on it, cannot do what was asked for. The message says what would. */
export class UnsupportedError extends Error {
  /** The error's name. */
  override readonly name = "UnsupportedError";
}

/** A connection could not be opened. */
export class ConnectError extends NetworkError {}

/** The peer's host answers, and nobody listens on that port. */
export class ConnectionRefusedError extends ConnectError {}

/** There is no way to that address. */
export class NoRouteError extends ConnectError {}

/** The host's name could not be resolved. */
export class DNSLookupError extends ConnectError {}

/** The connection was there, and the factory built no protocol for it. */
export class NoProtocol extends ConnectError {}

/** The file is not that of a UNIX socket whose server is there: nobody holds its lock. */
export class BadFileError extends ConnectError {}

/** The attempt was ended from this side (`stopConnecting`). */
export class UserError extends ConnectError {}

/**
 * The attempt took longer than its timeout. Its `code` is `"ETIMEDOUT"`. Twisted's
 * `twisted.internet.error.TimeoutError`.
 */
export class ConnectTimeoutError extends UserError {
  /**
   * Makes the error.
   *
   * @param message What took too long, and how long.
   * @param details What the system said.
   */
  constructor(message: string, details: SystemErrorDetails = {}) {
    super(message, { code: "ETIMEDOUT", ...details });
  }
}

/** The attempt was cancelled through its Deferred or its signal. */
export class ConnectingCancelledError extends UserError {
  /** Where it was connecting to. */
  readonly destination: IAddress;

  /**
   * Makes the error.
   *
   * @param destination Where it was connecting to.
   * @param details The reason of the cancellation, as `cause`, and as the end of the message.
   */
  constructor(destination: IAddress, details: { cause?: unknown; reason?: string } = {}) {
    const { cause, reason } = details;
    const why = reason === undefined ? "" : `: ${reason}`;
    super(`Connecting to ${destination} was cancelled${why}`, {
      address: String(destination),
      cause,
    });
    this.destination = destination;
  }
}

/** `stopConnecting` on a connector that does not connect. */
export class NotConnectingError extends Error {
  /** The error's name. */
  override readonly name = "NotConnectingError";
}

/** A connection has ended, one way or the other. */
export class ConnectionClosed extends NetworkError {}

/** The connection ended as it should: one side closed it, and all was sent. */
export class ConnectionDone extends ConnectionClosed {
  /**
   * Makes the error.
   *
   * @param message The whole sentence.
   * @param details What the system said.
   */
  constructor(message?: string, details?: SystemErrorDetails) {
    super(message ?? "Connection was closed cleanly", details);
  }
}

/** The connection broke: the peer reset it, the network failed, or the reactor stopped under it. */
export class ConnectionLost extends ConnectionClosed {
  /**
   * Makes the error.
   *
   * @param message The whole sentence.
   * @param details What the system said.
   */
  constructor(message?: string, details?: SystemErrorDetails) {
    super(message ?? "Connection was lost in a non-clean fashion", details);
  }
}

/** This side aborted the connection. */
export class ConnectionAborted extends ConnectionLost {
  /**
   * Makes the error.
   *
   * @param message The whole sentence.
   * @param details What the system said.
   */
  constructor(message?: string, details?: SystemErrorDetails) {
    super(message ?? "Connection was aborted locally", details);
  }

  /** The error for an abort that another error is the reason of, if any is. */
  static because(reason?: Error): ConnectionAborted {
    if (reason === undefined) return new ConnectionAborted();
    return new ConnectionAborted(`Connection was aborted locally: ${messageOf(reason)}`, {
      cause: reason,
    });
  }
}

/** The peer reads too slowly: a write did not fit into the write buffer any more, and the connection was aborted. */
export class WriteBufferExceeded extends ConnectionAborted {
  /** Bytes that waited when the write came. */
  readonly buffered: number;
  /** The most that may wait. */
  readonly limit: number;

  /**
   * Makes the error.
   *
   * @param buffered Bytes that waited.
   * @param added Bytes of the write that did not fit.
   * @param limit The bound.
   * @param address The peer.
   */
  constructor(buffered: number, added: number, limit: number, address: string) {
    super(
      `Connection to ${address} was aborted: a write of ${added} bytes behind ${buffered} unsent ones exceeds the limit of ${limit}`,
      { address },
    );
    this.buffered = buffered;
    this.limit = limit;
  }
}

/** A closing connection's peer did not read what was left within the linger time. */
export class LingerTimeout extends ConnectionAborted {
  /** Bytes that were never sent. */
  readonly unsent: number;

  /**
   * Makes the error.
   *
   * @param unsent Bytes left.
   * @param seconds The linger time.
   * @param address The peer.
   */
  constructor(unsent: number, seconds: number, address: string) {
    super(
      `Connection to ${address} was aborted: ${unsent} bytes unsent ${seconds} s after the last progress`,
      { address },
    );
    this.unsent = unsent;
  }
}

/** A connection was aborted because a time that it had been given was over. */
export class ConnectionTimeout extends ConnectionAborted {
  /** Which time it was: `idleTimeout`, `writeStallTimeout` or `maxConnectionAge`. */
  readonly timeout: "idle" | "writeStall" | "age";
  /** How long it was, in seconds. */
  readonly seconds: number;

  /**
   * Makes the error.
   *
   * @param timeout Which time is over.
   * @param seconds How long it was.
   * @param address The peer.
   */
  constructor(timeout: "idle" | "writeStall" | "age", seconds: number, address: string) {
    super(`Connection to ${address} was aborted: ${TIMEOUT_REASONS[timeout]} ${seconds} s`, {
      code: "ETIMEDOUT",
      address,
    });
    this.timeout = timeout;
    this.seconds = seconds;
  }
}

const TIMEOUT_REASONS = {
  idle: "no byte came or went for",
  writeStall: "the peer took none of what was written for",
  age: "it has lasted for",
};

/**
 * TLS failed on a connection that was there. In the handshake its `code` tells why: `UNABLE_TO_VERIFY_LEAF_SIGNATURE`,
 * `SELF_SIGNED_CERT_IN_CHAIN`, `CERT_SIGNATURE_FAILURE` and their like (nobody known has signed the certificate; the first also, as Deno has
 * no other name for it, that it has expired), `CERT_HAS_EXPIRED`, `INVALID_CA` (its issuer may not sign), `INVALID_PURPOSE`,
 * `PERMITTED_VIOLATION` (its issuer may not sign for such a name), `UNSUPPORTED_SIGNATURE_ALGORITHM`, `ERR_TLS_CERT_ALTNAME_INVALID` (it is
 * for another name), `ERR_SSL_NO_APPLICATION_PROTOCOL`, `ERR_SSL_…_ALERT_…` (the peer refuses), `ETIMEDOUT`, `ECONNRESET`.
 */
export class TLSError extends ConnectionLost {
  /** Whether the handshake failed, or what came after it. */
  readonly phase: "handshake" | "transfer";

  /**
   * Makes the error.
   *
   * @param phase When it happened.
   * @param address The peer.
   * @param cause What happened.
   * @param code Its name, where the cause has none.
   */
  constructor(
    phase: "handshake" | "transfer",
    address: string,
    cause: Error,
    code: string | undefined = codeOf(cause),
  ) {
    const what = phase === "handshake" ? "TLS handshake with" : "TLS with";
    // A certificate's names may be in the message: they are the peer's.
    const why = visibleText(messageOf(cause), { newlines: "escaped" });
    super(`${what} ${address} failed: ${why}`, { code, address, cause });
    this.phase = phase;
  }
}

function codeOf(cause: Error): string | undefined {
  const code = read(cause, "code");
  return typeof code === "string" ? code : undefined;
}

/** A port was drained, and this connection did not end in time. */
export class DrainTimeout extends ConnectionAborted {
  /** How long the connections were given, in seconds. */
  readonly seconds: number;

  /**
   * Makes the error.
   *
   * @param seconds How long the connections were given.
   * @param address The peer.
   */
  constructor(seconds: number, address: string) {
    super(`Connection to ${address} was aborted: its port was drained, and ${seconds} s are over`, {
      address,
    });
    this.seconds = seconds;
  }
}

/** A host that is not an IP address, or one of the wrong IP version. Twisted's `InvalidAddressError`. */
export class InvalidAddressError extends RangeError {
  /** The error's name. */
  override readonly name = "InvalidAddressError";
  /** The host that was given. */
  readonly address: string;

  /**
   * Makes the error.
   *
   * @param address The host that was given.
   * @param message The whole sentence.
   */
  constructor(address: string, message: string) {
    super(message);
    this.address = address;
  }
}

/** A datagram could not be sent, or a datagram port could not be set, because the system refused. */
export class DatagramError extends NetworkError {}

/** A datagram is too long to be sent. Twisted's `MessageLengthError`. */
export class MessageLengthError extends DatagramError {}

/** A multicast group could not be joined or left. Twisted's `MulticastJoinError`. */
export class MulticastJoinError extends DatagramError {}

/** A child process could not be started. The message says why. Twisted has no name for it: there, the child exits with code 1. */
export class SpawnError extends ConnectError {
  /** The program asked for. */
  readonly executable: string;

  /**
   * Makes the error.
   *
   * @param executable The program asked for.
   * @param details What the system said.
   */
  constructor(executable: string, details: SystemErrorDetails) {
    const why = messageOf(details.cause);
    super(`Cannot start ${JSON.stringify(executable)}: ${why}`, {
      syscall: "spawn",
      address: executable,
      ...details,
    });
    this.executable = executable;
  }
}

/** A child process has exited with code 0. */
export class ProcessDone extends ConnectionDone {
  /** The exit code: 0. */
  readonly exitCode = 0;
  /** No signal ended it. */
  readonly signal = null;
  /** As a shell reports it: 0. */
  readonly status = 0;

  /**
   * Makes the error.
   *
   * @param where The child.
   */
  constructor(where: IAddress) {
    super(`Process ${where} ended with exit code 0`, { address: String(where) });
  }
}

/** A child process has exited with another code than 0, or a signal has ended it. */
export class ProcessTerminated extends ConnectionLost {
  /** The exit code; null when a signal ended it. */
  readonly exitCode: number | null;
  /** The name of the signal that ended it: `"SIGTERM"`. Twisted has its number. Null when the child exited by itself. */
  readonly signal: string | null;
  /** As a shell reports it: the exit code, or 128 and the signal's number. */
  readonly status: number;

  /**
   * Makes the error.
   *
   * @param where The child.
   * @param status The exit code, or 128 and the signal's number.
   * @param signal The signal that ended it, if one did.
   */
  constructor(where: IAddress, status: number, signal: string | null) {
    super(
      `Process ${where} ended ${signal === null ? `with exit code ${status}` : `by ${signal}`}`,
      { address: String(where) },
    );
    this.exitCode = signal === null ? status : null;
    this.signal = signal;
    this.status = status;
  }
}

/** A signal for a child process that has exited. */
export class ProcessExitedAlready extends Error {
  /** The error's name. */
  override readonly name = "ProcessExitedAlready";

  /**
   * Makes the error.
   *
   * @param where The child.
   */
  constructor(where: IAddress) {
    super(`Cannot send a signal to the process ${where}: it has exited`);
  }
}

/** `run()` on a reactor that runs. */
export class ReactorAlreadyRunning extends Error {
  /** The error's name. */
  override readonly name = "ReactorAlreadyRunning";
  /** Makes the error. */
  constructor() {
    super("Cannot run the reactor: it is running already");
  }
}

/** `stop()` on a reactor that does not run, or is stopping. */
export class ReactorNotRunning extends Error {
  /** The error's name. */
  override readonly name = "ReactorNotRunning";
  /** Makes the error. */
  constructor() {
    super("Cannot stop the reactor: it is not running");
  }
}

/** `run()` on a reactor that has been stopped. */
export class ReactorNotRestartable extends Error {
  /** The error's name. */
  override readonly name = "ReactorNotRestartable";
  /** Makes the error. */
  constructor() {
    super(
      "Cannot run the reactor: it has been stopped, and a stopped reactor does not start again",
    );
  }
}

/** `installReactor` after the process's reactor has been used. */
export class ReactorAlreadyInstalledError extends Error {
  /** The error's name. */
  override readonly name = "ReactorAlreadyInstalledError";
  /** Makes the error. */
  constructor() {
    super("Cannot install the reactor: the process's reactor is in use already");
  }
}

/** A timed call was moved or cancelled after it had been made. */
export class AlreadyCalled extends Error {
  /** The error's name. */
  override readonly name = "AlreadyCalled";
}

/** A timed call was moved or cancelled after it had been cancelled. */
export class AlreadyCancelled extends Error {
  /** The error's name. */
  override readonly name = "AlreadyCancelled";
}
