import { checkInteger, checkPeriod, checkTimeout } from "../../internal/validation.ts";
import type { IReactorTime } from "../../reactor/interfaces/mod.ts";
import type { WebSocketDecoderOptions } from "./web_socket_decoder.ts";
import type { WebSocketEncoderOptions } from "./web_socket_encoder.ts";

/** Options of a {@linkcode WebSocketProtocol}. */
export interface WebSocketOptions
  extends
    Omit<WebSocketDecoderOptions, "role" | "compression">,
    Omit<WebSocketEncoderOptions, "role" | "compression"> {
  /**
   * Seconds without a byte from the peer after which a Ping is sent; `Infinity` for no Pings.
   *
   * @default {30}
   */
  pingInterval?: number | undefined;
  /**
   * The number of Pings in a row that the peer may leave unanswered, at least 1. One interval after
   * the last of them, the connection is aborted with a `HeartbeatTimeout`.
   *
   * @default {2}
   */
  maxMissedPings?: number | undefined;
  /**
   * Seconds that the peer has to answer a Close frame, and then to close the connection. After
   * that, the connection is aborted.
   *
   * @default {10}
   */
  closeTimeout?: number | undefined;
  /**
   * The clock of the Pings and of `closeTimeout`.
   *
   * @default {undefined} That of the connection's reactor. A transport without a clock, such as one
   *   of a test, has neither Pings nor a timeout.
   */
  clock?: IReactorTime | undefined;
}

/** The times of a {@linkcode WebSocketProtocol}. */
export interface WebSocketTimes {
  readonly pingInterval: number;
  readonly maxMissedPings: number;
  readonly closeTimeout: number;
  readonly clock: IReactorTime | undefined;
}

/** Checks the options that are times, and adds the defaults. */
export function checkTimes(options: WebSocketOptions): WebSocketTimes {
  const { pingInterval = 30, maxMissedPings = 2, closeTimeout = 10, clock } = options;
  if (pingInterval !== Infinity) checkPeriod("pingInterval", pingInterval);
  checkInteger("maxMissedPings", maxMissedPings, 1, Number.MAX_SAFE_INTEGER);
  checkTimeout("closeTimeout", closeTimeout);
  return { pingInterval, maxMissedPings, closeTimeout, clock };
}
