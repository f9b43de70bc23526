/**
 * The subscriptions of one connection, or of all connections that one factory builds.
 *
 * @module
 */

import { type Deferred, gatherResults, succeed } from "../../defer/mod.ts";
import { quote } from "../../internal/validation.ts";
import { isRequestFailure, RequestLost } from "../request_failures.ts";
import { VERBS } from "./pubsub_event.ts";
import {
  controls,
  PublishedMessage,
  type SubscribeOptions,
  Subscription,
  SubscriptionEnded,
  type SubscriptionKind,
} from "./subscription.ts";

/** A connection that sends the commands of subscriptions. */
export interface SubscriptionSender {
  /**
   * Sends the command that begins or ends a subscription, such as `subscribe`.
   *
   * @returns A Deferred that fires when the server confirms it.
   */
  send(verb: string, name: string): Deferred<unknown>;
}

/** The subscriptions to one channel or pattern. */
interface Topic {
  readonly kind: SubscriptionKind;
  readonly name: string;
  readonly subscriptions: Set<Subscription>;
  /** The connection on which the server has confirmed the topic. */
  confirmedOn: SubscriptionSender | null;
}

/** The subscriptions, by their channels and patterns. */
export class SubscriptionRegistry {
  readonly #topics = new Map<string, Topic>();
  #connection: SubscriptionSender | null = null;

  /** Adds a subscription. Its Deferred fires when the server has confirmed it. */
  add(
    kind: SubscriptionKind,
    name: string,
    options: SubscribeOptions,
  ): Deferred<Subscription> {
    const subscription = new Subscription(kind, name, options, (each) => this.#remove(each));
    const key = keyOf(kind, name);
    const topic = this.#topics.get(key) ??
      { kind, name, subscriptions: new Set(), confirmedOn: null };
    topic.subscriptions.add(subscription);
    const connection = this.#connection;
    const isNew = !this.#topics.has(key);
    this.#topics.set(key, topic);
    const confirmed = controls.whenConfirmed(subscription);
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
    return gatherResults(sent, { consumeErrors: true });
  }

  /** Records that a connection was lost. */
  detach(connection: SubscriptionSender): void {
    if (this.#connection === connection) this.#connection = null;
  }

  /** Ends all subscriptions, with the reason for which their only connection was lost. */
  loseAll(reason: Error): void {
    for (const { subscriptions } of [...this.#topics.values()]) {
      for (const each of [...subscriptions]) controls.lose(each, reason);
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

  #subscribe(connection: SubscriptionSender, topic: Topic): Deferred<unknown> {
    return connection.send(VERBS[topic.kind].add, topic.name).addCallbacks(
      () => {
        topic.confirmedOn = connection;
        for (const each of [...topic.subscriptions]) controls.confirm(each);
      },
      (error) => {
        // The server has not refused: the next connection subscribes again.
        if (isRequestFailure(error)) throw error;
        this.#fail(topic, error);
      },
    );
  }

  #fail(topic: Topic, error: Error): void {
    for (const each of [...topic.subscriptions]) controls.fail(each, error);
  }

  #remove(subscription: Subscription): void {
    const { kind, name } = subscription;
    const key = keyOf(kind, name);
    const topic = this.#topics.get(key);
    if (topic?.subscriptions.delete(subscription) !== true || topic.subscriptions.size > 0) return;
    this.#topics.delete(key);
    // A lost connection has no subscriptions, and an error changes nothing for this side.
    this.#connection?.send(VERBS[kind].remove, name).addErrback(() => {});
  }
}

function keyOf(kind: SubscriptionKind, name: string): string {
  return `${kind}:${name}`;
}
