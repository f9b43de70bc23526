import { CancelledError, Deferred, fail } from "../defer/mod.ts";
import type { IConsumer, IPushProducer } from "../reactor/interfaces/mod.ts";
import { asError, logUserError } from "../defer/guarded_call.ts";

/**
 * The failure of {@linkcode ReadableStreamProducer.startProducing} when the consumer was lost
 * before the whole stream had been written.
 */
export class ProducerStopped extends Error {
  /** The error's name. */
  override readonly name = "ProducerStopped";
}

type Reader = ReadableStreamDefaultReader<Uint8Array | string>;

/**
 * Writes a stream to a consumer, such as a transport, as fast as the consumer accepts it. It works
 * with any stream: the body of a response, the output of a process, another connection. Twisted has
 * no such class.
 *
 * While the consumer has paused the producer, no chunk is read from the stream, apart from one that
 * was requested before. (`FileSender` is a pull producer: it writes each piece when the one before
 * it has been sent. Here the consumer's buffer covers the time that reading takes.)
 *
 * The producer does not close the consumer's connection.
 *
 * @example Send a file, and close the connection
 * ```ts no-eval
 * import { Protocol, ReadableStreamProducer } from "@torsion/reactor/protocol";
 *
 * class Download extends Protocol {
 *   override async connectionMade() {
 *     const file = await Deno.open("README.md");
 *     await new ReadableStreamProducer(file.readable).startProducing(this.transport);
 *     this.transport.loseConnection();
 *   }
 * }
 * ```
 */
export class ReadableStreamProducer implements IPushProducer {
  readonly #stream: ReadableStream<Uint8Array | string>;
  #transfer: Transfer | null = null;

  /**
   * Creates a producer that has not started.
   *
   * @param stream The stream to write: bytes, or strings that are encoded as UTF-8. The memory of
   *   its chunks belongs to the consumer.
   */
  constructor(stream: ReadableStream<Uint8Array | string>) {
    this.#stream = stream;
  }

  /**
   * Registers as the producer of a consumer, and writes the whole stream to it.
   *
   * @param consumer The consumer. It must have no producer.
   * @returns A Deferred that fires when all has been written and the producer is unregistered. It
   *   fails with the error of the stream, after unregistering: the caller decides what to do with
   *   the incomplete data. It fails with `ProducerStopped` when the consumer is lost, and with
   *   `CancelledError` when it is cancelled; both cancel the stream.
   */
  startProducing(consumer: IConsumer): Deferred<void> {
    try {
      this.#transfer = new Transfer(this.#stream.getReader(), consumer);
      return this.#transfer.start(this);
    } catch (error) {
      // getReader() throws if the stream already has a reader, and registerProducer() throws if the
      // consumer already has a producer.
      return fail(asError(error));
    }
  }

  /** Pauses the producer. Called by the consumer when its buffer is full. */
  pauseProducing(): void {
    this.#transfer?.pause();
  }

  /** Resumes the producer. Called by the consumer when its buffer is empty. */
  resumeProducing(): void {
    this.#transfer?.resume();
  }

  /** Cancels the stream. Called by the consumer when its connection is lost. */
  stopProducing(): void {
    this.#transfer?.stop();
  }
}

/** One transfer of a stream to a consumer. */
class Transfer {
  readonly #reader: Reader;
  readonly #consumer: IConsumer;
  readonly #done: Deferred<void> = new Deferred(() => {
    this.#consumer.unregisterProducer();
    this.#cancelStream(new CancelledError("The transfer of the stream was cancelled"));
  });
  /** Resolves when the consumer resumes a paused producer. */
  #resumed: PromiseWithResolvers<void> | null = null;
  #isDone = false;

  constructor(reader: Reader, consumer: IConsumer) {
    this.#reader = reader;
    this.#consumer = consumer;
  }

  start(producer: IPushProducer): Deferred<void> {
    try {
      // If the consumer's connection is lost, registerProducer() calls stopProducing() at once.
      this.#consumer.registerProducer(producer, true);
    } catch (error) {
      this.#reader.releaseLock();
      throw error;
    }
    this.#pump();
    return this.#done;
  }

  pause(): void {
    this.#resumed ??= Promise.withResolvers();
  }

  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = null;
  }

  stop(): void {
    if (this.#isDone) return;
    const reason = new ProducerStopped(
      "Cannot write the rest of the stream: the consumer has lost its connection",
    );
    this.#cancelStream(reason);
    this.#done.errback(reason);
  }

  async #pump(): Promise<void> {
    try {
      for (;;) {
        await this.#resumed?.promise;
        if (this.#isDone) return;
        const { done, value } = await this.#reader.read();
        // While the stream was read, the consumer may have paused or stopped this producer.
        await this.#resumed?.promise;
        if (this.#isDone) return;
        if (done) break;
        this.#consumer.write(value);
      }
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#isDone = true;
    this.#reader.releaseLock();
    this.#consumer.unregisterProducer();
    this.#done.callback();
  }

  /** Handles an error of the stream, or of the consumer's write(). */
  #failed(error: unknown): void {
    if (this.#isDone) return;
    this.#consumer.unregisterProducer();
    this.#cancelStream(error);
    this.#done.errback(asError(error));
  }

  /** Cancels the stream, unless it has been read to its end. */
  #cancelStream(reason: unknown): void {
    // A pump that is paused at this moment never resumes, and is garbage-collected.
    this.#isDone = true;
    this.#reader.cancel(reason).catch((error: unknown) => {
      // If the stream itself has failed, cancel() rejects with the error that is already being
      // reported.
      if (error !== reason) logUserError(error, "Error while cancelling a stream");
    });
    this.#reader.releaseLock();
  }
}
