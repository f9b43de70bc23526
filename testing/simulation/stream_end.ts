/**
 * One end of a simulated stream connection: the driver of a `Connection`, and the part of the
 * host's system that keeps the bytes.
 *
 * The model is TCP as a program sees it. Bytes arrive in order or not at all. A write takes the
 * bytes for which the peer has room. A segment that the network loses is sent again, with a timeout
 * that doubles (RFC 6298), until the system gives up. A segment for a connection that the peer's
 * host does not know is answered with a reset.
 *
 * @module
 */

import { ConnectionLost } from "../../reactor/errors.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import type { StreamDriver, StreamDriverSink } from "../../reactor/stream/stream_driver.ts";
import type { Link } from "./link.ts";
import type { Machine } from "./machine.ts";
import type { Process } from "./process.ts";
import { SECOND } from "./schedule.ts";

/** The bytes that can be on their way or unread in one direction. */
const WINDOW = 262144;
/** The longest additional delay of a segment or datagram, in microseconds. */
export const MOST_DELAY = 50_000;
/** The first timeout after which a lost segment is sent again, in microseconds (RFC 6298). */
const FIRST_RETRY = 200_000;
const LONGEST_RETRY = 120 * SECOND;
/** The time after which the system gives up a connection: 15 minutes, as on Linux. */
const GIVE_UP = 924 * SECOND;
/** The size of a packet without data, in bytes. */
export const HEADER = 40;

type Segment = Uint8Array | "fin" | "reset";

/** What the two ends of a connection share. */
interface Shared {
  /** Whether no segment arrives any more, although neither end has closed. */
  isSilent: boolean;
}

/** The addresses of one end. */
interface Addresses {
  readonly host: Address;
  readonly peer: Address;
}

/** One end of a simulated stream connection. */
export class StreamEnd implements StreamDriver {
  readonly #machine: Machine;
  readonly #process: Process;
  readonly #addresses: Addresses;
  /** The link to the peer. */
  readonly #link: Link;
  readonly #shared: Shared;
  /** The other end; this end until `joinWith` is called. */
  #peer: StreamEnd = this;
  #sink: StreamDriverSink | null = null;

  /** The bytes of the pending write; `null` without one. */
  #pending: Uint8Array | null = null;
  /** The bytes that were sent and are not known to be read. */
  #inFlight = 0;
  #lastArrival = 0;
  /** Whether the segments on their way to the peer are lost, because this host has crashed. */
  #lostFlight = false;
  /** Segments that wait for their retransmission, in their order. */
  #held: Segment[] = [];
  #retry = 0;
  #heldSince = 0;
  #finSent = false;

  #queue: Uint8Array[] = [];
  #ended = false;
  #error: ConnectionLost | null = null;
  #wanted = false;
  #readScheduled = false;
  #closed = false;
  #failed = false;

  /** Called by {@linkcode connectEnds}. */
  constructor(machine: Machine, link: Link, addresses: Addresses, shared: Shared) {
    this.#machine = machine;
    this.#process = machine.process;
    this.#link = link;
    this.#addresses = addresses;
    this.#shared = shared;
    machine.ends.add(this);
  }

  /** Sets the other end. Called once, before anything else. */
  joinWith(peer: StreamEnd): void {
    this.#peer = peer;
  }

  attach(sink: StreamDriverSink): void {
    this.#sink = sink;
  }

  getPeer(): Address {
    return this.#addresses.peer;
  }

  getHost(): Address {
    return this.#addresses.host;
  }

  /** Does nothing: a simulated connection does not keep the process alive. */
  unref(): void {}

  setNoDelay(): void {}

  // Members for writing.

