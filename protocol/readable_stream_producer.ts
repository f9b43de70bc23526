import { CancelledError, Deferred, fail } from "../defer/mod.ts";
import type { IConsumer, IPushProducer } from "../reactor/interfaces/mod.ts";
import { asError, logUserError } from "../defer/guarded_call.ts";

/** The consumer was gone before all of a stream had been written to it. */
export class ProducerStopped extends Error {
  /** The error's name. */
  override readonly name = "ProducerStopped";
}

type Reader = ReadableStreamDefaultReader<Uint8Array | string>;

/**
 * Writes a stream to a consumer, a transport above all, as fast as that takes it. It covers what Twisted's `FileSender` does, and all
 * else that is a stream: the body of a response, the output of a process, another connection.
 *
 * While the consumer has it paused, nothing is read from the stream, but for the one chunk that was asked for before. (Twisted's
 * `FileSender` is a pull producer: it reads each piece when the one before it has gone out. Here the consumer's buffer bridges the time that
 * reading takes.)
 *
 * The consumer's connection is not closed at the end.
 *
 * @example Send a file, and hang up
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
   * Makes a producer that does nothing yet.
   *
   * @param stream What is written: bytes, or strings as UTF-8. Its chunks belong to the consumer.
   */
  constructor(stream: ReadableStream<Uint8Array | string>) {
    this.#stream = stream;
  }

  /**
   * Registers with a consumer, and writes the stream to it until its end.
   *
   * @param consumer What is written to. It must have no producer.
   * @returns A Deferred that fires when all has been written, and the consumer has been told that nothing more comes. It fails with what
   *   the stream fails with; the consumer is told then, too, and whoever waits decides what becomes of half of a stream. It
   *   fails with `ProducerStopped` when the consumer is gone, and with a `CancelledError` when it is cancelled: both cancel the stream.
   */
  startProducing(consumer: IConsumer): Deferred<void> {
    try {
      this.#transfer = new Transfer(this.#stream.getReader(), consumer);
      return this.#transfer.start(this);
    } catch (error) {
      // The stream is being read by others, or the consumer has another producer.
      return fail(asError(error));
    }
  }

  /** Called by the consumer: it has enough for now. */
  pauseProducing(): void {
    this.#transfer?.pause();
  }

  /** Called by the consumer: it takes more. */
  resumeProducing(): void {
    this.#transfer?.resume();
  }

  /** Called by the consumer: it is gone. Cancels the stream. */
  stopProducing(): void {
    this.#transfer?.stop();
  }
}

/** A stream on its way to a consumer. */
class Transfer {
  readonly #reader: Reader;
  readonly #consumer: IConsumer;
  readonly #done: Deferred<void> = new Deferred(() => {
    this.#consumer.unregisterProducer();
    this.#giveUp(new CancelledError("The transfer was cancelled"));
  });
  /** What the pump waits for while it is paused. */
  #resumed: PromiseWithResolvers<void> | null = null;
  #isOver = false;

  constructor(reader: Reader, consumer: IConsumer) {
    this.#reader = reader;
    this.#consumer = consumer;
  }

  start(producer: IPushProducer): Deferred<void> {
    try {
      // A consumer that is gone stops it at once.
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
    if (this.#isOver) return;
    const reason = new ProducerStopped(
      "The consumer was gone before all of the stream had been written",
    );
    this.#giveUp(reason);
    this.#done.errback(reason);
  }

  async #pump(): Promise<void> {
    try {
      for (;;) {
        await this.#resumed?.promise;
        if (this.#isOver) return;
        const { done, value } = await this.#reader.read();
        // It may have been paused, or stopped, while the stream was read.
        await this.#resumed?.promise;
        if (this.#isOver) return;
        if (done) break;
        this.#consumer.write(value);
      }
    } catch (error) {
      this.#failed(error);
      return;
    }
    this.#isOver = true;
    this.#reader.releaseLock();
    this.#consumer.unregisterProducer();
    this.#done.callback();
  }

  /** The stream failed, or the consumer did not take a chunk. */
  #failed(error: unknown): void {
    if (this.#isOver) return;
    this.#consumer.unregisterProducer();
    this.#giveUp(error);
    this.#done.errback(asError(error));
  }

  /** Cancels the stream, unless it has ended. */
  #giveUp(reason: unknown): void {
    // A pump that is paused is not told: it waits for ever, and is collected.
    this.#isOver = true;
    this.#reader.cancel(reason).catch((error: unknown) => {
      // One that has failed says so again.
      if (error !== reason) logUserError(error, "While cancelling a stream");
    });
    this.#reader.releaseLock();
  }
}
