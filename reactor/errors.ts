/**
 * The errors of reactors and connections, with the names of `twisted.internet.error`.
 *
 * An error that the operating system reported has its `code` (`"ECONNREFUSED"`), its `syscall`, the
 * `address` that it concerns, and the original error as `cause`.
 *
 * @module
 */

import { codeOf, messageOf } from "../internal/foreign_value.ts";
import { visibleText } from "../internal/visible_text.ts";
import type { IAddress } from "./interfaces/mod.ts";

/** The details of an error that the operating system reported. Each of them may be unknown. */
export interface SystemErrorDetails {
  /** The system's name for the error: `"ECONNREFUSED"`. */
  code?: string | undefined;
  /** The call that failed: `"connect"`, `"read"`. */
  syscall?: string | undefined;
  /** The address that the error concerns, in its usual notation. */
  address?: string | undefined;
  /** The original error. */
  cause?: unknown;
}

/** The base class of errors with details from the operating system. */
export abstract class NetworkError extends Error {
  /** The system's name for the error: `"ECONNREFUSED"`. */
  readonly code: string | undefined;
  /** The call that failed: `"connect"`, `"read"`. */
  readonly syscall: string | undefined;
  /** The address that the error concerns, in its usual notation. */
  readonly address: string | undefined;

  /**
   * Creates the error.
   *
   * @param message The complete message.
   * @param details The details that the operating system reported.
   */
  constructor(message: string, details?: SystemErrorDetails) {
    super(message, details?.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = details?.code;
    this.syscall = details?.syscall;
    this.address = details?.address;
  }
}

/**
 * Thrown when a port cannot listen on its address, for example because the address is in use.
 * Twisted's `CannotListenError`.
 */
export class CannotListenError extends NetworkError {
  /** The requested interface; `""` for a UNIX socket, which has none. */
  readonly interface: string;
  /** The requested port number, or the path of a UNIX socket. */
  readonly port: number | string;

  /**
   * Creates the error.
   *
   * @param where The requested address.
   * @param details The details that the operating system reported.
   */
  constructor(where: IAddress, details: SystemErrorDetails) {
    const why = messageOf(details.cause);
    const address = String(where);
    super(`Cannot listen on ${address}: ${why}`, { syscall: "listen", address, ...details });
    this.interface = "host" in where ? String(where.host) : "";
    this.port = "port" in where && typeof where.port === "number" ? where.port : address;
  }
}

/** Thrown when an endpoint that can listen only once is used again. Twisted's `AlreadyListened`. */
export class AlreadyListened extends Error {
  /** The name of the error class. */
  override readonly name = "AlreadyListened";

  /**
   * Creates the error.
   *
   * @param where The socket on which the endpoint has listened.
   */
  constructor(where: string) {
    super(`Cannot listen on ${where} again: an inherited socket can be used only once`);
  }
}

/** Thrown when Deno, or Deno on this operating system, does not support an operation or option. */
export class UnsupportedError extends Error {
  /** The name of the error class. */
  override readonly name = "UnsupportedError";
}

/** The error of a connection attempt that failed. Subclasses name the reason. */
export class ConnectError extends NetworkError {}

/**
 * The error of a connection attempt that the peer's host has refused, because no program listens on
 * the port.
 */
export class ConnectionRefusedError extends ConnectError {}

/** The error of a connection attempt to an address to which the network has no route. */
export class NoRouteError extends ConnectError {}

/** The error of a connection attempt to a host name that cannot be resolved. */
export class DNSLookupError extends ConnectError {}

/**
 * The error of a connection attempt that succeeded but was rejected by the factory's
 * `buildProtocol`.
 */
export class NoProtocol extends ConnectError {}

/** The error of `connectUNIX` with `checkPID` if no server holds the lock of the UNIX socket. */
export class BadFileError extends ConnectError {}

/** The error of a connection attempt that this program has cancelled with `stopConnecting`. */
export class UserError extends ConnectError {}

/**
 * The error of a connection attempt that exceeded its timeout. Its `code` is `"ETIMEDOUT"`.
 * Twisted's `twisted.internet.error.TimeoutError`.
 */
export class ConnectTimeoutError extends UserError {
  /**
   * Creates the error.
   *
   * @param message The complete message, with the timeout in seconds.
   * @param details The details that the operating system reported.
   */
  constructor(message: string, details?: SystemErrorDetails) {
    super(message, { code: "ETIMEDOUT", ...details });
  }
}

/** The error of a connection attempt that was cancelled through its Deferred or its signal. */
export class ConnectingCancelledError extends UserError {
  /** The address to which the attempt was connecting. */
  readonly destination: IAddress;

