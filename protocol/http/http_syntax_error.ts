import { FramingError } from "../framing/framing_error.ts";

/** Thrown when a client's bytes are not a request, or exceed a limit. */
export class HTTPSyntaxError extends FramingError {
  /** The error's name. */
  override readonly name = "HTTPSyntaxError";
  /** The status of the answer: 400, or a more specific one such as 431. */
  readonly status: number;

  /**
   * Creates the error.
   *
   * @param status The status of the answer.
   * @param reason The violation, such as `a field name ends in a space`.
   * @param offset Bytes between the beginning of the input and the violation.
   */
  constructor(status: number, reason: string, offset: number) {
    super(`Cannot receive a request: ${reason}`, offset);
    this.status = status;
  }
}
