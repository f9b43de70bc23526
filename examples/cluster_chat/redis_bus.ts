/** The bus over Redis, with publish and subscribe. */

import {
  backoffPolicy,
  ClientService,
  type Deferred,
  Factory,
  fail,
  type IReactorTime,
  type IStreamClientEndpoint,
} from "@torsion/reactor";
import { isRequestFailure } from "@torsion/reactor/protocol";
import { asInteger, asTexts, RESPClient } from "@torsion/reactor/resp";
import { type Bus, type Message, NotPublished, type Subscriber } from "./bus.ts";

/** The number of messages that Redis and each node keep. */
export const KEPT = 1000;

// Seconds. A command without a reply, and a connection without a sign of life, fail after these.
const TIMEOUT = 2;
const HEARTBEAT = { interval: 1, maxMissed: 2 };

const CHANNEL = "room";
/** The counter, the list of messages, and the channel. */
const KEYS = ["room:number", "room:messages", CHANNEL] as const;

// Redis runs a script as one step: no other message comes between the number and the publication.
// A new counter starts with the time in milliseconds. So a Redis that has lost its data does not
// use a number again.
const PUBLISH = `
  if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('SET', KEYS[1], redis.call('TIME')[1] .. '000')
  end
  local number = redis.call('INCR', KEYS[1])
  local line = string.format('%.0f %s', number, ARGV[1])
  redis.call('RPUSH', KEYS[2], line)
  redis.call('LTRIM', KEYS[2], -${KEPT}, -1)
  redis.call('PUBLISH', KEYS[3], line)
  return number
`;

function messageOf(line: string): Message {
  const space = line.indexOf(" ");
  return { number: Number(line.slice(0, space)), text: line.slice(space + 1) };
}

/** A connection to Redis that reports its loss. */
class Link extends RESPClient {
  readonly #lost: () => void;

  constructor(clock: IReactorTime, lost: () => void) {
    super({ clock, timeout: TIMEOUT, heartbeat: HEARTBEAT });
    this.#lost = lost;
  }

  override connectionLost(reason: Error): void {
    super.connectionLost(reason);
    this.#lost();
  }
}

/** A bus over Redis 6 or later, as a service that stays connected. */
export class RedisBus extends ClientService<Link> implements Bus {
  readonly #subscriber: Subscriber;
  /** The connection that has caught up. */
  #link: Link | null = null;
  /** The number of the last message; 0 before the first connection. */
  #last = 0;

  /**
   * Creates a bus that is not connected yet.
   *
   * @param clock The reactor.
   * @param redis Where Redis listens.
   * @param subscriber Receives the events.
   * @param random Returns a number from 0 to 1, so that nodes do not all connect at the same time.
   */
  constructor(
    clock: IReactorTime,
    redis: IStreamClientEndpoint,
    subscriber: Subscriber,
    random: () => number = Math.random,
  ) {
    super(redis, Factory.forProtocol(() => new Link(clock, () => this.#lost())), {
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
    const words = ["EVAL", PUBLISH, KEYS.length, ...KEYS, text] as const;
    return this.#link.command(words, { read: asInteger }).addErrback((error) => {
      throw new NotPublished(isRequestFailure(error) && error.sent, { cause: error });
    });
  }

  /** Subscribes, and then asks for the messages that the node has missed. */
  async #prepare(link: Link): Promise<void> {
    await link.prepare();
    if (link.version !== 3) throw new Error("Cannot use Redis: it must be version 6 or later");
    await link.subscribe(CHANNEL, {
      message: ({ text }) => {
        // The reply of LRANGE contains the messages that arrive before it.
        if (this.#link === link) this.#receive(messageOf(text));
      },
    });
    await link.command(["LRANGE", KEYS[1], 0, -1], { read: asTexts }).addCallback((lines) =>
      this.#catchUp(link, lines.map(messageOf))
    );
  }

  #catchUp(link: Link, messages: Message[]): void {
    this.#link = link;
    const first = messages[0]?.number ?? Infinity;
    const newest = messages.at(-1)?.number ?? 0;
    const isComplete = this.#last === 0 || (first <= this.#last + 1 && newest >= this.#last);
    this.#subscriber.restored(isComplete, newest);
    // What Redis has is now the truth, even if it has lost messages.
    if (!isComplete) this.#last = 0;
    for (const message of messages) this.#receive(message);
  }

  #receive(message: Message): void {
    if (message.number <= this.#last) return;
    this.#last = message.number;
    this.#subscriber.received(message);
  }

  #lost(): void {
    if (this.#link === null) return;
    this.#link = null;
    this.#subscriber.cutOff();
  }
}
