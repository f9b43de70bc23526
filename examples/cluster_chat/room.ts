/** The chat room of one node, and the connections of its people. */

import { type Address, LineReceiver, log, ServerFactory } from "@torsion/reactor";
import type { IDrainableProtocol } from "@torsion/reactor/reactor";
import { type Bus, type Message, NotPublished, type Subscriber } from "./bus.ts";

/** A name, and the number of the last message that the client has read. */
const ENTRY = /^([\p{L}\p{N}_-]{1,20})(?: (\d{1,15}))?$/u;

/** The number of messages of one client that may wait for their confirmation. */
const MAX_PENDING = 100;

const CUT_OFF = "* The room is cut off. Nothing is sent until it is back.";
const BACK = "* The room is back.";
const INCOMPLETE = "* Some messages are missing.";

/** The part of a room that is on this node. */
export class Room implements Subscriber {
  readonly people = new Set<Talker>();
  readonly #kept: number;
  #messages: Message[] = [];
  #isCutOff = true;

  /** @param kept The number of messages that the node keeps for clients that come back. */
  constructor(kept: number) {
    this.#kept = kept;
  }

  /** The number of the newest message; 0 without a message. */
  get newest(): number {
    return this.#messages.at(-1)?.number ?? 0;
  }

  received(message: Message): void {
    this.#messages.push(message);
    // Not with each message, because that moves all of them.
    if (this.#messages.length >= 2 * this.#kept) this.#messages = this.#messages.slice(-this.#kept);
    for (const talker of this.people) talker.deliver(message);
  }

  cutOff(): void {
    this.#isCutOff = true;
    log.msg("The room is cut off");
    for (const talker of this.people) talker.sendLine(CUT_OFF);
  }

  restored(isComplete: boolean, newest: number): void {
    this.#isCutOff = false;
    log.msg(`The room is connected, ${isComplete ? "complete" : "incomplete"}`);
    if (!isComplete) this.#messages = [];
    for (const talker of this.people) talker.restored(isComplete, newest);
  }

  /** Adds a person, who gets the messages after `since`; without it, only new ones. */
  enter(talker: Talker, since: number | null): void {
    this.people.add(talker);
    if (this.#isCutOff) talker.sendLine(CUT_OFF);
    if (since === null) return;
    const oldest = this.#messages[0]?.number ?? 0;
    // The number before the first message of all is 0.
    const isFirst = since === 0 && this.#messages.length < this.#kept;
    if (oldest > since + 1 && !isFirst) talker.sendLine(INCOMPLETE);
    for (const message of this.#messages) talker.deliver(message);
  }
}

/** The connection of a person. */
export class Talker extends LineReceiver implements IDrainableProtocol {
  // `nc` ends lines with a newline. The carriage return of `telnet` is removed below.
  override delimiter = "\n";
  override MAX_LENGTH = 1000;
  readonly #room: Room;
  readonly #bus: Bus;
  #name: string | null = null;
  /** The number of the last message that the client has received. */
  #read = 0;
  /** The number of messages that the bus has not confirmed. */
  #pending = 0;
  #isDraining = false;

  constructor(room: Room, bus: Bus) {
    super();
    this.#room = room;
    this.#bus = bus;
  }

  override connectionMade(): void {
    // A line does not wait for the client's confirmation of the last one.
    this.transport.setTcpNoDelay(true);
    this.sendLine("What's your name?");
  }

  override textReceived(text: string): void {
    const line = text.replace(/\r$/, "");
    if (this.#name === null) this.#enter(line);
    else if (line === "/quit") this.transport.loseConnection();
    else if (line === "/newest") this.sendLine(`* Number ${this.#room.newest}`);
    else if (line === "") return;
    else if (this.#isDraining || this.#pending >= MAX_PENDING) this.#answer("Not sent", line);
    else this.#publish(this.#name, line);
  }

  override lineLengthExceeded(): void {
    this.sendLine(`* A line has ${this.MAX_LENGTH} bytes at most. Goodbye.`);
    this.transport.loseConnection();
  }

  override connectionLost(): void {
    this.#room.people.delete(this);
  }

  /** The node stops: messages that have been sent to the bus still get their answer. */
  drainRequested(): void {
    this.#isDraining = true;
    this.#leaveIfDrained();
  }

  /** Sends a message, unless the client has it. */
  deliver({ number, text }: Message): void {
    if (number <= this.#read) return;
    this.#read = number;
    this.sendLine(`${number} ${text}`);
  }

  /** The node has the bus again. */
  restored(isComplete: boolean, newest: number): void {
    this.sendLine(BACK);
    if (isComplete) return;
    this.sendLine(INCOMPLETE);
    // A bus that has lost messages gives their numbers to others.
    this.#read = Math.min(this.#read, newest);
  }

  #enter(line: string): void {
    const [, name, since] = ENTRY.exec(line) ?? [];
    if (name === undefined) {
      return this.sendLine(
        "A name has up to 20 letters, digits, _ and -. Please choose another.",
      );
    }
    this.#name = name;
    this.#read = since === undefined ? this.#room.newest : Number(since);
    this.sendLine(`Welcome, ${name}! The newest message is number ${this.#room.newest}.`);
    log.msg(`${name} has come from ${this.transport.getPeer()}`);
    this.#room.enter(this, since === undefined ? null : this.#read);
  }

  #publish(name: string, line: string): void {
    this.#pending++;
    this.#bus.publish(`<${name}> ${log.visibleText(line)}`)
      .addCallback<unknown>((number) => this.#answer(`Sent as ${number}`, line))
      .addErrback((error) => {
        const isRefused = error instanceof NotPublished && !error.isUncertain;
        this.#answer(isRefused ? "Not sent" : "Perhaps sent", line);
      })
      .addCallback(() => {
        this.#pending--;
        this.#leaveIfDrained();
      });
  }

  #answer(outcome: string, line: string): void {
    this.sendLine(`* ${outcome}: ${log.visibleText(line)}`);
  }

  #leaveIfDrained(): void {
    if (!this.#isDraining || this.#pending > 0) return;
    this.sendLine("* This node stops. Please connect again.");
    this.transport.loseConnection();
  }
}

/** Builds the connections of a node. */
export class ChatFactory extends ServerFactory<Talker> {
  readonly #room: Room;
  readonly #bus: Bus;

  constructor(room: Room, bus: Bus) {
    super();
    this.#room = room;
    this.#bus = bus;
  }

  override buildProtocol(_addr: Address): Talker {
    return new Talker(this.#room, this.#bus);
  }
}
