import { CancelledError, Deferred, fail, succeed } from "../../defer/mod.ts";
import { Fifo } from "../../defer/fifo.ts";
import { callLogged, logUserError } from "../../defer/guarded_call.ts";
import { WaiterQueue } from "../../defer/waiter_queue.ts";
import { checkBound, checkFunction, checkTimeout, quote } from "../../internal/validation.ts";
import type { RequestOptions } from "../pending_requests.ts";
import { RequestLost } from "../request_failures.ts";
import { textOfBytes } from "../framing/byte_text.ts";

/**
 * The kind of a subscription: to a channel, to all channels that fit a pattern, or to a shard
 * channel.
 */
export type SubscriptionKind = "channel" | "pattern" | "shard";

/** A message that was published to a channel. */
export class PublishedMessage {
  /** The channel to which it was published. */
  readonly channel: string;
  /** The pattern that fits the channel; `null` if the subscription is not made to a pattern. */
  readonly pattern: string | null;
  /** The data. */
  readonly bytes: Uint8Array;

  /**
   * Creates a message.
   *
   * @param channel The channel to which it was published.
   * @param pattern The pattern that fits the channel, or `null`.
   * @param bytes The data.
   */
  constructor(channel: string, pattern: string | null, bytes: Uint8Array) {
    this.channel = channel;
    this.pattern = pattern;
    this.bytes = bytes;
  }

  /** The data as text, decoded as UTF-8 with U+FFFD for other bytes. */
  get text(): string {
    return textOfBytes(this.bytes, 0, this.bytes.length);
  }
}

/**
 * Options of a subscription. `timeout` and `signal` limit the wait for the server's confirmation,
 * which includes the wait for a connection and a login. The default timeout is that of the client.
 * They do not end a subscription that the server has confirmed.
 */
export interface SubscribeOptions extends RequestOptions {
  /**
   * Called with each message. An error that it throws is logged, and the subscription continues.
   * Without it, messages are kept for the loop over the subscription.
   */
  message?: ((message: PublishedMessage) => unknown) | undefined;
  /**
   * Called when the server has confirmed the subscription again, on a new connection. Messages that
   * were published since the last connection was lost have not been received.
   */
  resubscribed?: (() => unknown) | undefined;
  /**
   * The maximum number of messages that are kept for the loop. One more ends the subscription: the
   * loop gets the messages that were kept, and then throws {@linkcode SubscriptionOverflow}.
   *
   * @default {1000}
   */
  maxBuffered?: number | undefined;
  /**
   * The maximum size of the messages that are kept for the loop, in bytes, as
   * {@linkcode maxBuffered}.
   *
   * @default {16777216}
   */
  maxBufferedBytes?: number | undefined;
}

/** The failure of a subscription whose loop is too slow: more messages arrive than may be kept. */
export class SubscriptionOverflow extends Error {
  /** The error's name. */
  override readonly name = "SubscriptionOverflow";
}

/** The failure of a subscription that the server has ended, such as to a shard that has moved. */
export class SubscriptionEnded extends Error {
  /** The error's name. */
  override readonly name = "SubscriptionEnded";
}

/** The methods of a subscription that only the registry of subscriptions calls. */
export interface SubscriptionControls {
  /** Returns a Deferred that fires when the server confirms it; cancelling it closes it. */
  whenConfirmed(subscription: Subscription): Deferred<Subscription>;
  /** Records that the server has confirmed it. */
  confirm(subscription: Subscription): void;
  /** Passes a message to its handler or its loop. */
  receive(subscription: Subscription, message: PublishedMessage): void;
  /** Ends it with an error. */
  fail(subscription: Subscription, error: Error): void;
  /**
   * Ends it with the reason for which the connection was lost. If the server has not confirmed it,
   * its Deferred fails with a `RequestLost`.
   *
   * @param sent Whether its command had been sent.
   */
  lose(subscription: Subscription, reason: Error, sent: boolean): void;
}

/** Set by the class itself, so that programs do not see these methods. */
export let controls: SubscriptionControls;

