/**
 * What one client and a server exchange through a forwarder, and what has arrived of it.
 *
 * @module
 */

import type { RandomStream, SimulatedHost, SimulatedNetwork } from "../../simulation/mod.ts";

/** How a sender ends its stream. */
export type Ending = "half-close" | "close" | "abort";

/** One direction of a session. */
export class Flow {
  readonly #network: SimulatedNetwork;
  readonly #name: string;
  /** The bytes to send. */
  readonly bytes: Uint8Array;
  readonly ending: Ending;
  /** The number of bytes that were sent. */
  sent = 0;
  /** Whether the sender has finished: it sends no more. */
  isFinished = false;
  /** The number of bytes that have arrived. */
  received = 0;
  /** Whether the receiver has seen the end. */
  isEnded = false;

  constructor(network: SimulatedNetwork, name: string, bytes: Uint8Array, ending: Ending) {
    this.#network = network;
    this.#name = name;
    this.bytes = bytes;
    this.ending = ending;
  }

  /** Whether all bytes and the end have arrived. */
  get isComplete(): boolean {
    return this.isEnded && this.received === this.bytes.length;
  }

  /** Checks bytes that have arrived. */
  arrived(data: Uint8Array): void {
    const start = this.received;
    this.received += data.length;
    if (this.received > this.sent) return this.#fail("has received more than was sent");
    for (let i = 0; i < data.length; i++) {
      if (data[i] !== this.bytes[start + i]) return this.#fail(`has a wrong byte at ${start + i}`);
    }
    if (this.isEnded) this.#fail("has received data after the end");
  }

  /**
   * Checks the end that has arrived.
   *
   * @param mayBeCut Whether a process on the way has died.
   */
  ended(mayBeCut: boolean): void {
    this.isEnded = true;
    // If the forwarder cannot reach the server, it closes the client's connection.
    const isUnreached = this.sent === 0 && this.received === 0;
    if (mayBeCut || isUnreached || (this.isFinished && this.received === this.bytes.length)) return;
    this.#fail(`has ended after ${this.received} of ${this.bytes.length} bytes`);
  }

  /** Fails the simulation. */
  #fail(problem: string): void {
    this.#network.fail(`the stream ${this.#name} ${problem}`);
  }

  toString(): string {
    return this.#name;
  }
}

/** A client's connection to the server. */
export class Session {
  readonly id: number;
  readonly toServer: Flow;
  readonly toClient: Flow;
  readonly #network: SimulatedNetwork;
  readonly #hosts: readonly SimulatedHost[];
  #reactors: unknown[] | null = null;

  /** Called by {@linkcode planSession}. */
  constructor(
    network: SimulatedNetwork,
    id: number,
    flows: { readonly toServer: Flow; readonly toClient: Flow },
    hosts: readonly SimulatedHost[],
  ) {
    this.id = id;
    this.toServer = flows.toServer;
    this.toClient = flows.toClient;
    this.#network = network;
    this.#hosts = hosts;
  }

  /** Whether a process on the way has died since the session began. */
  get hasDied(): boolean {
    return this.#hosts.some((host, i) => !host.isUp || host.reactor !== this.#reactors?.[i]);
  }

  /** Records that the client connects. */
  begin(): void {
    this.#reactors = this.#hosts.map(({ reactor }) => reactor);
  }

  /**
   * Checks whether the session is complete, and whether it had to be.
   *
   * @param isDisturbed Whether faults may have ended the session.
   */
  checkEnd(isDisturbed: boolean): void {
    const { toServer, toClient } = this;
    const isComplete = toServer.isComplete && toClient.isComplete;
    this.#network.sometimes("a session is complete", isComplete);
    const isPolite = toServer.ending === "half-close" && toClient.ending === "half-close";
    if (isComplete || !isPolite || isDisturbed) return;
    this.#network.fail(`session ${this.id} is incomplete, although nothing disturbed it`);
  }
}

/** The number of bytes with which a client tells the server the session. */
export const HEADER_SIZE = 1;
const ENDINGS: readonly Ending[] = ["half-close", "half-close", "half-close", "close", "abort"];
const SIZES = [0, 100, 5000, 50_000, 400_000];

/** Returns a random session. */
export function planSession(
  network: SimulatedNetwork,
  id: number,
  hosts: readonly SimulatedHost[],
): Session {
  const { random } = network;
  const toServer = randomBytes(random, id);
  const toClient = randomBytes(random, id);
  return new Session(network, id, {
    toServer: new Flow(network, `from client ${id}`, toServer, random.pick(ENDINGS)),
    toClient: new Flow(network, `to client ${id}`, toClient, random.pick(ENDINGS)),
  }, hosts);
}

/** Returns bytes that begin with the number of the session. */
function randomBytes(random: RandomStream, id: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE + random.between(0, random.pick(SIZES)));
  const words = new Uint32Array(bytes.buffer, 0, bytes.length >> 2);
  // A linear congruential generator (Knuth) is fast, and no part of its output repeats here.
  let word = random.uint32();
  for (let i = 0; i < words.length; i++) {
    words[i] = word;
    word = (Math.imul(word, 1664525) + 1013904223) | 0;
  }
  bytes[0] = id;
  return bytes;
}
