/**
 * The connection between the nodes of a chat. `broker_bus.ts` implements it over several brokers.
 */

import type { Deferred } from "@torsion/reactor";

/** The number of messages that the bus and each node keep. */
export const KEPT = 1000;

/**
 * The number of characters that a message may have: a name and a line of a client, each byte of
 * which may be an escape such as `\x1b`.
 */
export const MAX_TEXT = 5000;

/** A published message. A later message has a higher number, on all nodes. */
export interface Message {
  readonly number: number;
  readonly text: string;
}

/** What a node does with the events of its bus. */
export interface Subscriber {
  /** Called with each message, in the order of the numbers. */
  received(message: Message): void;
  /** Called when the node has lost the bus. */
  cutOff(): void;
  /**
   * Called when the node has the bus, or has it again. The messages that it missed follow.
   *
   * @param isComplete Whether the bus still has all messages that the node missed. Otherwise, all
   *   messages follow that the bus has.
   * @param newest The number of the newest message that the bus has; 0 without a message.
   */
  restored(isComplete: boolean, newest: number): void;
}

/** The failure of a message that was not published. */
export class NotPublished extends Error {
  override readonly name = "NotPublished";
  /** Whether the message may have been published, because only the confirmation is missing. */
  readonly isUncertain: boolean;

  /** @param options The error of the broker or of its client as `cause`, if there is one. */
  constructor(isUncertain: boolean, options: ErrorOptions = {}) {
    const refusal = options.cause === undefined ? "cut off" : "refused";
    super(`Cannot publish a message: ${isUncertain ? "no confirmation" : refusal}`, options);
    this.isUncertain = isUncertain;
  }
}

/** Passes the messages of one room to all nodes. */
export interface Bus {
  /**
   * Publishes a text.
   *
   * @returns A Deferred of the message's number, which fires when the bus has confirmed that it
   *   keeps the message. It fails with {@linkcode NotPublished}.
   */
  publish(text: string): Deferred<number>;
}
