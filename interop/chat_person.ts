/**
 * A client of examples/cluster_chat/ that counts.
 *
 * @module
 */

import type { InteropFixture } from "./tool.ts";

/** Milliseconds between the answer to a message and the next message of a client. */
const PAUSE = 5;

/** A message with its number. */
export interface Numbered {
  readonly number: number;
  readonly text: string;
}

/**
 * A client that connects again whenever its connection closes. A refused message is sent again. So
 * is one that has no answer when the connection closes, unless it is among the messages that the
 * client then reads.
 */
export class Person {
  readonly name: string;
  /** All lines that are not messages. */
  readonly notices: string[] = [];
  readonly read: Numbered[] = [];
  /** The messages that were acknowledged to this client, by an answer or because it read them. */
  readonly sent: Numbered[] = [];
  /** The messages of which the node does not know whether they were sent. */
  readonly uncertain: string[] = [];
  /** The number of different messages. */
  count = 0;
  connections = 0;
  readonly #port: number;
  readonly #done: Promise<void>;
  #conn: Deno.TcpConn | null = null;
  /** The number of the newest message when the client entered first. */
  #first: number | null = null;
  /** The newest message when the client entered on this connection. */
  #newest = Infinity;
  /** Whether the client has entered, and has read all messages that it had missed. */
  #hasEntered = false;
  /** The message without an answer. */
  #pending: string | null = null;
  /** Whether the client begins further messages. */
  #isBusy = false;
  #isStopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting: { condition: () => boolean; fire: () => void }[] = [];

  constructor(fixture: InteropFixture, name: string, port: number) {
    this.name = name;
    this.#port = port;
    this.#done = this.#run();
    fixture.after(() => this.#stop());
  }

  /** The number of the message after which the client continues. */
  get #last(): number {
    return this.read.at(-1)?.number ?? this.#first ?? 0;
  }

  /** Waits until a condition holds after a line has arrived. */
  until(condition: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ condition, fire: resolve });
    this.#check();
    return promise;
  }

  hasEntered(): Promise<void> {
    return this.until(() => this.#hasEntered);
  }

  /** Begins to send messages, each after the answer to the last one. */
  talk(): void {
    this.#isBusy = true;
    this.#sendSoon();
  }

  /** Stops sending messages, when all have their answer. */
  async fallSilent(): Promise<void> {
    this.#isBusy = false;
    await this.until(() => this.#pending === null && this.#hasEntered);
  }

  #stop(): Promise<void> {
    this.#isStopped = true;
    this.#close();
    return this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
      this.#conn = conn;
      this.connections++;
      if (this.#isStopped) this.#close();
      try {
        await this.#readLines(conn);
      } catch {
        // A connection may be reset: what has no answer may be lost.
      }
      this.#close();
    }
  }

  #close(): void {
    try {
      this.#conn?.close();
    } catch {
      // It is closed already.
    }
    this.#conn = null;
    this.#newest = Infinity;
    this.#hasEntered = false;
    clearTimeout(this.#timer);
  }

  async #readLines(conn: Deno.TcpConn): Promise<void> {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(65536);
    let text = "";
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      const lines = (text + decoder.decode(buffer.subarray(0, n), { stream: true })).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) {
        this.#received(line);
        this.#check();
      }
    }
  }

  #received(line: string): void {
    const [, number, text] = /^(\d+) (.*)$/.exec(line) ?? [];
    if (text !== undefined) this.read.push({ number: Number(number), text });
    else this.#noticed(line);
    if (!this.#hasEntered && this.#last >= this.#newest) this.#enter();
  }

  #noticed(line: string): void {
    this.notices.push(line);
    if (line === "What's your name?") {
      this.#send(this.#first === null ? this.name : `${this.name} ${this.#last}`);
    }
    const [, newest] = /^Welcome, .* number (\d+)\.$/.exec(line) ?? [];
    if (newest !== undefined) {
      this.#newest = Number(newest);
      this.#first ??= this.#newest;
    }
    const [, outcome, text = ""] = /^\* (Sent as \d+|Not sent|Perhaps sent): (.*)$/.exec(line) ??
      [];
    if (outcome !== undefined) this.#answered(outcome, text);
  }

  #enter(): void {
    this.#hasEntered = true;
    const published = this.read.find(({ text }) => text === `<${this.name}> ${this.#pending}`);
    if (published !== undefined && this.#pending !== null) {
      this.#answered(`Sent as ${published.number}`, this.#pending);
    } else this.#sendSoon();
  }

  #answered(outcome: string, text: string): void {
    const [, number] = /^Sent as (\d+)$/.exec(outcome) ?? [];
    if (number !== undefined) this.sent.push({ number: Number(number), text });
    if (outcome === "Perhaps sent") this.uncertain.push(text);
    if (outcome !== "Not sent") this.#pending = null;
    this.#sendSoon();
  }

  #sendSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#hasEntered || (this.#pending === null && !this.#isBusy)) return;
      this.#pending ??= `message ${++this.count}`;
      this.#send(this.#pending);
    }, PAUSE);
  }

  #send(line: string): void {
    // A failure closes the connection, which the loop of reading notices.
    this.#conn?.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }

  #check(): void {
    const fired = this.#waiting.filter(({ condition }) => condition());
    this.#waiting = this.#waiting.filter((each) => !fired.includes(each));
    for (const { fire } of fired) fire();
  }
}
