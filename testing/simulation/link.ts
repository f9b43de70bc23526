/**
 * The way from one simulated host to another: latency, jitter, bandwidth, and whether it is
 * interrupted.
 *
 * @module
 */

import type { RandomStream } from "../random_stream.ts";
import type { FaultSite } from "./fault_source.ts";
import { type Schedule, SECOND } from "./schedule.ts";

/** The time that a packet needs from one host to itself, in microseconds. */
const LOOPBACK_LATENCY = 10;

/** One direction between two hosts. */
export class Link {
  readonly #schedule: Schedule;
  /** Decides which occurrences on this link have a fault. */
  readonly site: FaultSite;
  /** The time that a packet needs without a fault, in microseconds. */
  latency: number;
  /** The longest additional time of a packet, which is random, in microseconds. */
  jitter = 0;
  /** Bytes per second; Infinity for no limit. */
  bandwidth = Infinity;
  readonly #makeRandom: () => RandomStream;
  /** The random numbers of the jitter; `null` until they are needed. */
  #random: RandomStream | null = null;
  readonly #interruptions = new Set<object>();
  #cloggedUntil = 0;
  /** The time at which the link has sent all bytes that wait for it. */
  #freeAt = 0;

  /**
   * @param schedule The virtual time.
   * @param site Decides which occurrences have a fault.
   * @param latency The time that a packet needs, in microseconds; `null` on one host.
   * @param makeRandom Returns the random numbers of the link.
   */
  constructor(
    schedule: Schedule,
    site: FaultSite,
    latency: number | null,
    makeRandom: () => RandomStream,
  ) {
    this.#makeRandom = makeRandom;
    this.#schedule = schedule;
    this.site = site;
    this.latency = latency ?? LOOPBACK_LATENCY;
  }

  /** Whether packets arrive: no partition interrupts the link. */
  get isOpen(): boolean {
    return this.#interruptions.size === 0;
  }

  /** Interrupts the link until {@linkcode restore} is called with the same fault. */
  interrupt(fault: object): void {
    this.#interruptions.add(fault);
  }

  /** Ends the interruption by a fault. */
  restore(fault: object): void {
    this.#interruptions.delete(fault);
  }

  /** Ends all interruptions, and the delay of a clogged host. */
  heal(): void {
    this.#interruptions.clear();
    this.#cloggedUntil = 0;
  }

  /** Delays all packets until a time. */
  clog(until: number): void {
    this.#cloggedUntil = Math.max(this.#cloggedUntil, until);
  }

  /**
   * Returns the time at which a packet that is sent now arrives.
   *
   * @param size The size of the packet in bytes.
   */
  arrival(size: number): number {
    const start = Math.max(this.#schedule.now, this.#cloggedUntil);
    const way = this.latency + (this.jitter > 0 ? this.#drawJitter() : 0);
    if (this.bandwidth === Infinity) return start + way;
    this.#freeAt = Math.max(start, this.#freeAt) + Math.ceil((size * SECOND) / this.bandwidth);
    return this.#freeAt + way;
  }

  #drawJitter(): number {
    this.#random ??= this.#makeRandom();
    return this.#random.between(0, this.jitter);
  }
}