  write(bytes: Uint8Array): void {
    this.#pending = bytes;
    if (this.#error === null) this.#push();
    else this.#later(() => this.#fail("write"));
  }

  closeWrite(): void {
    this.#finish();
    this.#later(() => {
      if (!this.#closed) this.#sink?.writeClosed();
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // A system resets a connection that is closed before all received data was read.
    if (this.#queue.length > 0) this.#transmit("reset");
    else this.#finish();
    this.#release();
  }

  abort(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#held = [];
    if (this.#error === null) this.#transmit("reset");
    this.#release();
  }

  // Members for reading.

  startReading(): void {
    this.#wanted = true;
    if (this.#hasInput) this.#readLater();
  }

  stopReading(): void {
    this.#wanted = false;
  }

  // Members for the system of this end's host.

  /**
   * Forgets the connection, because the host has crashed.
   *
   * @param losesFlight Whether the segments on their way to the peer are lost, too.
   */
  crash(losesFlight: boolean): void {
    this.#closed = true;
    this.#held = [];
    this.#lostFlight = losesFlight;
    this.#machine.ends.delete(this);
  }

  /** Resets both ends, as a router on the way does. */
  resetBoth(): void {
    this.#peer.#receiveReset();
    this.#receiveReset();
  }

  #push(): void {
    const bytes = this.#pending;
    const room = WINDOW - this.#inFlight;
    if (bytes === null || this.#closed || (room <= 0 && bytes.length > 0)) return;
    const most = Math.min(bytes.length, room);
    const count = this.#machine.site.next("short write", 1, most - 1) || most;
    this.#pending = null;
    if (count > 0) this.#send(bytes.slice(0, count));
    this.#sink?.wrote(count);
  }

  #send(bytes: Uint8Array): void {
    const cut = this.#link.site.next("split", 1, bytes.length - 1) || bytes.length;
    this.#inFlight += cut;
    this.#transmit(cut === bytes.length ? bytes : bytes.subarray(0, cut));
    if (cut < bytes.length) this.#send(bytes.subarray(cut));
  }

  #finish(): void {
    if (this.#finSent || this.#error !== null) return;
    this.#finSent = true;
    this.#transmit("fin");
  }

  #transmit(segment: Segment): void {
    // A reset is sent once. If it is lost, the peer notices when it sends.
    if (segment === "reset" && !this.#reachesPeer) return;
    if (this.#held.length > 0) {
      this.#held.push(segment);
      return;
    }
    if (!this.#reachesPeer) return this.#hold(segment);
    const { site } = this.#link;
    if (site.next("reset") > 0) {
      this.#atPeer(HEADER, () => this.resetBoth());
      return;
    }
    if (site.next("half-open") > 0) {
      this.#shared.isSilent = true;
      return this.#hold(segment);
    }
    this.#machine.note(
      () => `sends ${describe(segment)} to ${this.#addresses.peer}`,
      data(segment),
    );
    const late = site.next("delay", 1, MOST_DELAY) + (site.next("loss") > 0 ? FIRST_RETRY : 0);
    this.#atPeer(typeof segment === "string" ? HEADER : segment.length, () => {
      this.#peer.#arrive(segment);
    }, late);
  }

  /** Schedules an event at the peer's host, after all that were scheduled before. */
  #atPeer(size: number, event: () => void, late = 0): void {
    this.#lastArrival = Math.max(this.#link.arrival(size) + late, this.#lastArrival);
    this.#machine.schedule.at(this.#lastArrival, () => {
      if (!this.#lostFlight) event();
    });
  }

