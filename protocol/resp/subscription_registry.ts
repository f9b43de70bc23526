/**
 * The subscriptions of one connection, or of all connections that one factory builds.
 *
 * @module
 */

import { Deferred, fail, gatherResults, succeed, TimeoutError } from "../../defer/mod.ts";
import { checkTimeout, quote } from "../../internal/validation.ts";
import type { IReactorTime } from "../../reactor/interfaces/mod.ts";
import type { RequestOptions } from "../pending_requests.ts";
import { abortedRequest, isRequestFailure, RequestLost } from "../request_failures.ts";
import { type ConfirmationLimits, limitConfirmation } from "./confirmation.ts";
import { VERBS } from "./pubsub_event.ts";
import {
  controls,
  PublishedMessage,
  type SubscribeOptions,
  Subscription,
  SubscriptionEnded,
  type SubscriptionKind,
} from "./subscription.ts";

/** A command that begins or ends a subscription. */
export interface SubscriptionCommand {
  /** Fires when the server confirms it. Cancelling it drops a command that waits to be sent. */
  readonly confirmed: Deferred<unknown>;
  /** Whether it has been sent. If not, it waits until earlier commands are answered. */
  readonly isSent: () => boolean;
}

/** A connection that sends the commands of subscriptions. */
export interface SubscriptionSender {
  /** Sends the command that begins or ends a subscription, such as `subscribe`, now or later. */
  send(verb: string, name: string): SubscriptionCommand;
}

/** The subscriptions to one channel or pattern. */
interface Topic {
  readonly kind: SubscriptionKind;
  readonly name: string;
  readonly subscriptions: Set<Subscription>;
  /** The command on the last connection. */
  command: SubscriptionCommand | null;
  /** Whether the command was sent on an earlier connection. */
  wasSent: boolean;
  /** The connection on which the server has confirmed the topic. */
  confirmedOn: SubscriptionSender | null;
}

/** The limits of each wait for a confirmation, unless its options have others. */
export interface SubscriptionLimits {
  readonly clock: Pick<IReactorTime, "callLater">;
  /** Seconds. */
  readonly timeout: number;
}

/** The subscriptions, by their channels and patterns. */
export class SubscriptionRegistry {
  readonly #limits: SubscriptionLimits;
  readonly #topics = new Map<string, Topic>();
  #connection: SubscriptionSender | null = null;

  constructor(limits: SubscriptionLimits) {
    this.#limits = limits;
  }

