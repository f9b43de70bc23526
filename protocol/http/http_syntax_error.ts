import { FramingError } from "../framing/framing_error.ts";

/** Thrown when a peer's bytes are not HTTP/1.1, or exceed a limit. */
export class HTTPSyntaxError extends FramingError {
  /** The error's name. */
  override readonly name = "HTTPSyntaxError";
  /** The status of the answer: 400, or a more specific one such as 431. */
  readonly status: number;
  /** The violation, such as `an invalid field name`. */
  readonly reason: string;

  /**
   * Creates the error.
   *
   * @param status The status of the answer.
   * @param reason The violation, such as `an invalid field name`.
   * @param offset Bytes between the beginning of the input and the violation.
   */
  constructor(status: number, reason: string, offset: number) {
    super(`Cannot receive an HTTP message: ${reason}`, offset);
    this.status = status;
    this.reason = reason;
  }
}