  get #reachesPeer(): boolean {
    return this.#link.isOpen && !this.#shared.isSilent && this.#peer.#machine.isUp;
  }

  /** Keeps a segment, and sends it again after a timeout that doubles. */
  #hold(segment: Segment): void {
    this.#held.push(segment);
    if (this.#held.length > 1) return;
    this.#retry = FIRST_RETRY;
    this.#heldSince = this.#machine.schedule.now;
    this.#retryLater();
  }

  #retryLater(): void {
    this.#machine.schedule.at(this.#machine.schedule.now + this.#retry, () => this.#sendHeld());
  }

  #sendHeld(): void {
    if (this.#held.length === 0 || !this.#machine.isUp) return;
    if (this.#reachesPeer) {
      for (const segment of this.#held.splice(0)) this.#transmit(segment);
    } else if (this.#machine.schedule.now - this.#heldSince > GIVE_UP) {
      this.#held = [];
      this.#receiveError("ETIMEDOUT");
    } else {
      this.#retry = Math.min(2 * this.#retry, LONGEST_RETRY);
      this.#retryLater();
    }
  }

  // Members for segments that arrive.

  #arrive(segment: Segment): void {
    // The host has crashed while the segment was on its way.
    if (!this.#machine.isUp) return this.#peer.#hold(segment);
    this.#machine.note(
      () => `receives ${describe(segment)} from ${this.#addresses.peer}`,
      data(segment),
    );
    if (segment === "reset") return this.#receiveReset();
    const isKnown = this.#process.isAlive && !this.#closed;
    if (isKnown && segment === "fin") this.#ended = true;
    else if (isKnown && segment !== "fin") this.#queue.push(segment);
    // The sender has closed its own end too, or the data has no reader: the system resets.
    else if (segment !== "fin" || !this.#process.isAlive) return this.#refuse();
    if (this.#wanted) this.#process.run(() => this.#read());
  }

  /** Answers a segment of a connection that this host does not know. */
  #refuse(): void {
    const peer = this.#peer;
    if (peer.#error !== null) return;
    if (this.#link.isOpen) this.#atPeer(HEADER, () => peer.#receiveReset());
  }

  #receiveReset(): void {
    this.#receiveError("ECONNRESET");
  }

  #receiveError(code: "ECONNRESET" | "ETIMEDOUT"): void {
    if (this.#error !== null || this.#closed || !this.#machine.isUp) return;
    const address = String(this.#addresses.peer);
    const cause = new Error(code === "ECONNRESET" ? "connection reset" : "connection timed out");
    this.#error = new ConnectionLost(`Connection to ${address} was lost: ${cause.message}`, {
      code,
      syscall: "read",
      address,
      cause,
    });
    this.#held = [];
    this.#process.run(() => this.#pending === null ? this.#read() : this.#fail("write"));
  }

  // Members that run in the process of this end's host.

  get #hasInput(): boolean {
    return this.#queue.length > 0 || this.#ended || this.#error !== null;
  }

  #readLater(): void {
    if (this.#readScheduled) return;
    this.#readScheduled = true;
    this.#later(() => {
      this.#readScheduled = false;
      this.#read();
    });
  }

  #read(): void {
    if (!this.#wanted || this.#closed || this.#readScheduled) return;
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#deliver(chunk);
    } else if (this.#error !== null) {
      this.#fail("read");
    } else if (this.#ended) {
      this.#wanted = false;
      this.#sink?.readEnded();
    }
  }

  #deliver(chunk: Uint8Array): void {
    const size = this.#machine.site.next("short read", 1, chunk.length - 1) || chunk.length;
    if (size < chunk.length) this.#queue.unshift(chunk.subarray(size));
    this.#acknowledge(size);
    this.#sink?.received(size < chunk.length ? chunk.slice(0, size) : chunk);
    if (this.#wanted && !this.#closed && this.#hasInput) this.#readLater();
  }

  /** Tells the sender that it may send more. */
  #acknowledge(size: number): void {
    const peer = this.#peer;
    // Only a sender that waits notices how long the acknowledgement takes.
    if (peer.#pending === null) peer.#inFlight -= size;
    else if (this.#reachesPeer) this.#atPeer(HEADER, () => peer.#acknowledged(size));
    else {this.#machine.schedule.at(this.#machine.schedule.now + FIRST_RETRY, () => {
        if (this.#machine.isUp) this.#acknowledge(size);
      });}
  }

  #acknowledged(size: number): void {
    this.#inFlight -= size;
    if (this.#pending !== null) this.#process.run(() => this.#push());
  }

  #fail(syscall: "read" | "write"): void {
    if (this.#closed || this.#failed || this.#error === null) return;
    this.#failed = true;
    this.#wanted = false;
    this.#pending = null;
    const { message, code, address, cause } = this.#error;
    this.#sink?.failed(new ConnectionLost(message, { code, address, cause, syscall }));
  }

  #later(f: () => void): void {
    this.#machine.schedule.at(this.#machine.schedule.now, () => this.#process.run(f));
  }

  #release(): void {
    this.#pending = null;
    this.#later(() => {
      this.#machine.ends.delete(this);
      this.#sink?.released();
    });
  }
}

function describe(segment: Segment): string {
  if (typeof segment !== "string") return `${segment.length} bytes`;
  return segment === "fin" ? "the end" : "a reset";
}

function data(segment: Segment): Uint8Array | null {
  return typeof segment === "string" ? null : segment;
}

/** One side of a connection that is being made. */
export interface EndPlace {
  readonly machine: Machine;
  /** The link to the other side. */
  readonly link: Link;
  readonly address: Address;
}

/** Makes the two ends of a connection. */
export function connectEnds(one: EndPlace, other: EndPlace): [StreamEnd, StreamEnd] {
  const shared = { isSilent: false };
  const first = new StreamEnd(one.machine, one.link, {
    host: one.address,
    peer: other.address,
  }, shared);
  const second = new StreamEnd(other.machine, other.link, {
    host: other.address,
    peer: one.address,
  }, shared);
  first.joinWith(second);
  second.joinWith(first);
  return [first, second];
}
