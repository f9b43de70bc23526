/**
 * Who writes, and what is written to.
 *
 * @module
 */

/** Writes when it is told to go on, until it is told to pause. Twisted's `IPushProducer`. */
export interface IPushProducer {
  /** Stop writing until {@linkcode resumeProducing}. */
  pauseProducing(): void;
  /** Write on. */
  resumeProducing(): void;
  /** Stop for good: nobody reads any more. */
  stopProducing(): void;
}

/** Writes once each time it is asked. Twisted's `IPullProducer`. */
export interface IPullProducer {
  /** Write one more piece. */
  resumeProducing(): void;
  /** Stop for good: nobody reads any more. */
  stopProducing(): void;
}

/** What a producer writes to. Twisted's `IConsumer`. */
export interface IConsumer {
  /** Takes bytes, or a string that goes out as UTF-8. */
  write(data: Uint8Array | string): void;
  /**
   * Has `producer` paused and resumed as the consumer fills and empties. A pull producer is asked for its first piece at once. Where
   * nothing can be written any more, the producer is stopped at once instead. What its methods throw is logged, and loses the connection; in
   * Twisted's TLS, what a pull producer throws ends that producer only, and the connection waits for more.
   *
   * @param streaming `true` for a push producer, `false` for a pull producer.
   * @throws {Error} when another producer is registered.
   */
  registerProducer(producer: IPushProducer, streaming: true): void;
  /** The same for a pull producer. */
  registerProducer(producer: IPullProducer, streaming: false): void;
  /** Forgets the producer. */
  unregisterProducer(): void;
}
