/**
 * Protocols and factories that say what happened to them, and can be waited for.
 *
 * @module
 */

import { ClientFactory, Protocol } from "../../protocol/mod.ts";
import type { IAddress, IConnector } from "../interfaces.ts";

/** Tells those who wait that something has happened. */
export class Bell {
  #waiting: (() => void)[] = [];

  ring(): void {
    for (const check of this.#waiting) check();
  }

  /** Resolves once `condition` holds; it is looked at now and at each ring. */
  until(condition: () => boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const check = () => {
      try {
        if (!condition()) return;
        resolve();
      } catch (error) {
        reject(error);
      }
      this.#waiting = this.#waiting.filter((other) => other !== check);
    };
    this.#waiting.push(check);
    check();
    return promise;
  }
}

/** What a {@linkcode Wire} does beside recording. */
export interface WireBehaviour {
  connectionMade?: (wire: Wire) => unknown;
  dataReceived?: (wire: Wire, data: Uint8Array) => unknown;
  connectionLost?: (wire: Wire, reason: Error) => unknown;
}

/** A protocol that records, and can be waited for. */
export class Wire extends Protocol {
  /** Every chunk, as it was handed over. */
  readonly chunks: Uint8Array[] = [];
  /** How many bytes came. */
  size = 0;
  /** The methods that were called: `made`, `data`, `read lost`, `write lost`, `lost`. */
  readonly events: string[] = [];
  /** Why the connection was lost. */
  reason: Error | null = null;
  protected readonly behaviour: WireBehaviour;
  protected readonly bell = new Bell();

  constructor(behaviour: WireBehaviour = {}) {
    super();
    this.behaviour = behaviour;
  }

  /** All that came, as text. */
  get text(): string {
    // One decoder for each call: bytes that end in the middle of a character are kept for the next chunk.
    const decoder = new TextDecoder();
    return this.chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("");
  }

  override connectionMade(): void {
    return this.tell("made", () => this.behaviour.connectionMade?.(this));
  }

  override dataReceived(data: Uint8Array): void {
    this.chunks.push(data);
    this.size += data.length;
    return this.tell("data", () => this.behaviour.dataReceived?.(this, data));
  }

  override connectionLost(reason: Error): void {
    this.reason = reason;
    return this.tell("lost", () => this.behaviour.connectionLost?.(this, reason));
  }

  /** Resolves once that many bytes have come. */
  has(size: number): Promise<void> {
    return this.bell.until(() => this.size >= size);
  }

  /** Resolves when that method has been called. */
  seen(event: string): Promise<void> {
    return this.bell.until(() => this.events.includes(event));
  }

  /** Resolves with the reason when the connection is lost. */
  async lost(): Promise<Error> {
    await this.seen("lost");
    if (this.reason === null) throw new Error("Lost without a reason");
    return this.reason;
  }

  protected tell(event: string, then: () => unknown): void {
    this.events.push(event);
    try {
      // What a behaviour returns may be a promise, which the connection looks at.
      return then() as void;
    } finally {
      this.bell.ring();
    }
  }
}

/** A {@linkcode Wire} that is told of each direction's end. */
export class HalfCloseableWire extends Wire {
  readConnectionLost(): void {
    this.tell("read lost", () => {});
  }

  writeConnectionLost(): void {
    this.tell("write lost", () => {});
  }
}

/** A factory, for both sides, that can be waited for. */
export class Wires extends ClientFactory<Wire> {
  readonly built: Wire[] = [];
  /** The addresses that protocols were built for. */
  readonly addresses: IAddress[] = [];
  /** What it was told: `start`, `stop`, `connecting`, `failed`, `lost`. */
  readonly events: string[] = [];
  /** The reasons of `failed` and `lost`. */
  readonly reasons: Error[] = [];
  readonly #build: () => Wire | null;
  readonly #bell = new Bell();

  constructor(build: WireBehaviour | (() => Wire | null) = {}) {
    super();
    this.#build = typeof build === "function" ? build : () => new Wire(build);
  }

  override buildProtocol(addr: IAddress): Wire | null {
    this.addresses.push(addr);
    const wire = this.#build();
    if (wire !== null) this.built.push(wire);
    this.#bell.ring();
    return wire;
  }

  override startFactory(): void {
    this.#tell("start");
  }

  override stopFactory(): void {
    this.#tell("stop");
  }

  override startedConnecting(_connector: IConnector): void {
    this.#tell("connecting");
  }

  override clientConnectionFailed(_connector: IConnector, reason: Error): void {
    this.reasons.push(reason);
    this.#tell("failed");
  }

  override clientConnectionLost(_connector: IConnector, reason: Error): void {
    this.reasons.push(reason);
    this.#tell("lost");
  }

  /** Resolves with the nth protocol, counted from 0, once its connection is made. */
  async wire(index = 0): Promise<Wire> {
    await this.#bell.until(() => this.built.length > index);
    const wire = this.built[index];
    if (wire === undefined) throw new Error(`There is no wire ${index}`);
    await wire.seen("made");
    return wire;
  }

  /** Resolves when it has been told `count` times. */
  told(event: string, count = 1): Promise<void> {
    return this.#bell.until(() => this.events.filter((each) => each === event).length >= count);
  }

  #tell(event: string): void {
    this.events.push(event);
    this.#bell.ring();
  }
}