  /**
   * Creates the error.
   *
   * @param destination The address to which the attempt was connecting.
   * @param details The reason of the cancellation: as `cause`, and as text for the message.
   */
  constructor(destination: IAddress, details?: { cause?: unknown; reason?: string }) {
    const { cause, reason } = details ?? {};
    const why = reason === undefined ? "" : `: ${reason}`;
    super(`Connecting to ${destination} was cancelled${why}`, {
      address: String(destination),
      cause,
    });
    this.destination = destination;
  }
}

/** Thrown by `stopConnecting` if the connector is not connecting. */
export class NotConnectingError extends Error {
  /** The name of the error class. */
  override readonly name = "NotConnectingError";
}

/** The base class of the errors that `connectionLost` receives when a connection has closed. */
export class ConnectionClosed extends NetworkError {}

/**
 * The reason that `connectionLost` receives when the connection was closed cleanly: one side closed
 * it and all data was sent. Connections share one frozen instance, which has no details.
 */
export class ConnectionDone extends ConnectionClosed {
  /**
   * Creates the error.
   *
   * @param message The complete message.
   * @param details The details that the operating system reported.
   */
  constructor(message?: string, details?: SystemErrorDetails) {
    super(message ?? "Connection was closed cleanly", details);
  }
}

/**
 * The reason that `connectionLost` receives when the connection was lost: the peer reset it, the
 * network failed, or the reactor stopped.
 */
export class ConnectionLost extends ConnectionClosed {
  /**
   * Creates the error.
   *
   * @param message The complete message.
   * @param details The details that the operating system reported.
   */
  constructor(message?: string, details?: SystemErrorDetails) {
    super(message ?? "Connection was lost: it was not closed cleanly", details);
  }
}

/** The reason that `connectionLost` receives when this side aborted the connection. */
export class ConnectionAborted extends ConnectionLost {
  /**
   * Creates the error.
   *
   * @param message The complete message.
   * @param details The details that the operating system reported.
   */
  constructor(message?: string, details?: SystemErrorDetails) {
    super(message ?? "Connection was aborted locally", details);
  }

  /**
   * Returns the error for an abort with a reason.
   *
   * @param reason The error that led to the abort. It becomes the `cause`.
   * @returns A `ConnectionAborted` whose message contains that of the reason, if there is one.
   */
  static because(reason?: Error): ConnectionAborted {
    if (reason === undefined) return new ConnectionAborted();
    return new ConnectionAborted(`Connection was aborted locally: ${messageOf(reason)}`, {
      cause: reason,
    });
  }
}

/**
 * The reason that `connectionLost` receives when a connection was aborted because
 * `sendFileDescriptor` was called for more file descriptors than there were bytes to send with
 * them.
 */
export class FileDescriptorOverrun extends ConnectionAborted {
  /**
   * Creates the error.
   *
   * @param descriptors The number of file descriptors to send.
   * @param bytes The number of bytes to send.
   * @param address The address of the peer.
   */
  constructor(descriptors: number, bytes: number, address: string) {
    super(
      `Connection to ${address} was aborted: sendFileDescriptor() was called for ${descriptors} ` +
        `descriptors, but there are ${bytes} bytes to send with them; write a byte for each in ` +
        "the same turn",
      { address },
    );
  }
}

/**
 * The reason that `connectionLost` receives when a connection was aborted because a write exceeded
 * the limit of the write buffer: the peer reads too slowly.
 */
export class WriteBufferExceeded extends ConnectionAborted {
  /** The number of bytes in the write buffer before the write. */
  readonly buffered: number;
  /** The limit of the write buffer, in bytes. */
  readonly limit: number;

  /**
   * Creates the error.
   *
   * @param buffered The number of bytes in the write buffer before the write.
   * @param added The number of bytes of the write that did not fit.
   * @param limit The limit of the write buffer, in bytes.
   * @param address The address of the peer.
   */
  constructor(buffered: number, added: number, limit: number, address: string) {
    super(
      `Connection to ${address} was aborted: a write of ${added} bytes exceeds ` +
        `the write buffer's limit of ${limit} bytes, of which ${buffered} are in use`,
      { address },
    );
    this.buffered = buffered;
    this.limit = limit;
  }
}

/**
 * The reason that `connectionLost` receives when a closing connection was aborted because the peer
 * did not read the remaining data within the linger time.
 */
export class LingerTimeout extends ConnectionAborted {
  /** The number of bytes that were not sent. */
  readonly unsent: number;

