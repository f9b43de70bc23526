/**
 * The rate of new connections of a port, and its limits.
 *
 * @module
 */

import { RateLimit } from "../../internal/rate_limit.ts";
import type { IDelayedCall, IReactorTime } from "../interfaces/mod.ts";
import type { Refusal } from "../lifecycle/refusals.ts";
import type { StreamPortLimits } from "./stream_port_limits.ts";

/** The limits on the rate of new connections. */
export type RateLimits = Pick<StreamPortLimits, "connectionRate" | "connectionRatePerHost">;

/** Measures the rate of new connections, in total and by the host of the peer. */
export class ConnectionRates {
  readonly #limits: RateLimits;
  readonly #clock: Pick<IReactorTime, "seconds">;
  readonly #total: RateLimit | null;
  readonly #perHost: Map<string, RateLimit> | null;
  /** The number of hosts at which those without recent connections are removed. */
  #sweepAt = 64;

  /**
   * @param limits The limits, in connections per second.
   * @param clock The clock.
   */
  constructor(limits: RateLimits, clock: Pick<IReactorTime, "seconds">) {
    this.#limits = limits;
    this.#clock = clock;
    const { connectionRate, connectionRatePerHost } = limits;
    this.#total = connectionRate === Infinity ? null : rateLimit(connectionRate);
    this.#perHost = connectionRatePerHost === Infinity ? null : new Map();
  }

  /** The number of hosts with recent connections, and some others; 0 without a limit per host. */
  get hostCount(): number {
    return this.#perHost?.size ?? 0;
  }

  /** The seconds until a further connection is within the limit for the whole port, at least 0. */
  get wait(): number {
    return this.#total?.wait(this.#clock.seconds()) ?? 0;
  }

  /**
   * Returns why a connection from a host must be refused.
   *
   * @param host The host of the peer; `null` to check only the limit for all hosts.
   * @returns The reason; `null` if the connection may be accepted.
   */
  reasonToRefuse(host: string | null): Refusal | null {
    const { connectionRate } = this.#limits;
    if (this.wait > 0) {
      const text = `the limit of ${connectionRate} connections per second is reached`;
      return { reason: "connectionRate", text };
    }
    return host === null ? null : this.reasonToRefuseHost(host);
  }

  /** Counts a new connection of a host; `null` if it has none. */
  enter(host: string | null): void {
    if (this.#total === null && this.#perHost === null) return;
    const now = this.#clock.seconds();
    this.#total?.take(now);
    if (host !== null) this.#count(host, now);
  }

  /**
   * Returns why an open connection, whose host has become known, must be refused.
   *
   * @param host The host of the peer.
   * @returns The reason; `null` if {@linkcode nameHost} may count it.
   */
  reasonToRefuseHost(host: string): Refusal | null {
    const ofHost = this.#perHost?.get(host);
    if (ofHost === undefined || ofHost.wait(this.#clock.seconds()) === 0) return null;
    const { connectionRatePerHost } = this.#limits;
    const text =
      `its host has reached the limit of ${connectionRatePerHost} connections per second`;
    return { reason: "connectionRatePerHost", text };
  }

  /** Counts an open connection under its host, which has become known. */
  nameHost(host: string): void {
    this.#count(host, this.#clock.seconds());
  }

  #count(host: string, now: number): void {
    if (this.#perHost !== null) this.#hostLimit(this.#perHost, host, now).take(now);
  }

  #hostLimit(perHost: Map<string, RateLimit>, host: string, now: number): RateLimit {
    const known = perHost.get(host);
    if (known !== undefined) return known;
    if (perHost.size >= this.#sweepAt) this.#sweep(perHost, now);
    const limit = rateLimit(this.#limits.connectionRatePerHost);
    perHost.set(host, limit);
    return limit;
  }

  /** Forgets the hosts without recent connections, so that the map does not grow without end. */
  #sweep(perHost: Map<string, RateLimit>, now: number): void {
    for (const [host, limit] of perHost) {
      if (limit.isIdle(now)) perHost.delete(host);
    }
    this.#sweepAt = Math.max(64, 2 * perHost.size);
  }
}

/** Pauses a port until a further connection is within its limit on the rate. */
export class RatePause {
  readonly #clock: Pick<IReactorTime, "callLater">;
  readonly #resume: () => void;
  #call: IDelayedCall | null = null;

  /**
   * @param clock The clock.
   * @param resume Called after a pause, to accept again.
   */
  constructor(clock: Pick<IReactorTime, "callLater">, resume: () => void) {
    this.#clock = clock;
    this.#resume = resume;
  }

  /** Pauses for a time, in seconds, unless it has paused already. */
  start(seconds: number): void {
    this.#call ??= this.#clock.callLater(seconds, () => {
      this.#call = null;
      this.#resume();
    });
  }

  /** Stops the pause, because the port closes. */
  stop(): void {
    this.#call?.cancel();
    this.#call = null;
  }
}

/** The connections of one second may come at once, and at least one. */
function rateLimit(perSecond: number): RateLimit {
  return new RateLimit(perSecond, Math.max(1, perSecond));
}
