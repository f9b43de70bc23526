/**
 * A producer that writes to a connection, and how it is kept from writing too much.
 *
 * @module
 */

import { quote } from "../../internal/validation.ts";
import type { IPullProducer, IPushProducer } from "../interfaces/mod.ts";

/** Calls a producer's method, and sees to what it throws. */
export type CallProducer = (method: string, f: () => unknown) => void;

/** A registered producer. A push producer is paused while too much waits, and a pull producer is asked for more when nothing does. */
export class ProducerRegistration {
  /** What was registered. */
  readonly producer: IPushProducer | IPullProducer;
  readonly #streaming: boolean;
  readonly #call: CallProducer;
  #paused = false;

  /**
   * @param producer What was registered.
   * @param streaming Whether it is a push producer.
   * @param call Calls its methods.
   */
  constructor(producer: IPushProducer | IPullProducer, streaming: boolean, call: CallProducer) {
    this.producer = producer;
    this.#streaming = streaming;
    this.#call = call;
  }

  /** Too much waits to be sent. @returns whether the producer was told of it. */
  pause(): boolean {
    if (!this.#streaming || this.#paused) return false;
    this.#paused = true;
    const { producer } = this;
    if ("pauseProducing" in producer) this.#call("pauseProducing", () => producer.pauseProducing());
    return true;
  }

  /** Nothing waits to be sent any more. */
  resume(): void {
    if (this.#streaming && !this.#paused) return;
    this.#paused = false;
    this.#call("resumeProducing", () => this.producer.resumeProducing());
  }

  /** Nothing will ever be sent any more. */
  stop(): void {
    this.#call("stopProducing", () => this.producer.stopProducing());
  }
}

/**
 * Makes the error of a registration while another producer is registered.
 *
 * @param producer The producer that was to be registered.
 * @param current The producer that is registered.
 * @returns The error.
 */
export function alreadyRegistered(producer: unknown, current: unknown): Error {
  return new Error(
    `Cannot register the producer ${quote(producer)}: ${quote(current)} has not been unregistered`,
  );
}
