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

import { ChunkAllocator } from "../../internal/chunk_allocator.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import type { StreamDriver, StreamDriverSink } from "../../reactor/stream/stream_driver.ts";
import { connectionLost, errorWithCode } from "../../reactor/stream/system_error.ts";
import { DEFAULT_IDLE, KeepAlive, type ProbedConnection } from "./keep_alive.ts";
import type { Link } from "./link.ts";
import type { Boot, Machine } from "./machine.ts";
import type { Process } from "./process.ts";
import { type ScheduledEvent, SECOND } from "./schedule.ts";

/** The bytes that can be on their way or unread in one direction. */
const WINDOW = 262144;
/** The longest additional delay of a segment or datagram, in microseconds. */
export const MOST_DELAY = 50_000;
/** The longest time for which a program does not read, in microseconds. */
const MOST_READ_DELAY = 5 * SECOND;
/** The first timeout after which a lost segment is sent again, in microseconds (RFC 6298). */
const FIRST_RETRY = 200_000;
const LONGEST_RETRY = 120 * SECOND;
/** The time after which the system gives up a connection: 15 minutes, as on Linux. */
const GIVE_UP = 924 * SECOND;
/** The size of a packet without data, in bytes. */
export const HEADER = 40;
/** The most data in a packet on a link with a limited bandwidth, in bytes (Ethernet, RFC 879). */
const MOST_DATA = 1460;

/**
 * A segment that one end sends: bytes, the last step of the handshake, the end of the bytes, a
 * reset, or a question whether the peer is there, which repeats bytes that the peer has received.
 */
type Segment = Uint8Array | "open" | "fin" | "reset" | "probe";

/** The systems' names of the errors that end a connection, with their descriptions. */
const REASONS = {
  ECONNRESET: "connection reset",
  ETIMEDOUT: "connection timed out",
  EPIPE: "broken pipe",
} as const;

/** The answer of a listening socket to a connection that a client has opened. */
export type Opening = "accepted" | "full" | "closed";

/** The state that the two ends of a connection share. */
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
export class StreamEnd implements StreamDriver, ProbedConnection {
  readonly #machine: Machine;
  readonly #process: Process;
  readonly #boot: Boot;
  readonly #addresses: Addresses;
  /** The link to the peer. */
  readonly #link: Link;
  readonly #shared: Shared;
  /** Passes the connection to its listening socket; `null` at the client. */
  readonly #open: ((end: StreamEnd) => Opening) | null;
  /** The other end; this end until `joinWith` is called. */
  #peer: StreamEnd = this;
  #sink: StreamDriverSink | null = null;
  #keepAlive: KeepAlive | null = null;

  // The state for sending.
  /** The bytes of the pending write; `null` without one. */
  #pending: Uint8Array | null = null;
  /** The bytes that were sent and are not known to be read. */
  #inFlight = 0;
  #lastArrival = 0;
  /** Segments that wait until they are sent again, in their order. */
  #held: Segment[] = [];
  /** The time of the first segment without an answer; -1 if there is none. */
  #troubledSince = -1;
  /** The time until the next retry. */
  #retry = 0;
  /** The event of the next retry; `null` if there is none. */
  #retryEvent: ScheduledEvent | null = null;
  #finSent = false;

  // The state for receiving.
  #queue: Uint8Array[] = [];
  /** The bytes that were read without the peer's knowledge. */
  #owed = 0;
  #ended = false;
  #endReported = false;
  #error: keyof typeof REASONS | null = null;
  #wanted = false;
  /** Whether a read was pending when reading was stopped. It delivers once more. */
  #isReadPending = false;
  #isDelivering = false;
  #readScheduled = false;

  /** Whether the system knows the connection: it was neither reset nor given up. */
  #isKnown = true;
  /** Whether the program has closed its end, or has ended. */
  #closed = false;
  #failed = false;