  /**
   * Creates the error.
   *
   * @param unsent The number of bytes that were not sent.
   * @param seconds The linger time, in seconds.
   * @param address The address of the peer.
   */
  constructor(unsent: number, seconds: number, address: string) {
    super(
      `Connection to ${address} was aborted: the peer read none of the remaining ${unsent} bytes ` +
        `for ${seconds} s`,
      { address },
    );
    this.unsent = unsent;
  }
}

/**
 * The reason that `connectionLost` receives when a connection was aborted because it exceeded one
 * of its timeouts.
 */
export class ConnectionTimeout extends ConnectionAborted {
  /** The timeout: `idleTimeout`, `writeStallTimeout` or `maxConnectionAge`. */
  readonly timeout: "idle" | "writeStall" | "age";
  /** The duration of the timeout, in seconds. */
  readonly seconds: number;

  /**
   * Creates the error.
   *
   * @param timeout The timeout that was exceeded.
   * @param seconds The duration of the timeout, in seconds.
   * @param address The address of the peer.
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
  idle: "no data was received or sent for",
  writeStall: "the peer accepted no data for",
  age: "it reached its maximum age of",
};

/**
 * The error of a connection on which TLS has failed. `connectionLost` receives it, or
 * `clientConnectionFailed` if the handshake of `connectTLS` has failed. After a failed handshake,
 * `code` indicates the reason:
 *
 * - `UNABLE_TO_VERIFY_LEAF_SIGNATURE`, `SELF_SIGNED_CERT_IN_CHAIN`, `CERT_SIGNATURE_FAILURE` and
 *   similar codes: no trusted root has signed the certificate. Deno also reports some expired
 *   certificates with the first of these codes.
 * - `CERT_HAS_EXPIRED`: the certificate has expired.
 * - `INVALID_CA`: an issuer is not a certificate authority.
 * - `INVALID_PURPOSE`: the certificate is not valid for this use.
 * - `PERMITTED_VIOLATION`: an issuer is not allowed to certify this name.
 * - `UNSUPPORTED_SIGNATURE_ALGORITHM`: the signature algorithm is not supported.
 * - `ERR_TLS_CERT_ALTNAME_INVALID`: the certificate is for another name.
 * - `ERR_SSL_NO_APPLICATION_PROTOCOL`: the two sides have no ALPN protocol in common.
 * - `ERR_SSL_…_ALERT_…`: the peer rejected the handshake.
 * - `ETIMEDOUT`, `ECONNRESET`: the handshake took too long, or the peer reset the connection.
 */
export class TLSError extends ConnectionLost {
  /** The phase of the failure: during the handshake, or during the transfer of data after it. */
  readonly phase: "handshake" | "transfer";

  /**
   * Creates the error.
   *
   * @param phase The phase of the failure.
   * @param address The address of the peer.
   * @param cause The error that made TLS fail.
   * @param code The error code. The default is that of the cause.
   */
  constructor(
    phase: "handshake" | "transfer",
    address: string,
    cause: Error,
    code?: string,
  ) {
    const subject = phase === "handshake" ? "TLS handshake with" : "TLS with";
    // Control characters are escaped: the message may quote names from the peer's certificate,
    // which are untrusted.
    const why = visibleText(messageOf(cause), { newlines: "escaped" });
    super(`${subject} ${address} failed: ${why}`, { code: code ?? codeOf(cause), address, cause });
    this.phase = phase;
  }
}

/**
 * The reason that `connectionLost` receives when a connection was aborted because it was still open
 * at the deadline of `drain`.
 */
export class DrainTimeout extends ConnectionAborted {
  /** The time that the connections had to close, in seconds. */
  readonly seconds: number;

  /**
   * Creates the error.
   *
   * @param seconds The time that the connections had to close, in seconds.
   * @param address The address of the peer.
   */
  constructor(seconds: number, address: string) {
    super(
      `Connection to ${address} was aborted: ` +
        `it was still open ${seconds} s after its port began to drain`,
      { address },
    );
    this.seconds = seconds;
  }
}

/**
 * Thrown when a host is not an IP address, or is an address of the wrong IP version. Twisted's
 * `InvalidAddressError`.
 */
export class InvalidAddressError extends RangeError {
  /** The name of the error class. */
  override readonly name = "InvalidAddressError";
  /** The invalid host. */
  readonly address: string;

