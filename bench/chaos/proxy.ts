/**
 * What stands between the two sides of a conversation. It uses Deno's sockets alone, and nothing of
 * the library under test.
 *
 * @module
 */

import {
  type Fault,
  type FlowPlan,
  magnitude,
  type Plan,
  type Random,
  randomFrom,
} from "./plan.ts";

// The first bytes of each direction go in pieces as small as the plan says; all of a large transfer
// would take too long.
const IN_SMALL_PIECES = 4096;
const FREEZE_MS = 700;

/** Where a proxy listens, and where it connects to. */
export interface ProxyPlaces {
  readonly listen: () => Deno.Listener;
  readonly connect: () => Promise<Deno.Conn>;
}

/** A proxy for one connection. */
export class Proxy {
  readonly #listener: Deno.Listener;
  readonly #places: ProxyPlaces;
  readonly #plan: Plan;
  readonly #conns: Deno.Conn[] = [];
  readonly #cut = Promise.withResolvers<void>();

  constructor(places: ProxyPlaces, plan: Plan) {
    this.#places = places;
    this.#plan = plan;
    this.#listener = places.listen();
  }

  /** Where it listens. */
  get addr(): Deno.Addr {
    return this.#listener.addr;
  }

  /** Passes one connection on, until both directions have ended. */
  async run(): Promise<void> {
    try {
      const client = await this.#listener.accept();
      this.#conns.push(client);
      const server = await this.#places.connect();
      this.#conns.push(server);
      const { forth, back } = this.#plan;
      await Promise.all([this.#pump(client, server, forth), this.#pump(server, client, back)]);
    } catch (error) {
      // One side has gone. A port that is closing refuses, and its accept ends with this listener.
      if (!isBroken(error)) throw error;
    } finally {
      this.close();
    }
  }

  /** Closes what is open. What has not been read is lost: the system resets such a connection. */
  close(): void {
    this.#cut.resolve();
    for (const resource of [this.#listener, ...this.#conns.splice(0)]) {
      try {
        resource.close();
      } catch (error) {
        if (!isBroken(error)) throw error;
      }
    }
  }

  async #pump(from: Deno.Conn, to: Deno.Conn, plan: FlowPlan): Promise<void> {
    const pace = new Pace(plan);
    const buffer = new Uint8Array(65536);
    // The other side may have closed while this one still speaks: the rest is for nobody, and must
    // not stop the other direction.
    let isHeard = true;
    for (let passed = 0;;) {
      const most = Math.min(pace.piece(passed), plan.faultAt - passed);
      if (most <= 0 && isHeard) {
        await this.#fail(this.#plan.fault, to);
        isHeard = false;
      }
      const count = await from.read(most > 0 ? buffer.subarray(0, most) : buffer);
      if (count === null) break;
      passed += count;
      isHeard &&= await writeAll(to, buffer.subarray(0, count));
      const ms = pace.pause();
      if (ms > 0) await this.#pause(ms);
    }
    if (isHeard) await to.closeWrite().catch(unlessBroken);
  }

  async #fail(fault: Fault, to: Deno.Conn): Promise<void> {
    if (fault === "half-close") return await to.closeWrite().catch(unlessBroken);
    if (fault === "freeze") await this.#pause(FREEZE_MS);
    this.close();
  }

  /** Waits, unless it has been closed meanwhile. */
  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await Promise.race([promise, this.#cut.promise]);
    clearTimeout(timer);
  }
}

/** How large the pieces of one direction are, and when it waits. */
class Pace {
  readonly #random: Random;
  readonly #pieces: number;
  #delays: number;
  #stalls: number;

  constructor({ seed, pieces, delays, stalls }: FlowPlan) {
    this.#random = randomFrom(seed);
    this.#pieces = pieces;
    this.#delays = delays;
    this.#stalls = stalls;
  }

  piece(passed: number): number {
    return magnitude(this.#random, 1, passed < IN_SMALL_PIECES ? this.#pieces : 65536);
  }

  pause(): number {
    const draw = this.#random();
    if (this.#stalls > 0 && draw < 0.05) {
      this.#stalls--;
      return 20 + this.#random() * 60;
    }
    if (this.#delays === 0 || draw > 0.3) return 0;
    this.#delays--;
    return 1 + this.#random() * 5;
  }
}

/** @returns whether the other side still takes anything. */
async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<boolean> {
  try {
    for (let left = bytes; left.length > 0;) left = left.subarray(await to.write(left));
    return true;
  } catch (error) {
    unlessBroken(error);
    return false;
  }
}

function unlessBroken(error: unknown): void {
  if (!isBroken(error)) throw error;
}

/** Whether the connection has ended, on either side or by the proxy. */
function isBroken(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    /^(ECONNRESET|EPIPE|ENOTCONN|ECONNABORTED|ECONNREFUSED|EINTR|EAGAIN)$/.test(String(code));
}
