import type { IDelayedCall, IPushProducer, IReactorTime } from "../../../reactor/interfaces/mod.ts";
import type { RandomStream } from "../../simulation/mod.ts";

/** The longest time before a pause that does not begin at once, in milliseconds. */
const LONGEST_DELAY = 10;

/** Pauses a producer for a random time, and resumes it. */
export class Pauser {
  readonly #clock: Pick<IReactorTime, "callLater">;
  readonly #random: RandomStream;
  readonly #target: IPushProducer;
  #call: IDelayedCall | null = null;
  #isStopped = false;

  /**
   * @param clock The clock of the host.
   * @param random Decides how long the pauses are.
   * @param target The producer to pause.
   */
  constructor(
    clock: Pick<IReactorTime, "callLater">,
    random: RandomStream,
    target: IPushProducer,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#target = target;
  }

  /**
   * Pauses the producer, at once or a little later. Does nothing during a pause.
   *
   * @param longest The longest pause, in milliseconds.
   */
  pause(longest: number): void {
    if (this.#call !== null || this.#isStopped) return;
    if (this.#random.below(2) === 0) return this.#begin(longest);
    this.#callLater(this.#random.between(0, LONGEST_DELAY), () => this.#begin(longest));
  }

  /** Cancels the pause, and begins no other one. Call it when the connection is lost. */
  stop(): void {
    this.#isStopped = true;
    if (this.#call?.active()) this.#call.cancel();
  }

  #begin(longest: number): void {
    this.#target.pauseProducing();
    this.#callLater(this.#random.between(0, longest), () => {
      this.#call = null;
      this.#target.resumeProducing();
    });
  }

  #callLater(milliseconds: number, f: () => void): void {
    this.#call = this.#clock.callLater(milliseconds / 1000, f);
  }
}
