import { checkBound, checkInteger, checkTimeout } from "../../internal/validation.ts";

/** The limits and timeouts of an {@linkcode HTTPFactory}. */
export interface HTTPOptions {
  /**
   * The maximum size of a request's head in bytes: the request line and the fields. A larger one is
   * answered with 431, or with 414 if the target alone exceeds it.
   *
   * @default {16384}
   */
  maxHeadSize?: number | undefined;
  /**
   * The maximum number of field lines of a head. One more is answered with 431.
   *
   * @default {100}
   */
  maxFields?: number | undefined;
  /**
   * The maximum size of a request's body in bytes; `Infinity` for none. A larger one is answered
   * with 413. Bodies are streams, so this does not limit the memory that they take, except in
   * handlers that collect them, with `request.text()` for instance.
   *
   * @default {16777216}
   */
  maxBodySize?: number | undefined;
  /**
   * Bytes of a body that are buffered while its handler does not read them. The client has to wait
   * then.
   *
   * @default {65536}
   */
  bodyHighWater?: number | undefined;
  /**
   * Bytes of further requests that are buffered while a request is handled. Requests of a
   * connection are handled one after the other. Above the limit the connection is not read, and so
   * a client that leaves is noticed late.
   *
   * @default {65536}
   */
  maxPipelined?: number | undefined;
  /**
   * The number of requests after which a connection is closed; `Infinity` for any number.
   *
   * @default {Infinity}
   */
  maxRequests?: number | undefined;
  /**
   * Seconds in which the head of a request must arrive, from its first byte, or, for the first
   * request, from the beginning of the connection. A slower one is answered with 408.
   *
   * @default {30}
   */
  headTimeout?: number | undefined;
  /**
   * Seconds without a byte of a body for which a handler waits. The body then fails, and the answer
   * is 408.
   *
   * @default {60}
   */
  bodyTimeout?: number | undefined;
  /**
   * Seconds in which the client must read what was sent of a response, up to 128 KiB, before more
   * of it is sent. A slower client loses its connection.
   *
   * @default {120}
   */
  sendTimeout?: number | undefined;
  /**
   * Seconds without a request after which a connection is closed.
   *
   * @default {75}
   */
  keepAliveTimeout?: number | undefined;
}

/** The options of a server, checked and with defaults. */
export type HTTPSettings = Readonly<Record<keyof HTTPOptions, number>>;

/** The limits of a {@linkcode HTTPOptions} that concern a request itself. */
export type HTTPLimits = Pick<HTTPSettings, "maxHeadSize" | "maxFields" | "maxBodySize">;

/**
 * Checks options, and fills in the defaults.
 *
 * @param options The options.
 * @returns The settings.
 * @throws {RangeError | TypeError} when an option is out of range.
 */
export function httpSettings(options: HTTPOptions): HTTPSettings {
  const settings = {
    maxHeadSize: options.maxHeadSize ?? 16_384,
    maxFields: options.maxFields ?? 100,
    maxBodySize: options.maxBodySize ?? 16_777_216,
    bodyHighWater: options.bodyHighWater ?? 65_536,
    maxPipelined: options.maxPipelined ?? 65_536,
    maxRequests: options.maxRequests ?? Infinity,
    headTimeout: options.headTimeout ?? 30,
    bodyTimeout: options.bodyTimeout ?? 60,
    sendTimeout: options.sendTimeout ?? 120,
    keepAliveTimeout: options.keepAliveTimeout ?? 75,
  };
  // The smallest request, and a limit that keeps positions small integers.
  checkInteger("maxHeadSize", settings.maxHeadSize, 18, 16_777_216);
  checkInteger("maxFields", settings.maxFields, 1, 1_000_000);
  checkBound("maxBodySize", settings.maxBodySize, 0);
  checkBound("bodyHighWater", settings.bodyHighWater, 1);
  checkBound("maxPipelined", settings.maxPipelined, 0);
  checkBound("maxRequests", settings.maxRequests, 1);
  checkTimeout("headTimeout", settings.headTimeout);
  checkTimeout("bodyTimeout", settings.bodyTimeout);
  checkTimeout("sendTimeout", settings.sendTimeout);
  checkTimeout("keepAliveTimeout", settings.keepAliveTimeout);
  return settings;
}
