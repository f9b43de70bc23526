/**
 * The proxy between the two sides of a conversation. It uses only Deno's sockets, and no code of
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

// Only the first bytes of each direction are sent in small pieces: a whole large transfer would
// take too long that way.
const SMALL_PIECES_BYTES = 4096;
const FREEZE_MS = 700;

/** The listener of a proxy, and the port to which it connects. */
export interface ProxyAddresses {
  readonly listen: () => Deno.Listener;
  readonly connect: () => Promise<Deno.Conn>;
}

/** A proxy for one connection. */
export class Proxy {
  readonly #listener: Deno.Listener;
  readonly #addresses: ProxyAddresses;
  readonly #plan: Plan;
  readonly #conns: Deno.Conn[] = [];
  readonly #cut = Promise.withResolvers<void>();

  constructor(addresses: ProxyAddresses, plan: Plan) {
    this.#addresses = addresses;
    this.#plan = plan;
    this.#listener = addresses.listen();
  }

  /** The address on which the proxy listens. */
  get addr(): Deno.Addr {
    return this.#listener.addr;
  }

  /** Forwards one connection until both directions have closed. */
  async run(): Promise<void> {
    try {
      const client = await this.#listener.accept();
      this.#conns.push(client);
      const server = await this.#addresses.connect();
      this.#conns.push(server);
      const { toServer, toClient } = this.#plan;
      await Promise.all([
        this.#pump(client, server, toServer),
        this.#pump(server, client, toClient),
      ]);
    } catch (error) {
      // One side is gone. A closing port refuses the connection, and close() ends the accept.
      if (!isBroken(error)) throw error;
    } finally {
      this.close();
    }
  }

  /** Closes all sockets. The system resets a connection with unread bytes. */
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
    // The receiver may have closed while the sender still sends. The rest is discarded, and must
    // not stop the opposite direction.
    let isReceiving = true;
    for (let passed = 0;;) {
      const most = Math.min(pace.piece(passed), plan.faultAt - passed);
      if (most <= 0 && isReceiving) {
        await this.#fail(this.#plan.fault, to);
        isReceiving = false;
      }
      const count = await from.read(most > 0 ? buffer.subarray(0, most) : buffer);
      if (count === null) break;
      passed += count;
      isReceiving &&= await writeAll(to, buffer.subarray(0, count));
      const ms = pace.pause();
      if (ms > 0) await this.#pause(ms);
    }
    if (isReceiving) await to.closeWrite().catch(unlessBroken);
  }

  async #fail(fault: Fault, to: Deno.Conn): Promise<void> {
    if (fault === "half-close") return await to.closeWrite().catch(unlessBroken);
    if (fault === "freeze") await this.#pause(FREEZE_MS);
    this.close();
  }

  /** Waits, but no longer than until the proxy is closed. */
  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await Promise.race([promise, this.#cut.promise]);
    clearTimeout(timer);
  }
}

/** The sizes of the pieces of one direction, and its pauses. */
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
    return magnitude(this.#random, 1, passed < SMALL_PIECES_BYTES ? this.#pieces : 65536);
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

/**
 * Writes all bytes.
 *
 * @returns Whether the receiver still accepts bytes.
 */
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

/**
 * Returns whether an error means that the connection has closed, on either side or by the proxy.
 */
function isBroken(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
    /^(ECONNRESET|EPIPE|ENOTCONN|ECONNABORTED|ECONNREFUSED|EINTR|EAGAIN)$/.test(String(code));
}
