import { type Deferred, fail, TimeoutError } from "../../defer/mod.ts";
import { asError } from "../../defer/guarded_call.ts";
import { isInstance } from "../../internal/foreign_value.ts";
import { checkTimeout } from "../../internal/validation.ts";
import type { IDelayedCall, IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { FrameReceiver } from "../framing/frame_receiver.ts";
import type { FramingError } from "../framing/framing_error.ts";
import {
  type RequestOptions,
  type RequestQueueOptions,
  UnexpectedAnswer,
} from "../pending_requests.ts";
import { type TimerClock, timerClock } from "../policies/timer_clock.ts";
import {
  type AnswerReader,
  type ItemSelector,
  readItem,
  readMeta,
  readNumber,
  readStatistics,
  readStatus,
  readVersion,
} from "./answer_readers.ts";
import * as check from "./check_arguments.ts";
import { ClientError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import { ExchangeQueue } from "./exchange_queue.ts";
import { distinctKeys, getItems } from "./get_items.ts";
import type {
  MemCacheAnswer,
  MemCacheMetaAnswer,
  MemCacheMetaCode,
  MemCacheValue,
} from "./memcache_answers.ts";
import { MemCacheDecoder } from "./memcache_decoder.ts";
import type {
  MemCacheFlushOptions,
  MemCacheItem,
  MemCacheMetaCommand,
  MemCacheMetaOptions,
  MemCacheOptions,
  MemCacheStorageOptions,
} from "./memcache_options.ts";

/** The port of memcached, 11211. */
export const DEFAULT_PORT = 11211;

const STORED = readStatus({ STORED: true, NOT_STORED: false });
const CHECKED = readStatus({ STORED: true, EXISTS: false, NOT_FOUND: false });
const DELETED = readStatus({ DELETED: true, NOT_FOUND: false });
const TOUCHED = readStatus({ TOUCHED: true, NOT_FOUND: false });
const FLUSHED = readStatus({ OK: undefined });

/** The codes with which each meta command is answered. */
const META_CODES: Readonly<Record<MemCacheMetaCommand, readonly MemCacheMetaCode[]>> = {
  mg: ["HD", "VA", "EN"],
  ms: ["HD", "NS", "EX", "NF"],
  md: ["HD", "NF", "EX"],
  ma: ["HD", "VA", "NF", "NS", "EX"],
};

const valueOf = ({ value }: MemCacheValue): Uint8Array => value;

/** Returns the item of an answer to `gets`; `null` if the answer has no `cas`. */
function itemOf({ value, flags, cas }: MemCacheValue): MemCacheItem | null {
  return cas === null ? null : { value, flags, cas };
}

/** Returns the options of a request without those of an item. */
function withoutItem({ timeout, signal }: RequestOptions): RequestOptions {
  return { timeout, signal };
}

/**
 * A client of memcached, in its text protocol. Twisted's `MemCacheProtocol`.
 *
 * Requests are sent at once, and those of one turn together; the answers arrive in the same order.
 * Each method returns a Deferred, and does not throw. If an argument or the option `timeout` is
 * invalid, the Deferred fails with {@linkcode ClientError} before anything is sent, as in Twisted.
 * If the server answers with an error, it fails with {@linkcode ClientError},
 * {@linkcode ServerError} or {@linkcode NoSuchCommand}. Every other failure is a `RequestFailure`,
 * whose `sent` says whether the server may have received the request:
 *
 * - `RequestTimeout` and `RequestCancelled`, by the options `timeout` and `signal` of each method,
 *   as those of `RequestQueue`, or by a call of `cancel()`;
 * - `RequestLost`, if the connection is lost: its `cause` is the reason;
 * - `RequestQueueFull`, if {@linkcode MemCacheOptions.maxWaiting} or
 *   {@linkcode MemCacheOptions.maxWaitingBytes} is reached;
 * - `RequestSendFailed`, if nothing could be sent: the connection has not been made, there is no
 *   clock for a timeout, or the value no longer has the length that it had at the call, whose
 *   `cause` is a {@linkcode ClientError}.
 *
 * The connection is aborted if an answer is malformed, exceeds a limit, or does not answer the
 * oldest unanswered request, and if no byte arrives in {@linkcode persistentTimeOut}. It is also
 * aborted if the server answers `ERROR` or `CLIENT_ERROR` to a request with a value, because it may
 * have read the value as commands. The error is the `cause` of the reason, a `ConnectionAborted`,
 * with which all unanswered requests are lost.
 *
 * Values are views of the memory in which the bytes arrived. `slice()` a value that is kept for
 * long. A value to store must not change until its request is answered.
 *
 * A protocol is one connection. Use a `ClientService` to connect again.
 *
 * @typeParam F The factory that builds it.
 *
 * @example
 * ```ts no-eval
 * import { connectProtocol, reactor, TCP4ClientEndpoint } from "@torsion/reactor";
 * import { DEFAULT_PORT, MemCacheProtocol } from "@torsion/reactor/memcache";
 *
 * reactor.callWhenRunning(async () => {
 *   const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", DEFAULT_PORT);
 *   const client = await connectProtocol(endpoint, new MemCacheProtocol());
 *   await client.set("greeting", "hello", { expireTime: 60 });
 *   const value = await client.get("greeting");
 *   console.log(value && new TextDecoder().decode(value)); // hello
 *   reactor.stop();
 * });
 * await reactor.run();
 * ```
 */
export class MemCacheProtocol<F extends IProtocolFactory = IProtocolFactory>
  extends FrameReceiver<MemCacheAnswer, F> {
  /**
   * The maximum length of a key, in bytes. Raise it only for a server that accepts longer keys:
   * memcached refuses them, and then reads the value of a storage command as commands.
   */
  MAX_KEY_LENGTH = 250;
  /**
   * Seconds without a byte from the server, while a request is unanswered, after which the
   * connection is aborted, with a `TimeoutError` as the cause. A change takes effect with the next
   * request or byte.
   */
  persistentTimeOut: number;
  /** The decoder of the answers. */
  protected override readonly decoder: MemCacheDecoder;
  readonly #exchanges: ExchangeQueue;
  readonly #clock: TimerClock | null;
  #timeout: IDelayedCall | null = null;

  /**
   * Creates a client that is not connected.
   *
   * @param options Timeouts and limits.
   * @throws {RangeError} when an option is out of range.
   */
  constructor(options: MemCacheOptions = {}) {
    super();
    const { persistentTimeOut = 60, clock = null } = options;
    checkTimeout("persistentTimeOut", persistentTimeOut);
    this.persistentTimeOut = persistentTimeOut;
    this.decoder = new MemCacheDecoder(options);
    this.#clock = clock;
    const { timeout, maxInFlight, maxWaiting, maxInFlightBytes, maxWaitingBytes } = options;
    const lateClock: RequestQueueOptions["clock"] = {
      callLater: (delay, f, ...args) => this.#timerClock().callLater(delay, f, ...args),
    };
    this.#exchanges = new ExchangeQueue(
      this,
      { timeout, maxInFlight, maxWaiting, maxInFlightBytes, maxWaitingBytes, clock: lateClock },
      (isFirst) => {
        if (isFirst) this.#startTimeout();
      },
    );
  }

  /** The number of requests that have been sent and not answered, abandoned ones included. */
  get inFlight(): number {
    return this.#exchanges.inFlight;
  }

  /** The number of requests that wait to be sent. */
  get waiting(): number {
    return this.#exchanges.waiting;
  }

  /**
   * Gets a value.
   *
   * @param key The key.
   * @param options `timeout` and `signal`.
   * @returns A Deferred of the value; of `null` if there is none.
   */
  get(key: string, options: RequestOptions = {}): Deferred<Uint8Array | null> {
    return this.#getItem("get", key, valueOf, options);
  }

  /**
   * Gets a value with its flags, and with the number of its version for {@linkcode checkAndSet}.
   * Twisted's `get(key, withIdentifier=True)`.
   *
   * @param key The key.
   * @param options `timeout` and `signal`.
   * @returns A Deferred of the item; of `null` if there is none.
   */
  gets(key: string, options: RequestOptions = {}): Deferred<MemCacheItem | null> {
    return this.#getItem("gets", key, itemOf, options);
  }

  /**
   * Gets several values. Keys that do not fit into one command of 2048 bytes are distributed over
   * several, which are sent together.
   *
   * @param keys The keys. Each command counts towards `maxInFlight` and `maxWaiting`: the defaults
   *   suffice for 88000 keys of any length.
   * @param options `timeout` and `signal`.
   * @returns A Deferred of the values by their keys. Keys without a value are left out. It fails as
   *   soon as one of the commands fails. The `sent` of its failure is that of this command: others
   *   may have been sent.
   */
  getMultiple(
    keys: Iterable<string>,
    options: RequestOptions = {},
  ): Deferred<Map<string, Uint8Array>> {
    return this.#getItems("get", keys, valueOf, options);
  }

  /**
   * Gets several values with their flags and the numbers of their versions. Twisted's
   * `getMultiple(keys, withIdentifier=True)`.
   *
   * @param keys The keys, as of {@linkcode getMultiple}.
   * @param options `timeout` and `signal`.
   * @returns A Deferred of the items by their keys. Keys without an item are left out.
   */
  getsMultiple(
    keys: Iterable<string>,
    options: RequestOptions = {},
  ): Deferred<Map<string, MemCacheItem>> {
    return this.#getItems("gets", keys, itemOf, options);
  }

  /**
   * Stores a value.
   *
   * @param key The key.
   * @param value The bytes, or a string that is encoded as UTF-8.
   * @param options `flags`, `expireTime`, `timeout` and `signal`.
   * @returns A Deferred of whether it was stored. memcached stores it, or answers with an error.
   */
  set(
    key: string,
    value: Uint8Array | string,
    options: MemCacheStorageOptions = {},
  ): Deferred<boolean> {
    return this.#store("set", key, value, options, STORED);
  }

  /**
   * Stores a value, if there is none.
   *
   * @param key The key.
   * @param value The bytes, or a string that is encoded as UTF-8.
   * @param options `flags`, `expireTime`, `timeout` and `signal`.
   * @returns A Deferred of whether it was stored.
   */
  add(
    key: string,
    value: Uint8Array | string,
    options: MemCacheStorageOptions = {},
  ): Deferred<boolean> {
    return this.#store("add", key, value, options, STORED);
  }

  /**
   * Stores a value, if there is one already.
   *
   * @param key The key.
   * @param value The bytes, or a string that is encoded as UTF-8.
   * @param options `flags`, `expireTime`, `timeout` and `signal`.
   * @returns A Deferred of whether it was stored.
   */
  replace(
    key: string,
    value: Uint8Array | string,
    options: MemCacheStorageOptions = {},
  ): Deferred<boolean> {
    return this.#store("replace", key, value, options, STORED);
  }

  /**
   * Adds bytes to the end of a value. Its flags and expiration time stay the same.
   *
   * @param key The key.
   * @param value The bytes, or a string that is encoded as UTF-8.
   * @param options `timeout` and `signal`.
   * @returns A Deferred of whether there was a value.
   */
  append(
    key: string,
    value: Uint8Array | string,
    options: RequestOptions = {},
  ): Deferred<boolean> {
    return this.#store("append", key, value, withoutItem(options), STORED);
  }

  /**
   * Adds bytes to the beginning of a value. Its flags and expiration time stay the same.
   *
   * @param key The key.
   * @param value The bytes, or a string that is encoded as UTF-8.
   * @param options `timeout` and `signal`.
   * @returns A Deferred of whether there was a value.
   */
  prepend(
    key: string,
    value: Uint8Array | string,
    options: RequestOptions = {},
  ): Deferred<boolean> {
    return this.#store("prepend", key, value, withoutItem(options), STORED);
  }

  /**
   * Stores a value, if the stored item has not changed since {@linkcode gets} returned it.
   *
   * @param key The key.
   * @param value The bytes, or a string that is encoded as UTF-8.
   * @param cas The `cas` of the item that `gets` returned.
   * @param options `flags`, `expireTime`, `timeout` and `signal`.
   * @returns A Deferred of whether it was stored; `false` if the item has changed, or is gone.
   */
  checkAndSet(
    key: string,
    value: Uint8Array | string,
    cas: bigint,
    options: MemCacheStorageOptions = {},
  ): Deferred<boolean> {
    return this.#request(options, () => {
      check.checkCas(cas);
      return this.#storing("cas", key, value, options, CHECKED, ` ${cas}`);
    });
  }

  /**
   * Adds to a stored number: a value of decimal digits, of 64 bits without a sign.
   *
   * @param key The key.
   * @param amount The number to add: an integer from 0.
   * @param options `timeout` and `signal`.
   * @returns A Deferred of the new number, which starts again at 0 after the greatest; of `null` if
   *   there is no value. It fails with {@linkcode ClientError} if the value is not a number.
   */
  increment(
    key: string,
    amount: number | bigint = 1,
    options: RequestOptions = {},
  ): Deferred<bigint | null> {
    return this.#calculate("incr", key, amount, options);
  }

  /**
   * Subtracts from a stored number.
   *
   * @param key The key.
   * @param amount The number to subtract: an integer from 0.
   * @param options `timeout` and `signal`.
   * @returns A Deferred of the new number, which is at least 0; of `null` if there is no value. It
   *   fails with {@linkcode ClientError} if the value is not a number.
   */
  decrement(
    key: string,
    amount: number | bigint = 1,
    options: RequestOptions = {},
  ): Deferred<bigint | null> {
    return this.#calculate("decr", key, amount, options);
  }

  /**
   * Deletes a value.
   *
   * @param key The key.
   * @param options `timeout` and `signal`.
   * @returns A Deferred of whether there was a value.
   */
  delete(key: string, options: RequestOptions = {}): Deferred<boolean> {
    return this.#request(options, () => new Exchange(`delete ${this.#checked(key)}`, DELETED));
  }

  /**
   * Changes the expiration time of a value. Twisted has no such method.
   *
   * @param key The key.
   * @param expireTime The new expiration time, as the option of {@linkcode set}.
   * @param options `timeout` and `signal`.
   * @returns A Deferred of whether there is a value.
   */
  touch(key: string, expireTime: number, options: RequestOptions = {}): Deferred<boolean> {
    return this.#request(options, () => {
      check.checkExpireTime(expireTime);
      return new Exchange(`touch ${this.#checked(key)} ${expireTime}`, TOUCHED);
    });
  }

  /**
   * Gets statistics of the server.
   *
   * @param argument The statistics, such as `items` or `slabs`; the general ones by default. An
   *   argument with another answer than a list of statistics, such as `cachedump`, is not
   *   supported: its answer aborts the connection.
   * @param options `timeout` and `signal`.
   * @returns A Deferred of the values by their names; empty for an argument that changes something,
   *   such as `reset`.
   */
  stats(argument?: string, options: RequestOptions = {}): Deferred<Map<string, string>> {
    return this.#request(options, () => {
      if (argument !== undefined) check.checkStatistics(argument);
      return new Exchange(argument === undefined ? "stats" : `stats ${argument}`, readStatistics());
    });
  }

  /**
   * Gets the version of the server.
   *
   * @param options `timeout` and `signal`.
   * @returns A Deferred of the version, such as `1.6.18`.
   */
  version(options: RequestOptions = {}): Deferred<string> {
    return this.#request(options, () => new Exchange("version", readVersion));
  }

  /**
   * Makes all values invalid.
   *
   * @param options `delay`, `timeout` and `signal`.
   * @returns A Deferred that fires when the server has confirmed it.
   */
  flushAll(options: MemCacheFlushOptions = {}): Deferred<void> {
    return this.#request(options, () => {
      const { delay } = options;
      if (delay !== undefined) check.checkFlushDelay(delay);
      return new Exchange(delay === undefined ? "flush_all" : `flush_all ${delay}`, FLUSHED);
    });
  }

  /**
   * Sends a meta command: one of memcached's newer commands, whose flags select what it does and
   * what it returns. memcached's `doc/protocol.txt` defines them. Twisted has no such method.
   *
   * @param command The command.
   * @param key The key. With the flag `b` it is in Base64, and stands for any bytes.
   * @param flags The flags, such as `["v", "T60"]`: each is a letter, optionally followed by a
   *   token. `q` is refused, because each request needs an answer. With a value, at most 16 are
   *   accepted.
   * @param options `value`, `timeout` and `signal`.
   * @returns A Deferred of the answer, also if there is no such item.
   */
  meta(
    command: MemCacheMetaCommand,
    key: string,
    flags: readonly string[] = [],
    options: MemCacheMetaOptions = {},
  ): Deferred<MemCacheMetaAnswer> {
    return this.#request(options, () => {
      if (!Object.hasOwn(META_CODES, command)) {
        throw new ClientError(
          `Cannot send the meta command ${command}: it must be mg, ms, md or ma`,
        );
      }
      check.checkMetaFlags(flags);
      const { value } = options;
      if ((value !== undefined) !== (command === "ms")) {
        throw new ClientError(
          `Cannot send ${command}: only ms stores a value, and it requires one`,
        );
      }
      if (value !== undefined) check.checkFlagsWithValue(command, flags);
      const bytes = value === undefined ? null : this.#bytesOf(value);
      const words = flags.map((flag) => ` ${flag}`).join("");
      const start = `${command} ${this.#checked(key)}`;
      const read = readMeta(META_CODES[command]);
      return bytes === null
        ? new Exchange(start + words, read)
        : new Exchange(start, read, bytes, words);
    });
  }

  /** Passes bytes to the decoder, and starts the time of {@linkcode persistentTimeOut} again. */
  override dataReceived(data: Uint8Array): void {
    const result = super.dataReceived(data);
    if (this.#exchanges.isIdle) this.#stopTimeout();
    else this.#startTimeout();
    // As in FrameReceiver: the result is a promise if a method of a subclass is async.
    return result;
  }

  /** Passes a part of an answer to its request. An unexpected part aborts the connection. */
  override frameReceived(answer: MemCacheAnswer): void {
    try {
      this.#exchanges.received(answer);
    } catch (error) {
      if (!isInstance(error, UnexpectedAnswer)) throw error;
      this.transport.abortConnection(error);
    }
  }

  /** Aborts the connection, because the server's bytes are not answers. */
  override decodingFailed(error: FramingError): void {
    this.transport.abortConnection(error);
  }

  /** Fails all unanswered requests with `RequestLost`. A subclass that overrides it calls it. */
  override connectionLost(reason: Error): void {
    this.#stopTimeout();
    this.#exchanges.connectionLost(reason);
  }

  /** Sends a request, unless its arguments are invalid. */
  #request<T>(options: RequestOptions, make: () => Exchange<T>): Deferred<T> {
    let exchange: Exchange<T>;
    try {
      check.checkRequestTimeout(options.timeout);
      exchange = make();
    } catch (error) {
      return fail(asError(error));
    }
    return this.#exchanges.request(exchange, options);
  }

  #getItem<T>(
    command: "get" | "gets",
    key: string,
    select: ItemSelector<T>,
    options: RequestOptions,
  ): Deferred<T | null> {
    return this.#request(
      options,
      () => new Exchange(`${command} ${this.#checked(key)}`, readItem(key, select)),
    );
  }

  #getItems<T>(
    command: "get" | "gets",
    keys: Iterable<string>,
    select: ItemSelector<T>,
    options: RequestOptions,
  ): Deferred<Map<string, T>> {
    let all: string[];
    try {
      check.checkRequestTimeout(options.timeout);
      all = distinctKeys(keys);
      for (const key of all) this.#checked(key);
    } catch (error) {
      return fail(asError(error));
    }
    return getItems(this.#exchanges, command, all, select, options);
  }

  #store(
    command: string,
    key: string,
    value: Uint8Array | string,
    options: MemCacheStorageOptions,
    read: AnswerReader<boolean>,
  ): Deferred<boolean> {
    return this.#request(options, () => this.#storing(command, key, value, options, read));
  }

  #storing(
    command: string,
    key: string,
    value: Uint8Array | string,
    options: MemCacheStorageOptions,
    read: AnswerReader<boolean>,
    rest = "",
  ): Exchange<boolean> {
    const { flags = 0, expireTime = 0 } = options;
    check.checkFlags(flags);
    check.checkExpireTime(expireTime);
    const start = `${command} ${this.#checked(key)} ${flags} ${expireTime}`;
    return new Exchange(start, read, this.#bytesOf(value), rest);
  }

  #calculate(
    command: string,
    key: string,
    amount: number | bigint,
    options: RequestOptions,
  ): Deferred<bigint | null> {
    return this.#request(options, () => {
      check.checkUint64("amount", amount);
      return new Exchange(`${command} ${this.#checked(key)} ${amount}`, readNumber);
    });
  }

  /** Returns the key. */
  #checked(key: string): string {
    check.checkKey(key, this.MAX_KEY_LENGTH);
    return key;
  }

  #bytesOf(value: Uint8Array | string): Uint8Array {
    return check.bytesOfValue(value, this.decoder.maxValueLength);
  }

  /** Returns the clock of the timeouts, which may be that of the connection. */
  #timerClock(): TimerClock {
    const doing = `watch for the answers of ${this.constructor.name}`;
    return timerClock(doing, this.#clock, this.#clock === null ? this.transport : null);
  }

  /** Restarts the time in which a byte must arrive. */
  #startTimeout(): void {
    const seconds = this.persistentTimeOut;
    if (seconds === Infinity) this.#stopTimeout();
    else if (this.#timeout?.active()) this.#timeout.reset(seconds);
    else this.#timeout = this.#timerClock().callLater(seconds, () => this.#timedOut());
  }

  #timedOut(): void {
    // The request for which the time was started could not be sent.
    if (this.#exchanges.isIdle) return;
    const seconds = this.persistentTimeOut;
    this.transport.abortConnection(
      new TimeoutError(`The server sent nothing for ${seconds} s while a request was unanswered`),
    );
  }

  #stopTimeout(): void {
    if (this.#timeout?.active()) this.#timeout.cancel();
    this.#timeout = null;
  }
}
