import { isInstance } from "../../internal/foreign_value.ts";
import { FrameTooLongError, FramingError } from "../framing/framing_error.ts";
import { WebSocketCloseCode } from "./close_code.ts";

/** Thrown when a peer violates RFC 6455. */
export class WebSocketError extends FramingError {
  /** The error's name. */
  override readonly name = "WebSocketError";
  /**
   * The code with which the connection closes: 1002, or 1007 for text that is not UTF-8 and for
   * compressed data that is not valid.
   */
  readonly closeCode: number;

  /**
   * Creates the error.
   *
   * @param closeCode The code with which the connection closes.
   * @param message The violation.
   * @param offset Bytes between the beginning of the input and the frame.
   */
  constructor(closeCode: number, message: string, offset: number) {
    super(message, offset);
    this.closeCode = closeCode;
  }
}

/** Returns the code with which a connection closes because of an error of its decoder. */
export function closeCodeOf(error: FramingError): number {
  if (isInstance(error, WebSocketError)) return error.closeCode;
  return isInstance(error, FrameTooLongError)
    ? WebSocketCloseCode.TOO_BIG
    : WebSocketCloseCode.PROTOCOL_ERROR;
}
