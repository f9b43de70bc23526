/**
 * Producers and consumers: flow control between a source of data and its destination.
 *
 * @module
 */

/** A producer that writes until its consumer pauses it. Twisted's `IPushProducer`. */
export interface IPushProducer {
  /** Stops writing until the consumer calls {@linkcode resumeProducing}. */
  pauseProducing(): void;
  /** Resumes writing. */
  resumeProducing(): void;
  /** Stops writing permanently. A consumer calls it when it accepts no more data. */
  stopProducing(): void;
}

/** A producer that writes one chunk per request of its consumer. Twisted's `IPullProducer`. */
export interface IPullProducer {
  /** Writes one more chunk. */
  resumeProducing(): void;
  /** Stops writing permanently. A consumer calls it when it accepts no more data. */
  stopProducing(): void;
}

/** A destination to which a producer writes. Twisted's `IConsumer`. */
export interface IConsumer {
  /** Writes bytes, or a string encoded as UTF-8. */
  write(data: Uint8Array | string): void;
  /**
   * Registers a producer. The consumer pauses and resumes a push producer as its buffer fills and
   * empties, and requests the first chunk of a pull producer immediately. If the consumer accepts
   * no more data, it stops the producer immediately instead.
   *
   * An error that a method of the producer throws is logged and closes the connection. In Twisted's
   * TLS, an error of a pull producer removes only the producer, and the connection stays open.
   *
   * @param producer The producer.
   * @param streaming `true` for a push producer, `false` for a pull producer.
   * @throws {Error} If another producer is registered.
   */
  registerProducer(producer: IPushProducer, streaming: true): void;
  /** Registers a pull producer, as described for a push producer. */
  registerProducer(producer: IPullProducer, streaming: false): void;
  /** Removes the producer. */
  unregisterProducer(): void;
}
