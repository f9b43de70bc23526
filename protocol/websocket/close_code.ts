/**
 * The codes of Close frames: RFC 6455, section 7.4, and IANA's registry.
 *
 * @module
 */

import { quote } from "../../internal/validation.ts";

/** The codes with which a WebSocket connection closes (RFC 6455, section 7.4.1). */
export const WebSocketCloseCode = {
  /** The connection has fulfilled its purpose. */
  NORMAL: 1000,
  /** The server stops, or the user has left the page. */
  GOING_AWAY: 1001,
  /** The peer has violated the protocol. */
  PROTOCOL_ERROR: 1002,
  /** The peer has sent a type of data that this side does not accept. */
  UNSUPPORTED_DATA: 1003,
  /** A Close frame without a code was received. Never sent. */
  NO_STATUS: 1005,
  /** The connection was lost without a Close frame. Never sent. */
  ABNORMAL: 1006,
  /** A text message is not UTF-8, or compressed data is not valid. */
  INVALID_DATA: 1007,
  /** The peer has violated a policy of this side. */
  POLICY_VIOLATION: 1008,
  /** A message is longer than the limit. */
  TOO_BIG: 1009,
  /** The server did not negotiate an extension that the client requires. */
  EXTENSION_REQUIRED: 1010,
  /** The server has failed. */
  INTERNAL_ERROR: 1011,
  /** The server restarts. */
  SERVICE_RESTART: 1012,
  /** The server is overloaded. */
  TRY_AGAIN_LATER: 1013,
  /** A gateway has received an invalid answer. */
  BAD_GATEWAY: 1014,
} as const;

/** The last code that IANA has registered for Close frames. */
const LAST_REGISTERED = 1014;

/**
 * Returns whether a Close frame may contain a code: one that is registered, or from 3000 to 4999.
 */
export function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= LAST_REGISTERED && (code < 1004 || code > 1006);
}

/**
 * Throws unless a Close frame may contain a code.
 *
 * @throws {RangeError} when it may not.
 */
export function checkCloseCode(code: number): void {
  if (Number.isInteger(code) && isCloseCode(code)) return;
  throw new RangeError(
    `Cannot close a WebSocket with the code ${
      quote(code)
    }: the code must be an integer from 1000 ` +
      "to 1014, except 1004 to 1006, or from 3000 to 4999",
  );
}
