/** The bus over any broker that numbers and keeps messages, such as Redis and NATS. */

import {
  backoffPolicy,
  ClientService,
  type Deferred,
  Factory,
  fail,
  type IReactorTime,
  type IStreamClientEndpoint,
  log,
} from "@torsion/reactor";
import type { IProtocol, ITransport } from "@torsion/reactor/reactor";
import { type Bus, MAX_TEXT, type Message, NotPublished, type Subscriber } from "./bus.ts";

/** Seconds after which an attempt to connect, and a message without a confirmation, fail. */
export const TIMEOUT = 2;

/** When a silent connection counts as lost. */
export const HEARTBEAT = { interval: 1, maxMissed: 2 };

/** A connection to a broker. It calls `lost` of {@linkcode MakeLink} when it is lost. */
export interface Link extends IProtocol {
  readonly transport: Pick<ITransport, "abortConnection">;
  /**
   * Publishes a text.
   *
   * @returns A Deferred of the message's number, which fires when the broker has confirmed that it
   *   keeps the message. It fails with {@linkcode NotPublished}.
   */
  publish(text: string): Deferred<number>;
  /**
   * Subscribes, and asks for the messages that the node has missed.
   *
   * @param last The number of the last message that the node has; 0 without a message.
   * @param received Called with each message that was missed, and with each later one. Until the
   *   promise resolves, messages may come in any order, and twice.
   * @returns A promise of the number of the newest message that the broker has, 0 without a
   *   message. It resolves when all missed messages that the broker still has have been received.
   */
  follow(last: number, received: (message: Message) => void): Promise<number>;
}

/** Makes the protocol of a connection. */
export type MakeLink = (clock: IReactorTime, lost: () => void) => Link;

/** A bus over a broker, as a service that stays connected. */
export class BrokerBus extends ClientService<Link> implements Bus {
  readonly #subscriber: Subscriber;
  /** The open connection. */
  #open: Link | null = null;
  /** The open connection if it has caught up. */
  #link: Link | null = null;
  /** The number of the last message; 0 before the first connection. */
  #last = 0;
  /** Whether the failure of a message on the open connection has been logged. */
  #hasLoggedFailure = false;

  /**
   * Creates a bus that is not connected yet.
   *
   * @param clock The reactor.
   * @param broker Where the broker listens.
   * @param makeLink Makes a connection to a broker of that kind.
   * @param subscriber Receives the events.
   * @param random Returns a number from 0 to 1, so that nodes do not all connect at the same time.
   */
  constructor(
    clock: IReactorTime,
    broker: IStreamClientEndpoint,
    makeLink: MakeLink,
    subscriber: Subscriber,
    random: () => number = Math.random,
  ) {
    super(broker, Factory.forProtocol(() => makeLink(clock, () => this.#lost())), {
      clock,
      prepareConnection: (link) => this.#prepare(link),
      attemptTimeout: TIMEOUT,
      retryPolicy: backoffPolicy({ initialDelay: 0.1, maxDelay: 2, jitter: random }),
    });
    this.#subscriber = subscriber;
  }

  publish(text: string): Deferred<number> {
    // The message is not kept for later: its sender decides whether to send it again.
    if (this.#link === null) return fail(new NotPublished(false));
    return this.#link.publish(text).addErrback((error) => {
      this.#logFailure(error);
      throw error;
    });
  }

  async #prepare(link: Link): Promise<void> {
    this.#open = link;
    const missed: Message[] = [];
    const newest = await link.follow(this.#last, (message) => {
      if (this.#link === link) this.#follow(link, message);
      else missed.push(message);
    });
    // The promise settles a moment after the answer of the broker.
    if (this.#open !== link) return;
    this.#catchUp(link, missed.sort((a, b) => a.number - b.number), newest);
  }

  #catchUp(link: Link, missed: readonly Message[], newest: number): void {
    this.#link = link;
    this.#hasLoggedFailure = false;
    const last = this.#last;
    const next = missed.find(({ number }) => number > last)?.number ?? newest + 1;
    const isComplete = last === 0 || (newest >= last && next === last + 1);
    this.#subscriber.restored(isComplete, newest);
    // From now on, the broker's messages count, even if the broker has lost some.
    if (!isComplete) this.#last = 0;
    for (const message of missed) this.#receive(message);
  }

  /** Receives a message that is not one of the missed ones: it has the next number. */
  #follow(link: Link, { number, text }: Message): void {
    if (this.#last === 0 || number === this.#last + 1) return this.#receive({ number, text });
    // The broker has lost messages, or a stranger has published this one. The next connection asks
    // the broker what it has.
    const message = `Message ${number} has come after message ${this.#last}`;
    log.warn(`Connecting to the broker again: ${message}`);
    this.#lost();
    link.transport.abortConnection(new Error(message));
  }

  /** Passes on a message. Any program may have published it, not only a node. */
  #receive({ number, text }: Message): void {
    if (number <= this.#last) return;
    this.#last = number;
    if (text.length > MAX_TEXT) {
      const found = `it has ${text.length} characters, more than ${MAX_TEXT}`;
      return log.warn(`Ignored message ${number}: ${found}`);
    }
    this.#subscriber.received({ number, text: log.visibleText(text, { newlines: "escaped" }) });
  }

  /** Logs why a message was not confirmed, once for each connection. */
  #logFailure(error: Error): void {
    if (this.#hasLoggedFailure) return;
    this.#hasLoggedFailure = true;
    const later = "later failures on this connection are not logged";
    log.warn(`${error.message} (${error.cause}); ${later}`);
  }

  #lost(): void {
    this.#open = null;
    if (this.#link === null) return;
    this.#link = null;
    this.#subscriber.cutOff();
  }
}