  /**
   * Creates the error.
   *
   * @param address The invalid host.
   * @param message The complete message.
   */
  constructor(address: string, message: string) {
    super(message);
    this.address = address;
  }
}

/** An error of the operating system when sending a datagram or configuring a datagram port. */
export class DatagramError extends NetworkError {}

/** Thrown when a datagram is too long to be sent. Twisted's `MessageLengthError`. */
export class MessageLengthError extends DatagramError {}

/**
 * The error of `joinGroup` and `leaveGroup` if the system rejects the operation. Twisted's
 * `MulticastJoinError`.
 */
export class MulticastJoinError extends DatagramError {}

/**
 * Thrown when a child process cannot be started. The message names the reason. Twisted has no such
 * error: there the child exits with code 1.
 */
export class SpawnError extends ConnectError {
  /** The requested program. */
  readonly executable: string;

  /**
   * Creates the error.
   *
   * @param executable The requested program.
   * @param details The details that the operating system reported.
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

/** The reason that `processEnded` receives when the child process has exited with code 0. */
export class ProcessDone extends ConnectionDone {
  /** The exit code: 0. */
  readonly exitCode: 0 = 0;
  /** Always `null`: no signal terminated the process. */
  readonly signal: null = null;
  /** The exit status as a shell reports it: 0. */
  readonly status: 0 = 0;

  /**
   * Creates the error.
   *
   * @param where The address of the child process.
   */
  constructor(where: IAddress) {
    super(`Process ${where} exited with code 0`, { address: String(where) });
  }
}

/**
 * The reason that `processEnded` receives when the child process has exited with a code other than
 * 0 or was terminated by a signal.
 */
export class ProcessTerminated extends ConnectionLost {
  /** The exit code; `null` if a signal terminated the process. */
  readonly exitCode: number | null;
  /**
   * The name of the signal that terminated the process, such as `"SIGTERM"`; `null` if the process
   * exited by itself. In Twisted it is the number of the signal.
   */
  readonly signal: string | null;
  /** The exit status as a shell reports it: the exit code, or 128 plus the number of the signal. */
  readonly status: number;

  /**
   * Creates the error.
   *
   * @param where The address of the child process.
   * @param status The exit code, or 128 plus the number of the signal.
   * @param signal The name of the signal that terminated the process, or `null`.
   */
  constructor(where: IAddress, status: number, signal: string | null) {
    super(
      signal === null
        ? `Process ${where} exited with code ${status}`
        : `Process ${where} was terminated by ${signal}`,
      { address: String(where) },
    );
    this.exitCode = signal === null ? status : null;
    this.signal = signal;
    this.status = status;
  }
}

/** Thrown by `signalProcess` if the child process has exited. */
export class ProcessExitedAlready extends Error {
  /** The name of the error class. */
  override readonly name = "ProcessExitedAlready";

  /**
   * Creates the error.
   *
   * @param where The address of the child process.
   */
  constructor(where: IAddress) {
    super(`Cannot send a signal to the process ${where}: it has exited`);
  }
}

/** The error with which `run()` rejects if the reactor is already running. */
export class ReactorAlreadyRunning extends Error {
  /** The name of the error class. */
  override readonly name = "ReactorAlreadyRunning";
  /** Creates the error. */
  constructor() {
    super("Cannot run the reactor: it is already running");
  }
}

/** Thrown by `stop()` if the reactor is not running or is already stopping. */
export class ReactorNotRunning extends Error {
  /** The name of the error class. */
  override readonly name = "ReactorNotRunning";
  /** Creates the error. */
  constructor() {
    super("Cannot stop the reactor: it is not running");
  }
}

/** The error with which `run()` rejects if the reactor has been stopped before. */
export class ReactorNotRestartable extends Error {
  /** The name of the error class. */
  override readonly name = "ReactorNotRestartable";
  /** Creates the error. */
  constructor() {
    super(
      "Cannot run the reactor: it has been stopped, and a stopped reactor cannot be restarted",
    );
  }
}

/** Thrown by `installReactor` if the process's reactor has already been used. */
export class ReactorAlreadyInstalledError extends Error {
  /** The name of the error class. */
  override readonly name = "ReactorAlreadyInstalledError";
  /** Creates the error. */
  constructor() {
    super("Cannot install the reactor: the process's reactor is already in use");
  }
}

/** Thrown when a timed call is moved or cancelled after it has been made. */
export class AlreadyCalled extends Error {
  /** The name of the error class. */
  override readonly name = "AlreadyCalled";
}

/** Thrown when a timed call is moved or cancelled after it has been cancelled. */
export class AlreadyCancelled extends Error {
  /** The name of the error class. */
  override readonly name = "AlreadyCancelled";
}
