import { isInstance } from "../../internal/foreign_value.ts";
import { HTTPSyntaxError } from "../http/http_syntax_error.ts";

/** Thrown when the head of a message is valid in HTTP, but opens no WebSocket connection. */
export class HandshakeRefusal extends Error {
  /** The error's name. */
  override readonly name = "HandshakeRefusal";
  /** The status with which a server answers. */
  readonly status: number;
  /** The reason. */
  readonly reason: string;

  /**
   * @param status The status with which a server answers.
   * @param reason The reason.
   */
  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
    this.reason = reason;
  }
}

/** Returns whether an error says why a head opens no WebSocket connection. */
export function isRefusal(error: unknown): error is HandshakeRefusal | HTTPSyntaxError {
  return isInstance(error, HandshakeRefusal) || isInstance(error, HTTPSyntaxError);
}
