/**
 * The producer of a connection, and its pauses.
 *
 * @module
 */

import { quote } from "../../internal/validation.ts";
import type { IPullProducer, IPushProducer } from "../interfaces/mod.ts";

/** Calls a method of a producer, and handles an exception. */
export type CallProducer = (method: string, f: () => unknown) => void;

/**
 * A registered producer. A push producer is paused while the write buffer is full. A pull producer
 * is resumed whenever the buffer is empty.
 */
export class ProducerRegistration {
  /** The producer that was registered. */
  readonly producer: IPushProducer | IPullProducer;
  readonly #streaming: boolean;
  readonly #call: CallProducer;
  #paused = false;

  /**
   * @param producer The producer that was registered.
   * @param streaming Whether it is a push producer.
   * @param call Calls a method of the producer.
   */
  constructor(producer: IPushProducer | IPullProducer, streaming: boolean, call: CallProducer) {
    this.producer = producer;
    this.#streaming = streaming;
    this.#call = call;
  }

  /** Whether it is a push producer that is paused. */
  get isPaused(): boolean {
    return this.#paused;
  }

  /**
   * Pauses a push producer, because the write buffer is full.
   *
   * @returns Whether the producer was called.
   */
  pause(): boolean {
    if (!this.#streaming || this.#paused) return false;
    this.#paused = true;
    const { producer } = this;
    if ("pauseProducing" in producer) this.#call("pauseProducing", () => producer.pauseProducing());
    return true;
  }

  /**
   * Resumes the producer, because the write buffer is empty. Does nothing for a push producer that
   * is not paused.
   */
  resume(): void {
    if (this.#streaming && !this.#paused) return;
    this.#paused = false;
    this.#call("resumeProducing", () => this.producer.resumeProducing());
  }

  /** Stops the producer, because the connection sends no more data. */
  stop(): void {
    this.#call("stopProducing", () => this.producer.stopProducing());
  }
}

/**
 * Creates the error of registering a second producer.
 *
 * @param producer The second producer.
 * @param current The producer that is registered.
 * @returns The error.
 */
export function alreadyRegistered(producer: unknown, current: unknown): Error {
  return new Error(
    `Cannot register the producer ${quote(producer)}: ${quote(current)} is already registered`,
  );
}
