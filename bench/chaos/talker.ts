/**
 * One side of a conversation, on the library under test.
 *
 * @module
 */

import type { IDelayedCall, IReactorTime } from "../../reactor/interfaces/mod.ts";
import { ConnectionDone, Protocol } from "../../mod.ts";
import { DATA, END, FrameReader, FrameWriter, HELLO } from "./frames.ts";
import { type Plan, type Random, randomFrom, type SidePlan } from "./plan.ts";

/** The owner of a talker, which receives its events. */
export interface TalkerHost {
  readonly reactor: IReactorTime;
  /** Returns the plan of a conversation. The server learns the number from its first frame. */
  plan(number: number): Plan;
  /** Reports a violation of an invariant. */
  problem(talker: Talker, problem: string): void;
  /** Called when the server's side has learned its conversation. */
  known(talker: Talker): void;
  /** Called when the protocol's connectionLost was called. */
  lost(talker: Talker): void;
}

/** Sends its frames, checks those of its peer, and closes when both have sent their last frame. */
export class Talker extends Protocol {
  readonly side: "client" | "server";
  /** The plan of the conversation, once it is known. */
  plan: Plan | null;
  /** The number of connectionMade() and connectionLost() calls. */
  made = 0;
  losses = 0;
  reason: Error | null = null;
  /** Whether the last frame of the peer was received. */
  hasEnd = false;
  /** Whether this side has closed or aborted the connection. */
  hasClosed = false;
  readonly #host: TalkerHost;
  readonly #reader = new FrameReader();
  #writer: FrameWriter | null = null;
  #random: Random = Math.random;
  #queue: number[] = [];
  /** The number of frames received from the peer, without the first one. */
  received = 0;
  #hasSentEnd = false;
  #isFull = false;
  /** The timed calls that continue sending and reading. */
  #sendCall: IDelayedCall | null = null;
  #resumeCall: IDelayedCall | null = null;

  constructor(side: "client" | "server", host: TalkerHost, plan: Plan | null) {
    super();
    this.side = side;
    this.plan = plan;
    this.#host = host;
  }

  override connectionMade(): void {
    this.made++;
    if (this.plan !== null) this.#start(this.plan, this.plan.client);
  }

  override dataReceived(data: Uint8Array): void {
    if (this.losses > 0) this.#problem("dataReceived() came after connectionLost()");
    try {
      for (const { kind, payload } of this.#reader.push(data)) this.#frame(kind, payload);
    } catch (error) {
      this.#problem(String(error));
      this.transport.abortConnection();
    }
    this.#maybePause();
  }

  override connectionLost(reason: Error): void {
    this.reason = reason;
    if (++this.losses > 1) this.#problem("connectionLost() came twice");
    for (const call of [this.#sendCall, this.#resumeCall]) if (call?.active()) call.cancel();
    this.#host.lost(this);
  }

  /** Called when the peer of a half-closeable connection has closed its writing side. */
  protected peerClosed(): void {
    if (!this.hasEnd && this.plan?.fault === "none") {
      this.#problem("the peer closed its side without its last frame");
    }
    // The peer's remaining frames are lost. This side still sends all of its own, if it has
    // received its conversation's number.
    if (this.plan === null) this.transport.loseConnection();
    else this.#closeIfDone();
  }

  #start(plan: Plan, side: SidePlan): void {
    this.plan = plan;
    this.#random = randomFrom(side.seed);
    this.#writer = new FrameWriter(side.seed);
    this.#queue = [...side.frames];
    if (this.side === "client") this.transport.write(this.#writer.hello(plan.number));
    if (side.style === "pull" || side.style === "push") this.#produce(side.style === "push");
    else this.#sendSome(side);
  }

  #frame(kind: number, payload: Uint8Array): void {
    if (kind === HELLO && this.plan === null) {
      const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
      this.plan = this.#host.plan(number);
      this.#host.known(this);
      this.#start(this.plan, this.plan.server);
      return;
    }
    if (this.hasEnd || (kind !== DATA && kind !== END)) {
      this.#problem(`a frame of kind ${kind} came`);
    }
    if (kind === END) this.hasEnd = true;
    if (++this.received > (this.#own?.abortsAfter ?? Infinity)) {
      this.hasClosed = true;
      this.transport.abortConnection();
    }
    this.#closeIfDone();
  }

  get #own(): SidePlan | undefined {
    return this.plan?.[this.side];
  }

  /** Sends a few frames now, and the others later. */
  #sendSome(side: SidePlan): void {
    if (this.losses > 0) return;
    for (let i = 1 + Math.floor(this.#random() * 4); i > 0; i--) {
      if (!this.#sendOne(side)) return;
    }
    const seconds = this.#random() * 0.005;
    this.#sendCall = this.#host.reactor.callLater(seconds, () => this.#sendSome(side));
  }

  /**
   * Sends the next frame.
   *
   * @returns Whether there are more frames to send.
   */
  #sendOne({ style }: SidePlan): boolean {
    const size = this.#queue.shift();
    if (this.#writer === null) return false;
    if (size === undefined) {
      this.transport.write(this.#writer.end());
      this.#hasSentEnd = true;
      if (this.plan?.halfCloses) this.transport.loseWriteConnection();
      this.#closeIfDone();
      return false;
    }
    const frame = this.#writer.data(size);
    if (style === "transfer") this.transport.write(frame, { transfer: true });
    else if (style === "pieces") this.transport.writeSequence(this.#cut(frame));
    else this.transport.write(frame);
    return true;
  }

  *#cut(frame: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < frame.length;) {
      const end = at + 1 + Math.floor(this.#random() * 9000);
      yield frame.subarray(at, end);
      at = end;
    }
  }

  /** Sends as a producer, when the transport requests data. */
  #produce(streaming: boolean): void {
    const { transport } = this;
    const next = (): boolean => {
      const side = this.#own;
      if (side !== undefined && !this.#hasSentEnd && this.#sendOne(side)) return true;
      transport.unregisterProducer();
      return false;
    };
    const stopProducing = (): void => {};
    if (!streaming) {
      transport.registerProducer({ resumeProducing: next, stopProducing }, false);
      return;
    }
    const sendOn = (): void => {
      while (!this.#isFull && next());
    };
    transport.registerProducer({
      pauseProducing: () => {
        this.#isFull = true;
      },
      resumeProducing: () => {
        this.#isFull = false;
        sendOn();
      },
      stopProducing,
    }, true);
    sendOn();
  }

  #closeIfDone(): void {
    if (!this.#hasSentEnd || !this.hasEnd || this.plan?.halfCloses) return;
    this.hasClosed = true;
    this.transport.loseConnection();
  }

  #maybePause(): void {
    const side = this.#own;
    if (side === undefined || this.hasEnd || this.#random() >= side.pauses) return;
    if (this.losses > 0 || this.#resumeCall?.active()) return;
    this.transport.pauseProducing();
    const seconds = this.#random() * 0.01;
    this.#resumeCall = this.#host.reactor.callLater(
      seconds,
      () => this.transport.resumeProducing(),
    );
  }

  #problem(problem: string): void {
    this.#host.problem(this, problem);
  }
}

/** A talker that is notified when either direction closes. */
export class HalfCloseableTalker extends Talker {
  /** Called when the peer has closed its writing side. */
  readConnectionLost(): void {
    this.peerClosed();
  }

  /** Called when this side has closed its writing side. */
  writeConnectionLost(): void {}
}

/** Returns whether a connection closed cleanly. */
export function closedCleanly({ reason }: Talker): boolean {
  return reason instanceof ConnectionDone;
}