  /** Called by {@linkcode connectEnds}. */
  constructor(
    machine: Machine,
    link: Link,
    addresses: Addresses,
    shared: Shared,
    open: ((end: StreamEnd) => Opening) | null,
  ) {
    this.#machine = machine;
    this.#process = machine.process;
    this.#boot = machine.boot;
    this.#link = link;
    this.#addresses = addresses;
    this.#shared = shared;
    this.#open = open;
    if (open === null) machine.ends.add(this);
  }

  /** Sets the other end. Called once, before anything else. */
  joinWith(peer: StreamEnd): void {
    this.#peer = peer;
  }

  /** Sends the last step of the handshake. Called once, at the client. */
  open(): void {
    this.#transmit("open");
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

  /** Whether keep-alive probes are on. */
  get keepsAlive(): boolean {
    return this.#keepAlive !== null;
  }

  /** Sets the option `keepAlive` of a port or a connection, if it has one. */
  setKeepAliveOption(seconds: number | undefined): void {
    if (seconds !== undefined) this.startKeepAlive(seconds);
  }

  /** Starts keep-alive probes after some seconds without traffic. */
  protected startKeepAlive(idle: number): void {
    this.#keepAlive?.stop();
    const isOpen = this.#isKnown && !this.#closed;
    this.#keepAlive = isOpen ? new KeepAlive(this.#machine.schedule, this, idle) : null;
  }

  /** Stops keep-alive probes. */
  protected stopKeepAlive(): void {
    this.#keepAlive?.stop();
    this.#keepAlive = null;
  }

  // Members for writing.

  write(bytes: Uint8Array): void {
    this.#pending = bytes;
    if (this.#error === null) this.#push();
    else this.#later(() => this.#fail("write"));
  }

  closeWrite(): void {
    if (this.#closed || !this.#process.isAlive) return;
    this.#finish();
    this.#later(() => {
      if (!this.#closed) this.#sink?.writeClosed();
    });
  }

  close(): void {
    if (this.#process.isAlive) this.shut();
  }

  abort(): void {
    if (this.#process.isAlive) this.discard();
  }

  // Members for reading.

  startReading(): void {
    this.#wanted = true;
    this.#isReadPending = false;
    if (this.#hasInput) this.#readLater();
  }

  stopReading(): void {
    if (!this.#wanted) return;
    this.#wanted = false;
    // Some drivers cannot cancel a read that waits for input: it still delivers what arrives next.
    const isWaiting = !this.#isDelivering && !this.#hasInput;
    this.#isReadPending = isWaiting && this.#machine.site.next("late read") > 0;
  }

  // Members for the system of this end's host.

  /** Closes the connection, as the system does when the program closes it or has ended. */
  shut(): void {
    if (this.#closed) return;
    // A system resets a connection that is closed before all received data was read.
    if (this.#queue.length > 0) this.#reset();
    else this.#finish();
    this.#release();
  }

  /** Resets the connection, as the system does when the program aborts it or never accepts it. */
  discard(): void {
    if (this.#closed) return;
    this.#reset();
    this.#release();
  }

  /** Resets both ends, as a router on the way does. */
  resetBoth(): void {
    this.#peer.#lose("ECONNRESET");
    this.#lose("ECONNRESET");
  }

  // Members for sending.

  #push(): void {
    const bytes = this.#pending;
    const room = WINDOW - this.#inFlight;
    if (bytes === null || this.#closed || !this.#process.isAlive) return;
    if (room <= 0 && bytes.length > 0) return;
    const most = Math.min(bytes.length, room);
    const count = this.#machine.site.next("short write", 1, most - 1) || most;
    this.#pending = null;
    if (count > 0) this.#send(chunks.copy(bytes, count));
    this.#sink?.wrote(count);
  }

  #send(bytes: Uint8Array): void {
    const { site, bandwidth } = this.#link;
    // Without a limit the whole data arrives at one time, so one segment does.
    const most = bandwidth === Infinity ? bytes.length : MOST_DATA;
    for (let rest = bytes;;) {
      const size = Math.min(rest.length, most);
      const cut = site.next("split", 1, size - 1) || size;
      this.#inFlight += cut;
      if (cut === rest.length) return this.#transmit(rest);
      this.#transmit(rest.subarray(0, cut));
      rest = rest.subarray(cut);
    }
  }

  #finish(): void {
    if (this.#finSent || !this.#isKnown) return;
    this.#finSent = true;
    this.#transmit("fin");
  }

  /** Forgets the connection, and tells the peer so. */
  #reset(): void {
    const wasKnown = this.#isKnown;
    this.#forget();
    // A reset is sent once. If it is lost, the peer notices when it sends.
    if (wasKnown && this.#reachesPeer) this.#transmit("reset");
  }

  #transmit(segment: Segment): void {
    if (this.#held.length > 0 || !this.#reachesPeer) {
      if (this.#machine.isTraced) this.#noteSent(segment, " in vain");
      return this.#hold(segment);
    }
    const { site } = this.#link;
    if (site.next("reset") > 0) {
      this.#atPeer(() => this.resetBoth());
      return;
    }
    if (site.next("half-open") > 0) {
      this.#shared.isSilent = true;
      if (segment !== "reset") this.#hold(segment);
      return;
    }
    if (this.#machine.isTraced) this.#noteSent(segment);
    const delay = site.next("delay", 1, MOST_DELAY);
    const isLost = site.next("loss") > 0;
    if (isLost && segment === "reset") return;
    const size = typeof segment === "string" ? HEADER : segment.length;
    const time = this.#arrivalOf(size, isLost ? delay + FIRST_RETRY : delay);
    this.#machine.schedule.at(time, () => {
      if (!this.#boot.lostFlight) this.#peer.#arrive(segment);
    });
  }

  #noteSent(segment: Segment, how = ""): void {
    const { peer } = this.#addresses;
    this.#machine.note(() => `sends ${describe(segment)} to ${peer}${how}`, data(segment));
  }

  /** Returns the time at which a packet arrives at the peer's host: after all earlier ones. */
  #arrivalOf(size: number, late = 0): number {
    return this.#lastArrival = Math.max(this.#link.arrival(size) + late, this.#lastArrival);
  }

  /** Schedules an event at the peer's host, after all that were scheduled before. */
  #atPeer(event: () => void): void {
    this.#machine.schedule.at(this.#arrivalOf(HEADER), () => {
      if (!this.#boot.lostFlight) event();
    });
  }

  get #reachesPeer(): boolean {
    return this.#link.isOpen && !this.#shared.isSilent && this.#peer.#machine.isUp;
  }

  // Members for segments without an answer.

  /** Whether a segment has no answer yet, because the network or the peer's host has failed. */
  get isTroubled(): boolean {
    return this.#troubledSince >= 0;
  }

  /** Keeps a segment, to send it again. */
  #hold(segment: Segment): void {
    if (!this.#isKnown || this.#boot.isOver) return;
    if (segment !== "probe") this.#held.push(segment);
    this.#trouble();
  }

  /** Begins to send again, with a timeout that doubles, until there is an answer. */
  #trouble(): void {
    if (this.isTroubled) return;
    this.#troubledSince = this.#machine.schedule.now;
    this.#retry = FIRST_RETRY;
    this.#retryLater();
  }

  #retryLater(): void {
    const { schedule } = this.#machine;
    this.#retryEvent = schedule.at(schedule.now + this.#retry, () => this.#sendAgain());
  }

  #sendAgain(): void {
    this.#retryEvent = null;
    if (this.#boot.isOver) return;
    if (this.#machine.schedule.now - this.#troubledSince > GIVE_UP) return this.#lose("ETIMEDOUT");
    this.#retry = Math.min(2 * this.#retry, LONGEST_RETRY);
    this.#retryLater();
    if (!this.#reachesPeer) return;
    if (this.#held.length === 0) return this.#sendProbe();
    for (const segment of this.#held.splice(0)) this.#transmit(segment);
  }

  #sendProbe(): void {
    if (this.#reachesPeer) this.#atPeer(() => this.#peer.#arrive("probe"));
  }

  #endTrouble(): void {
    this.#troubledSince = -1;
    if (this.#retryEvent !== null) this.#machine.schedule.cancel(this.#retryEvent);
    this.#retryEvent = null;
  }

  /** Called when the peer's system has answered. */
  #answered(): void {
    // Segments that are still held were not answered.
    if (this.#troubledSince >= 0 && this.#held.length === 0) this.#endTrouble();
    this.#keepAlive?.heard();
  }

  /** Whether this end's host has crashed. */
  get isOver(): boolean {
    return this.#boot.isOver;
  }

  probe(): void {
    this.#machine.note(() => `asks whether ${this.#addresses.peer} is there`);
    this.#sendProbe();
  }

  probesFailed(): void {
    this.#lose("ETIMEDOUT");
  }

  // Members for segments that arrive.

  #arrive(segment: Segment): void {
    const peer = this.#peer;
    // The host has crashed while the segment was on its way.
    if (!this.#machine.isUp) return peer.#hold(segment);
    if (this.#machine.isTraced) this.#noteReceived(segment);
    if (segment === "reset") return this.#lose("ECONNRESET");
    // A program that has closed its end does not read.
    const isRefused = this.#closed && typeof segment !== "string";
    if (isRefused || !this.#isKnown || this.#boot.isOver) return this.#refuse(segment);
    if (segment === "open" && !this.#isOpened()) return;
    this.#keepAlive?.heard();
    if (this.#link.isOpen) peer.#answered();
    else peer.#trouble();
    if (typeof segment !== "string") this.#queue.push(segment);
    else if (segment === "fin") this.#ended = true;
    else if (segment === "probe") this.#acknowledge(0);
    if (this.#mayRead) this.#process.run(() => this.#read());
  }

  #noteReceived(segment: Segment): void {
    if (segment === "probe") return;
    const { peer } = this.#addresses;
    this.#machine.note(() => `receives ${describe(segment)} from ${peer}`, data(segment));
  }

  /** Passes the connection to its listening socket. Returns whether the socket took it. */
  #isOpened(): boolean {
    const opening = this.#open?.(this);
    if (opening === "full") this.#peer.#hold("open");
    else if (opening === "closed") this.#refuse("open");
    else this.#machine.ends.add(this);
    return opening === "accepted";
  }

  /** Answers a segment of a connection that this host does not know with a reset. */
  #refuse(segment: Segment): void {
    const peer = this.#peer;
    this.#forget();
    if (!this.#link.isOpen) return peer.#hold(segment);
    this.#machine.schedule.at(this.#arrivalOf(HEADER), () => peer.#lose("ECONNRESET"));
  }

  /** Ends the connection with an error. */
  #lose(code: keyof typeof REASONS): void {
    if (!this.#isKnown || this.#boot.isOver) return;
    this.#forget();
    if (this.#closed) return;
    this.#error = code;
    this.#process.run(() => this.#pending === null ? this.#read() : this.#fail("write"));
  }

  /** Forgets the connection. Data that has arrived can still be read. */
  #forget(): void {
    this.#isKnown = false;
    this.#held = [];
    this.stopKeepAlive();
    if (this.isTroubled) this.#endTrouble();
  }

  // Members that run in the process of this end's host.

  get #hasInput(): boolean {
    return this.#queue.length > 0 || (this.#ended && !this.#endReported) || this.#error !== null;
  }

  get #mayRead(): boolean {
    return this.#wanted || this.#isReadPending;
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
    if (!this.#mayRead || this.#closed || this.#readScheduled) return;
    const late = this.#machine.site.next("slow read", 1, MOST_READ_DELAY);
    if (late === 0) return this.#readNow();
    this.#readScheduled = true;
    const { schedule } = this.#machine;
    schedule.at(schedule.now + late, () =>
      this.#process.run(() => {
        this.#readScheduled = false;
        if (this.#mayRead && !this.#closed) this.#readNow();
      }));
  }

  #readNow(): void {
    this.#isReadPending = false;
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#deliver(chunk);
    } else if (this.#ended && !this.#endReported) {
      this.#wanted = false;
      this.#endReported = true;
      this.#sink?.readEnded();
    } else if (this.#error !== null) {
      this.#fail("read");
    }
  }

  #deliver(chunk: Uint8Array): void {
    const size = this.#machine.site.next("short read", 1, chunk.length - 1) || chunk.length;
    if (size < chunk.length) this.#queue.unshift(chunk.subarray(size));
    this.#acknowledge(size);
    this.#isDelivering = true;
    this.#sink?.received(size < chunk.length ? chunk.slice(0, size) : chunk);
    this.#isDelivering = false;
    if (this.#wanted && !this.#closed && this.#hasInput) this.#readLater();
  }

  /** Lets the peer send more, because bytes were read. */
  #acknowledge(size: number): void {
    const peer = this.#peer;
    // The delay of an acknowledgement matters only while the peer has a pending write.
    if (peer.#pending === null) peer.#inFlight -= size;
    else this.#owed += size;
    if (this.#owed === 0) return;
    // A peer that gets no answer asks again.
    if (!this.#reachesPeer) return peer.#trouble();
    const owed = this.#owed;
    this.#owed = 0;
    this.#atPeer(() => peer.#acknowledged(owed));
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
    const isBroken = syscall === "write" && this.#ended && this.#error === "ECONNRESET";
    const code = isBroken ? "EPIPE" : this.#error;
    const cause = errorWithCode(code, REASONS[code]);
    this.#sink?.failed(connectionLost(syscall, this.#addresses.peer, cause));
  }

  #later(f: () => void): void {
    this.#machine.schedule.at(this.#machine.schedule.now, () => this.#process.run(f));
  }

  #release(): void {
    this.#closed = true;
    this.#pending = null;
    this.#queue = [];
    this.stopKeepAlive();
    this.#machine.ends.delete(this);
    const { host } = this.#addresses;
    if (this.#open === null && host.type === "TCP") {
      this.#machine.localEnds.release(host.host, host.port);
    }
    this.#later(() => this.#sink?.released());
  }
}

/** One end of a simulated TCP connection, which has further options. */
export class TCPStreamEnd extends StreamEnd {
  /** Does nothing: the model has no algorithm that delays small writes. */
  setNoDelay(): void {}

  setKeepAlive(enabled: boolean): void {
    if (enabled) this.startKeepAlive(DEFAULT_IDLE);
    else this.stopKeepAlive();
  }

  setKeepAliveIdle(seconds: number): void {
    this.startKeepAlive(seconds);
  }
}

const chunks = new ChunkAllocator();

function describe(segment: Segment): string {
  if (typeof segment !== "string") return `${segment.length} bytes`;
  if (segment === "open") return "the last step of the handshake";
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

/**
 * Makes the two ends of a connection.
 *
 * @param client The side that connects.
 * @param server The side that listens.
 * @param open Passes the server's end to its listening socket.
 */
export function connectEnds(
  client: EndPlace,
  server: EndPlace,
  open: (end: StreamEnd) => Opening,
): [client: StreamEnd, server: StreamEnd] {
  const shared = { isSilent: false };
  const End = client.address.type === "TCP" ? TCPStreamEnd : StreamEnd;
  const here = new End(
    client.machine,
    client.link,
    {
      host: client.address,
      peer: server.address,
    },
    shared,
    null,
  );
  const there = new End(
    server.machine,
    server.link,
    {
      host: server.address,
      peer: client.address,
    },
    shared,
    open,
  );
  here.joinWith(there);
  there.joinWith(here);
  return [here, there];
}