  /** Adds a subscription. Its Deferred fires when the server has confirmed it. */
  add(
    kind: SubscriptionKind,
    name: string,
    options: SubscribeOptions,
  ): Deferred<Subscription> {
    const { signal } = options;
    const subscription = new Subscription(kind, name, options, (each, wait) => {
      return this.#remove(each, wait);
    });
    if (signal?.aborted) return fail(abortedRequest(signal));
    const key = keyOf(kind, name);
    const isNew = !this.#topics.has(key);
    const topic = this.#topics.get(key) ??
      { kind, name, subscriptions: new Set(), command: null, wasSent: false, confirmedOn: null };
    const limits = this.#limitsOf(options, () => isSent(topic));
    const confirmed = controls.whenConfirmed(subscription);
    limitConfirmation(confirmed, `${subscription}`, limits);
    topic.subscriptions.add(subscription);
    this.#topics.set(key, topic);
    const connection = this.#connection;
    if (connection !== null && isNew) {
      this.#subscribe(connection, topic).addErrback((error) => {
        // What follows the loss of a connection depends on who owns the subscriptions.
        if (!(error instanceof RequestLost)) this.#fail(topic, error);
      });
    } else if (connection !== null && topic.confirmedOn === connection) {
      controls.confirm(subscription);
    }
    return confirmed;
  }

  /**
   * Sends the subscriptions over a connection, and all further ones. Does nothing for the current
   * connection.
   *
   * @returns A Deferred that fires when the server has answered. A subscription that the server
   *   refuses ends; the others continue.
   */
  attach(connection: SubscriptionSender): Deferred<unknown> {
    if (this.#connection === connection) return succeed(null);
    this.#connection = connection;
    const topics = [...this.#topics.values()];
    const sent = topics.map((topic) => this.#subscribe(connection, topic));
    const confirmed = gatherResults(sent, { consumeErrors: true });
    const { clock, timeout } = this.#limits;
    if (timeout === Infinity || confirmed.called) return confirmed;
    return confirmed.addTimeout(timeout, clock, () => {
      throw new TimeoutError(`The server did not confirm all subscriptions within ${timeout} s`);
    });
  }

  /** Records that a connection was lost. */
  detach(connection: SubscriptionSender): void {
    if (this.#connection === connection) this.#connection = null;
  }

  /** Ends all subscriptions, with the reason for which their only connection was lost. */
  loseAll(reason: Error): void {
    for (const topic of [...this.#topics.values()]) {
      for (const each of [...topic.subscriptions]) controls.lose(each, reason, isSent(topic));
    }
  }

  /** Ends the subscriptions to a channel or a pattern that the server has ended. */
  ended(kind: SubscriptionKind, name: string): void {
    const topic = this.#topics.get(keyOf(kind, name));
    if (topic === undefined) return;
    const what = `the subscription to the ${kind} ${quote(name)}`;
    this.#fail(topic, new SubscriptionEnded(`The server has ended ${what}`));
  }

  /** Passes a message on. */
  published(kind: SubscriptionKind, name: string, channel: string, bytes: Uint8Array): void {
    const topic = this.#topics.get(keyOf(kind, name));
    if (topic === undefined) return;
    const pattern = kind === "pattern" ? name : null;
    const message = new PublishedMessage(channel, pattern, bytes);
    for (const each of [...topic.subscriptions]) controls.receive(each, message);
  }

  #limitsOf(
    { timeout = this.#limits.timeout, signal }: RequestOptions,
    wasSent: () => boolean,
  ): ConfirmationLimits {
    checkTimeout("timeout", timeout);
    return {
      clock: this.#limits.clock,
      timeout,
      signal,
      reasonNotSent: () => wasSent() ? null : this.#reasonNotSent(),
    };
  }

  #reasonNotSent(): string {
    if (this.#connection === null) return "no connection is prepared";
    return "earlier commands have not been answered";
  }

  #subscribe(connection: SubscriptionSender, topic: Topic): Deferred<unknown> {
    topic.wasSent = isSent(topic);
    const command = topic.command = connection.send(VERBS[topic.kind].add, topic.name);
    return command.confirmed.addCallbacks(
      () => {
        topic.confirmedOn = connection;
        for (const each of [...topic.subscriptions]) controls.confirm(each);
      },
      (error) => {
        // The last subscription was closed while the command waited.
        if (!command.isSent() && topic.subscriptions.size === 0) return;
        // The server has not refused: the next connection subscribes again.
        if (isRequestFailure(error)) throw error;
        this.#fail(topic, error);
      },
    );
  }

  #fail(topic: Topic, error: Error): void {
    for (const each of [...topic.subscriptions]) controls.fail(each, error);
  }

  /**
   * Removes a subscription. Returns a Deferred that fires when the server has confirmed the end of
   * the last one to its topic. The options limit the wait, and not the command, which must be sent
   * if the server may know the topic.
   */
  #remove(subscription: Subscription, options: RequestOptions): Deferred<void> {
    const { kind, name } = subscription;
    const key = keyOf(kind, name);
    const topic = this.#topics.get(key);
    const connection = this.#connection;
    if (topic?.subscriptions.delete(subscription) !== true || topic.subscriptions.size > 0) {
      return succeed(undefined);
    }
    this.#topics.delete(key);
    if (connection === null) return succeed(undefined);
    if (topic.command?.isSent() === false) {
      topic.command.confirmed.cancel();
      return succeed(undefined);
    }
    const command = connection.send(VERBS[kind].remove, name);
    const limits = this.#limitsOf(options, command.isSent);
    const confirmed = new Deferred<void>();
    command.confirmed.addCallbacks(
      () => settle(confirmed, null),
      // A lost connection has no subscriptions.
      (error) => settle(confirmed, error instanceof RequestLost ? null : error),
    );
    return limitConfirmation(confirmed, `the end of ${subscription}`, limits);
  }
}

/** Whether a server may have received the command of a topic. */
function isSent({ command, wasSent }: Topic): boolean {
  return wasSent || command?.isSent() === true;
}

function settle(confirmed: Deferred<void>, error: Error | null): void {
  if (confirmed.called) return;
  if (error === null) confirmed.callback();
  else confirmed.errback(error);
}

function keyOf(kind: SubscriptionKind, name: string): string {
  return `${kind}:${name}`;
}
