/** A connection to Redis 6 or later: messages pass through publish and subscribe, and a list. */

import { type Deferred, type IReactorTime, log } from "@torsion/reactor";
import { isRequestFailure } from "@torsion/reactor/protocol";
import { asInteger, asTexts, RESPClient } from "@torsion/reactor/resp";
import { HEARTBEAT, type Link, TIMEOUT } from "./broker_bus.ts";
import { KEPT, type Message, NotPublished } from "./bus.ts";

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

/** A number and a text. */
const LINE = /^([1-9]\d{0,14}) (.*)$/s;

/** A connection to Redis. */
export class RedisLink extends RESPClient implements Link {
  readonly #lost: () => void;
  #hasIgnored = false;

  /** @param lost Called when the connection is lost. */
  constructor(clock: IReactorTime, lost: () => void) {
    super({ clock, timeout: TIMEOUT, heartbeat: HEARTBEAT });
    this.#lost = lost;
  }

  override connectionMade(): void {
    super.connectionMade();
    this.transport.setTcpNoDelay(true);
  }

  publish(text: string): Deferred<number> {
    const words = ["EVAL", PUBLISH, KEYS.length, ...KEYS, text] as const;
    return this.command(words, { read: asInteger }).addErrback((error) => {
      throw new NotPublished(isRequestFailure(error) && error.sent, { cause: error });
    });
  }

  async follow(_last: number, received: (message: Message) => void): Promise<number> {
    await this.prepare();
    if (this.version !== 3) throw new Error("Cannot use Redis: it must be version 6 or later");
    await this.subscribe(CHANNEL, {
      message: ({ text }) => this.#messagesOf(text).forEach(received),
    });
    const lines = await this.command(["LRANGE", KEYS[1], 0, -1], { read: asTexts });
    const messages = lines.flatMap((line) => this.#messagesOf(line));
    for (const message of messages) received(message);
    return messages.at(-1)?.number ?? 0;
  }

  override connectionLost(reason: Error): void {
    super.connectionLost(reason);
    this.#lost();
  }

  /** Returns the message of a line. Ignores a line that another program has written. */
  #messagesOf(line: string): Message[] {
    const [, number, text = ""] = LINE.exec(line) ?? [];
    if (number !== undefined) return [{ number: Number(number), text }];
    if (!this.#hasIgnored) {
      this.#hasIgnored = true;
      const start = JSON.stringify(line.slice(0, 100));
      log.warn(`Ignored a line on ${CHANNEL} that does not begin with a number: ${start}`);
    }
    return [];
  }
}