/**
 * A subscription to a channel or a pattern, made by `subscribe()` of a `RESPClient` or a
 * `RESPClientFactory`. Without the option `message`, a `for await` loop over it gets the messages.
 *
 * If it ends with an error, the loop throws the error. Without a loop, the error is logged, unless
 * it is the reason for which the connection was lost.
 *
 * @example
 * ```ts
 * import type { RESPClient } from "@torsion/reactor/resp";
 *
 * async function follow(client: RESPClient) {
 *   const news = await client.subscribe("news");
 *   for await (const { channel, text } of news) {
 *     console.log(channel, text);
 *     if (text === "the end") break; // also ends the subscription
 *   }
 * }
 * ```
 */
export class Subscription implements AsyncIterable<PublishedMessage>, Disposable {
  /** The kind of the subscription. */
  readonly kind: SubscriptionKind;
  /** The channel or the pattern. */
  readonly name: string;
  readonly #options: SubscribeOptions;
  readonly #ended: (subscription: Subscription, options: RequestOptions) => Deferred<void>;
  readonly #maxBuffered: number;
  readonly #maxBytes: number;
  readonly #messages = new Fifo<PublishedMessage>();
  #size = 0;
  readonly #waiting = new WaiterQueue<IteratorResult<PublishedMessage, undefined>>();
  /** Fires when the server confirms the subscription for the first time. */
  #confirmed: Deferred<Subscription> | null = null;
  #hasLoop = false;
  #isOpen = true;
  /** The error that the loop has not thrown yet. */
  #error: Error | null = null;

  static {
    controls = {
      whenConfirmed: (subscription) => subscription.#whenConfirmed(),
      confirm: (subscription) => subscription.#confirm(),
      receive: (subscription, message) => subscription.#receive(message),
      fail: (subscription, error) => {
        subscription.#end(error);
        if (subscription.#error === error && !subscription.#hasLoop) {
          logUserError(error, `Error in ${subscription}, which has ended`);
        }
      },
      // Not logged: the protocol of the connection receives the reason, too.
      lose: (subscription, reason, sent) => {
        const isConfirmed = subscription.#confirmed?.called !== false;
        subscription.#end(isConfirmed ? reason : new RequestLost(reason, sent));
      },
    };
  }

  /**
   * Creates a subscription. Programs call `subscribe()` instead.
   *
   * @param kind The kind of the subscription.
   * @param name The channel or the pattern.
   * @param options The handlers, and the limits of what is kept.
   * @param ended Called once, when the subscription has ended, with the limits of the wait for the
   *   confirmation of its end. It returns a Deferred that fires then.
   * @throws {RangeError} when a limit is negative or not an integer.
   * @throws {TypeError} when a handler is not a function.
   */
  constructor(
    kind: SubscriptionKind,
    name: string,
    options: SubscribeOptions,
    ended: (subscription: Subscription, options: RequestOptions) => Deferred<void>,
  ) {
    const { message, resubscribed, maxBuffered = 1000, maxBufferedBytes = 16_777_216 } = options;
    if (message !== undefined) checkFunction("subscribe() message", message);
    if (resubscribed !== undefined) checkFunction("subscribe() resubscribed", resubscribed);
    checkFunction("Subscription() ended", ended);
    checkBound("subscribe() maxBuffered", maxBuffered, 1);
    checkBound("subscribe() maxBufferedBytes", maxBufferedBytes, 1);
    this.kind = kind;
    this.name = name;
    this.#options = options;
    this.#ended = ended;
    this.#maxBuffered = maxBuffered;
    this.#maxBytes = maxBufferedBytes;
  }

  /** Whether the subscription has not ended. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The number of messages that are kept for the loop. */
  get buffered(): number {
    return this.#messages.length;
  }

  /** Ends the subscription. The loop ends after the messages that were kept. */
  close(): void {
    this.#end(null);
  }

