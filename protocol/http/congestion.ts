import type { IPushProducer, ITransport } from "../../reactor/interfaces/mod.ts";

/** Bytes of responses that are written without observing whether the client reads them. */
const MAX_UNOBSERVED = 16_384;

/**
 * Observes whether a client reads its responses.
 *
 * The transport reports that to a registered producer. Small responses are not observed: to
 * register takes longer than to write one. Nor is the producer registered in between, because it
 * would hold back `loseConnection()` of other code.
 */
export class Congestion implements IPushProducer {
  readonly #transport: ITransport;
  readonly #changed: () => void;
  #isCongested = false;
  #isRegistered = false;
  #unobserved = 0;

  /**
   * @param transport The connection.
   * @param changed Called when {@linkcode isCongested} has changed.
   */
  constructor(transport: ITransport, changed: () => void) {
    this.#transport = transport;
    this.#changed = changed;
  }

  /** Whether the client has to read before more is sent. */
  get isCongested(): boolean {
    return this.#isCongested;
  }

  /** Counts bytes that are about to be written. `Infinity` begins to observe at once. */
  add(size: number): void {
    this.#unobserved += size;
    if (this.#isRegistered || this.#unobserved < MAX_UNOBSERVED) return;
    this.#isRegistered = true;
    this.#unobserved = 0;
    this.#transport.registerProducer(this, true);
  }

  /** Stops observing, unless the client is being waited for. */
  release(): void {
    if (!this.#isCongested) this.stop();
  }

  /** Stops observing. */
  stop(): void {
    if (!this.#isRegistered) return;
    this.#isRegistered = false;
    this.#transport.unregisterProducer();
  }

  /** Called by the transport when its buffer is full. */
  pauseProducing(): void {
    this.#isCongested = true;
    this.#changed();
  }

  /** Called by the transport when its buffer is empty. */
  resumeProducing(): void {
    this.#isCongested = false;
    this.#changed();
  }

  /** Called by the transport when the connection is lost. */
  stopProducing(): void {}
}
