import { FramingError } from "../framing/framing_error.ts";

/**
 * The failure of an invalid request. The client itself finds an invalid key, value or number, and
 * then sends nothing; the server finds the rest, and answers `CLIENT_ERROR`. Twisted's
 * `ClientError`.
 */
export class ClientError extends Error {
  /** The error's name. */
  override readonly name = "ClientError";
}

/**
 * The failure of a request that the server could not carry out, such as to store a value that is
 * too large: the answer `SERVER_ERROR`. Twisted's `ServerError`.
 */
export class ServerError extends Error {
  /** The error's name. */
  override readonly name = "ServerError";
}

/**
 * The failure of a request whose command the server does not know: the answer `ERROR`. A server
 * that has too many connections answers so, too, and closes the connection. Twisted's
 * `NoSuchCommand`.
 */
export class NoSuchCommand extends Error {
  /** The error's name. */
  override readonly name = "NoSuchCommand";
}

/** Thrown when received bytes are not the answer of a memcached server. */
export class InvalidMemCacheAnswer extends FramingError {
  /** The error's name. */
  override readonly name = "InvalidMemCacheAnswer";
}