  /**
   * Ends the subscription, as {@linkcode close} does, and waits until the server has confirmed it.
   * `timeout` and `signal` limit only the wait: the command is sent all the same.
   *
   * @param options `timeout`, by default that of the client, and `signal`.
   * @returns A Deferred that fires when the server has confirmed that it sends no more messages. It
   *   fires at once if another subscription to the same channel or pattern continues, there is no
   *   connection, the subscription has not been sent yet, or it has ended before. It fails with a
   *   `RESPError` if the server refuses, and with a `RequestFailure` if the wait is over, or too
   *   many commands wait to be sent. Its `sent` is `false` if the command still waits to be sent
   *   when the wait is over.
   * @throws {RangeError} when `timeout` is negative or NaN.
   */
  unsubscribe(options: RequestOptions = {}): Deferred<void> {
    if (options.timeout !== undefined) checkTimeout("timeout", options.timeout);
    if (!this.#isOpen) return succeed(undefined);
    return this.#endAndWait(null, options);
  }

  /** Ends the subscription, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Returns the messages, one after the other. Leaving the loop ends the subscription. */
  [Symbol.asyncIterator](): AsyncIterator<PublishedMessage, undefined> {
    if (this.#options.message !== undefined) {
      throw new TypeError(`Cannot loop over ${this}: its messages are passed to a handler`);
    }
    this.#hasLoop = true;
    return {
      next: () => this.#next().toPromise(),
      return: () => {
        this.close();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** Describes the subscription: `the subscription to the channel "news"`. */
  toString(): string {
    return `the subscription to the ${this.kind} ${quote(this.name)}`;
  }

  #whenConfirmed(): Deferred<Subscription> {
    return this.#confirmed ??= new Deferred<Subscription>(() => this.close());
  }

  #confirm(): void {
    if (!this.#isOpen) return;
    if (this.#confirmed?.called === false) return this.#confirmed.callback(this);
    const { resubscribed } = this.#options;
    if (resubscribed !== undefined) {
      callLogged(resubscribed, [], `Error while calling resubscribed of ${this}`);
    }
  }

  #receive(message: PublishedMessage): void {
    if (!this.#isOpen) return;
    const handler = this.#options.message;
    if (handler !== undefined) {
      return callLogged(handler, [message], `Error while calling message of ${this}`);
    }
    const waiter = this.#waiting.next();
    if (waiter !== undefined) return waiter.callback({ done: false, value: message });
    this.#keep(message);
  }

  #keep({ channel, pattern, bytes }: PublishedMessage): void {
    const size = this.#size + bytes.length;
    if (this.#messages.length >= this.#maxBuffered || size > this.#maxBytes) {
      return controls.fail(
        this,
        new SubscriptionOverflow(
          `Cannot keep another message of ${this}: ${this.#messages.length} messages with ` +
            `${this.#size} bytes are kept already (maxBuffered, maxBufferedBytes)`,
        ),
      );
    }
    this.#size = size;
    // A copy, because a view would keep the memory of everything that arrived with the message.
    this.#messages.push(new PublishedMessage(channel, pattern, bytes.slice()));
  }

  #next(): Deferred<IteratorResult<PublishedMessage, undefined>> {
    if (this.#messages.length > 0) {
      const value = this.#messages.shift();
      this.#size -= value.bytes.length;
      return succeed({ done: false, value });
    }
    if (this.#isOpen) return this.#waiting.join(undefined);
    const error = this.#error;
    this.#error = null;
    return error === null ? succeed({ done: true, value: undefined }) : fail(error);
  }

  #end(error: Error | null): void {
    if (!this.#isOpen) return;
    // No one waits, and an error changes nothing for this side.
    this.#endAndWait(error, { timeout: Infinity }).addErrback(() => {});
  }

  #endAndWait(error: Error | null, options: RequestOptions): Deferred<void> {
    this.#isOpen = false;
    const confirmed = this.#ended(this, options);
    this.#finish(error);
    return confirmed;
  }

  /** Fires the Deferreds that wait for a confirmation or a message. */
  #finish(error: Error | null): void {
    if (this.#confirmed?.called === false) {
      return this.#confirmed.errback(
        error ?? new CancelledError(`The server has not confirmed ${this}, which was closed`),
      );
    }
    const [first, ...others] = this.#waiting.takeAll();
    if (error === null) first?.callback({ done: true, value: undefined });
    else if (first !== undefined) first.errback(error);
    else this.#error = error;
    for (const each of others) each.callback({ done: true, value: undefined });
  }
}
