import { asError } from "../../defer/guarded_call.ts";
import { codeOf } from "../../internal/foreign_value.ts";
import { DatagramError, MessageLengthError } from "../errors.ts";
import type { IUNIXAddress } from "../interfaces/mod.ts";

/**
 * Returns the error of a UNIX datagram that could not be sent.
 *
 * @param cause The error of the system.
 * @param to The destination.
 * @param size The size of the datagram in bytes.
 */
export function unixSendError(cause: unknown, to: IUNIXAddress, size: number): DatagramError {
  const address = String(to);
  const details = { code: codeOf(cause), syscall: "send", address, cause };
  const { message } = asError(cause);
  switch (details.code) {
    case "EMSGSIZE":
      return new MessageLengthError(`Cannot send ${size} bytes to ${to}: ${message}`, details);
    case "EAGAIN":
      return new DatagramError(`Cannot send to ${to}: the receiver does not read`, details);
    case "ENOENT":
      // The receiver's socket file does not exist any more. Like a refused datagram, that means
      // that no receiver is listening.
      return new DatagramError(`Cannot send to ${to}: ${message}`, {
        ...details,
        code: "ECONNREFUSED",
      });
    default:
      return new DatagramError(`Cannot send to ${to}: ${message}`, details);
  }
}
