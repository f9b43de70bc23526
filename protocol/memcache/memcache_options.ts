import type { RequestOptions } from "../pending_requests.ts";
import type { TimerClock } from "../policies/timer_clock.ts";
import type { MemCacheDecoderOptions } from "./memcache_decoder.ts";

/** Options of a {@linkcode MemCacheProtocol}. */
export interface MemCacheOptions extends MemCacheDecoderOptions {
  /**
   * Seconds without a byte from the server, while a request is unanswered, after which the
   * connection is aborted; `Infinity` for no limit. Unanswered requests fail with `RequestLost`.
   *
   * @default {60}
   */
  persistentTimeOut?: number | undefined;
  /**
   * Seconds until a request fails with a `RequestTimeout`, from its call. Later requests continue,
   * and its answer is dropped when it arrives.
   *
   * @default {Infinity}
   */
  timeout?: number | undefined;
  /**
   * The maximum number of requests that are sent and not answered.
   *
   * @default {1000}
   */
  maxInFlight?: number | undefined;
  /**
   * The maximum number of requests that wait to be sent. One more fails with `RequestQueueFull`.
   *
   * @default {10000}
   */
  maxWaiting?: number | undefined;
  /**
   * The maximum size of the requests that are sent and not answered, in bytes. Further ones wait. A
   * single request may be larger, when no other is in flight.
   *
   * @default {16777216}
   */
  maxInFlightBytes?: number | undefined;
  /**
   * The maximum size of the requests that wait to be sent, in bytes. One that would exceed it fails
   * with `RequestQueueFull`. A single request may be larger, when no other waits.
   *
   * @default {67108864}
   */
  maxWaitingBytes?: number | undefined;
  /**
   * The clock of the timeouts: a reactor, or the `Clock` of a test.
   *
   * @default {undefined} The clock of the reactor to which the connection belongs.
   */
  clock?: TimerClock | null | undefined;
}

/** Options of a request that stores a value. */
export interface MemCacheStorageOptions extends RequestOptions {
  /**
   * A number that is stored with the value, for the use of the client: an integer from 0 to
   * 4294967295.
   *
   * @default {0}
   */
  flags?: number | undefined;
  /**
   * Seconds until the item expires: an integer. With 0 it does not expire, and with a negative
   * number it expires at once. A number above 2592000, which is 30 days, is the time since 1970 at
   * which it expires.
   *
   * @default {0}
   */
  expireTime?: number | undefined;
}

/** Options of `flushAll`. */
export interface MemCacheFlushOptions extends RequestOptions {
  /**
   * Seconds until the items become invalid: an integer.
   *
   * @default {0}
   */
  delay?: number | undefined;
}

/** Options of a meta command. */
export interface MemCacheMetaOptions extends RequestOptions {
  /** The value to store. Required for `ms`, and refused for other commands. */
  value?: Uint8Array | string | undefined;
}

/** The commands that `meta` sends: meta get, set, delete and arithmetic. */
export type MemCacheMetaCommand = "mg" | "ms" | "md" | "ma";

/** A stored item. */
export interface MemCacheItem {
  /** The value. */
  readonly value: Uint8Array;
  /** The flags that were stored with the value. */
  readonly flags: number;
  /** The number of this version of the item, for `checkAndSet`. */
  readonly cas: bigint;
}
