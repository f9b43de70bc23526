import type { IPullProducer, IPushProducer } from "../../reactor/interfaces/mod.ts";

/** A producer that a policy can hold back. It is registered in place of the protocol's producer. */
export interface ThrottledProducer extends IPushProducer {
  /** Starts or stops to hold back the producer. */
  hold(isHeld: boolean): void;
}

/** A push producer that runs while neither its consumer nor the policy pauses it. */
export class ThrottledPushProducer implements ThrottledProducer {
  readonly #producer: IPushProducer;
  #isPaused = false;
  #isHeld = false;

  /** @param producer The producer. */
  constructor(producer: IPushProducer) {
    this.#producer = producer;
  }

  pauseProducing(): void {
    this.#isPaused = true;
    if (!this.#isHeld) return this.#producer.pauseProducing();
  }

  resumeProducing(): void {
    this.#isPaused = false;
    if (!this.#isHeld) return this.#producer.resumeProducing();
  }

  stopProducing(): void {
    return this.#producer.stopProducing();
  }

  hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    if (this.#isPaused) return;
    return isHeld ? this.#producer.pauseProducing() : this.#producer.resumeProducing();
  }
}

/** A pull producer whose next piece waits while the policy holds it back. */
export class ThrottledPullProducer implements ThrottledProducer {
  readonly #producer: IPullProducer;
  #isHeld: boolean;
  #isDue = false;

  /**
   * @param producer The producer.
   * @param isHeld Whether it is held back from the start: its consumer requests the first piece at
   *   once.
   */
  constructor(producer: IPullProducer, isHeld: boolean) {
    this.#producer = producer;
    this.#isHeld = isHeld;
  }

  /** Does nothing: a consumer does not pause a pull producer. */
  pauseProducing(): void {}

  resumeProducing(): void {
    if (!this.#isHeld) return this.#producer.resumeProducing();
    this.#isDue = true;
  }

  stopProducing(): void {
    return this.#producer.stopProducing();
  }

  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (isHeld || !this.#isDue) return;
    this.#isDue = false;
    return this.#producer.resumeProducing();
  }
}
