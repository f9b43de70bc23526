/**
 * The keys, codes and limits that the AMP wire protocol defines, with Twisted's names.
 *
 * @module
 */

/** The key of a call's tag, in a box that asks for an answer. */
export const ASK = "_ask";
/** The key of the call's tag, in the box that answers it. */
export const ANSWER = "_answer";
/** The key of the command's name, in the box of a call. */
export const COMMAND = "_command";
/** The key of the call's tag, in the box that reports the failure of the call. */
export const ERROR = "_error";
/** The key of the code of the failure. */
export const ERROR_CODE = "_error_code";
/** The key of the text that describes the failure. */
export const ERROR_DESCRIPTION = "_error_description";
/** The code of a failure that the command does not define. */
export const UNKNOWN_ERROR_CODE = "UNKNOWN";
/** The code of the failure of a call to which the peer has no responder. */
export const UNHANDLED_ERROR_CODE = "UNHANDLED";
/** The maximum length of a key, in bytes. */
export const MAX_KEY_LENGTH = 255;
/** The maximum length of a value, in bytes. */
export const MAX_VALUE_LENGTH = 65535;
