import { Deferred, fail } from "../../defer/mod.ts";
import { asError, atOnce, callGuarded, logUserError } from "../../defer/guarded_call.ts";
import { quote } from "../../internal/foreign_value.ts";
import { checkFunction, checkInteger } from "../../internal/validation.ts";
import type { IConsumer, IPullProducer } from "../../reactor/interfaces/mod.ts";
import { ProducerStopped } from "../readable_stream_producer.ts";

const EMPTY = new Uint8Array(0);

/** A source that fills a buffer, such as a `Deno.FsFile`. */
export interface FileReader {
  /**
   * Reads bytes.
   *
   * @param buffer The memory to fill.
   * @returns The number of bytes, which may be less than the length of the buffer; `null` at the
   *   end of the file.
   */
  read(buffer: Uint8Array): Promise<number | null>;
}

/** A source of data to send: a file, a stream, or an iterable of chunks. */
export type FileSource =
  | FileReader
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>;

/**
 * Sends a file to a consumer, such as a transport, chunk by chunk. Twisted's
 * `twisted.protocols.basic.FileSender`.
 *
 * It is a pull producer: the consumer requests a chunk when it has sent the one before. While a
 * chunk is being sent, the next one is read. `ReadableStreamProducer` does the same for a stream,
 * as a push producer.
 *
 * The file is not closed, and neither is the consumer's connection. A stream or an iterator is
 * cancelled if the transfer ends early.
 *
 * @example Send a file, and close the connection
 * ```ts no-eval
 * import { FileSender, Protocol } from "@torsion/reactor/protocol";
 *
 * class Download extends Protocol {
 *   override async connectionMade() {
 *     using file = await Deno.open("README.md");
 *     await new FileSender().beginFileTransfer(file, this.transport);
 *     this.transport.loseConnection();
 *   }
 * }
 * ```
 */
export class FileSender implements IPullProducer {
  /**
   * The maximum size of a chunk that is read from a file, in bytes. Twisted's is 16384. Streams and
   * iterables make their own chunks.
   *
   * @default {65536}
   */
  CHUNK_SIZE = 65536;
  #transfer: Transfer | null = null;

  /** The last byte that was written to the consumer; empty before the first one. */
  get lastSent(): Uint8Array {
    return this.#transfer?.lastSent ?? EMPTY;
  }

  /**
   * Registers as the producer of a consumer, and writes the whole file to it.
   *
   * @param file The file, stream or iterable. It is read from its current position.
   * @param consumer The consumer. It must have no producer.
   * @param transform Called with each chunk; returns the bytes to write in its place. It must not
   *   be `async`.
   * @returns A Deferred that fires with the last byte written when the whole file has been written
   *   and the producer is unregistered; with an empty array if the file was empty. It fails with
   *   the error of the file or of `transform`, with `ProducerStopped` when the consumer is lost,
   *   and with `CancelledError` when it is cancelled.
   * @throws {TypeError} when `file` is not a source, or a stream that is being read, and when
   *   `transform` is not a function.
   * @throws {Error} when a transfer of this sender has not ended.
   */
  beginFileTransfer(
    file: FileSource,
    consumer: IConsumer,
    transform?: (chunk: Uint8Array) => Uint8Array,
  ): Deferred<Uint8Array> {
    if (transform !== undefined) checkFunction("transform", transform);
    checkInteger("CHUNK_SIZE", this.CHUNK_SIZE, 1, 2 ** 30);
    if (this.#transfer?.isDone === false) {
      throw new Error("Cannot begin a file transfer: the one before has not ended");
    }
    const transfer = new Transfer(chunksOf(file, this.CHUNK_SIZE), consumer, transform);
    this.#transfer = transfer;
    return transfer.start(this);
  }

  /** Writes the next chunk. Called by the consumer when it has sent the one before. */
  resumeProducing(): void {
    this.#transfer?.resume();
  }

  /** Stops the transfer. Called by the consumer when its connection is lost. */
  stopProducing(): void {
    this.#transfer?.stop();
  }
}

/** One transfer of a file to a consumer. */
class Transfer {
  /** The last byte that was written. */
  lastSent: Uint8Array = EMPTY;
  /** Whether the transfer has completed, failed or stopped. */
  isDone = false;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #consumer: IConsumer;
  readonly #transform: ((chunk: Uint8Array) => Uint8Array) | undefined;
  readonly #result: Deferred<Uint8Array> = new Deferred(() => {
    this.#consumer.unregisterProducer();
    this.#end();
  });
  /** The chunk that is being read, or has been read and not been requested. */
  #next: Promise<IteratorResult<Uint8Array>> | null = null;
  /** Whether a requested chunk has not been written yet. */
  #isRequested = false;

  constructor(
    chunks: AsyncIterator<Uint8Array>,
    consumer: IConsumer,
    transform: ((chunk: Uint8Array) => Uint8Array) | undefined,
  ) {
    this.#chunks = chunks;
    this.#consumer = consumer;
    this.#transform = transform;
  }

  start(producer: IPullProducer): Deferred<Uint8Array> {
    try {
      // The consumer requests the first chunk, or stops the producer, before this call returns.
      this.#consumer.registerProducer(producer, false);
    } catch (error) {
      this.#end();
      return fail(asError(error));
    }
    return this.#result;
  }

  resume(): void {
    if (this.isDone || this.#isRequested) return;
    this.#isRequested = true;
    this.#write();
  }

  stop(): void {
    if (this.isDone) return;
    this.#end();
    this.#result.errback(
      new ProducerStopped("Cannot send the rest of the file: the consumer has lost its connection"),
    );
  }

  /** Writes the chunk that was requested, once it has been read. */
  async #write(): Promise<void> {
    try {
      let result = await (this.#next ?? this.#read());
      // An empty chunk would never be sent, so the consumer would never request the next one.
      while (!result.done && !this.isDone && !this.#writeChunk(result.value)) {
        result = await this.#read();
      }
      if (this.isDone) return;
      if (result.done) this.#complete();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Writes a chunk, and reads the next one. Returns false if the chunk is empty. */
  #writeChunk(chunk: Uint8Array): boolean {
    const data = this.#transformed(chunk);
    if (data.length === 0) return false;
    this.lastSent = data.slice(-1);
    this.#isRequested = false;
    this.#next = this.#read();
    // A failure is handled when the chunk is requested.
    this.#next.catch(() => {});
    this.#consumer.write(data);
    return true;
  }

  #transformed(chunk: Uint8Array): Uint8Array {
    const data = this.#transform === undefined
      ? chunk
      : atOnce("transform()", this.#transform(chunk), "Error in transform()");
    if (data instanceof Uint8Array) return data;
    const source = this.#transform === undefined ? "the source" : "transform()";
    throw new TypeError(
      `Cannot send a chunk: ${source} must give a Uint8Array, got ${quote(data)}`,
    );
  }

  #read(): Promise<IteratorResult<Uint8Array>> {
    this.#next = null;
    return this.#chunks.next();
  }

  #complete(): void {
    this.isDone = true;
    this.#consumer.unregisterProducer();
    this.#result.callback(this.lastSent);
  }

  #failed(error: unknown): void {
    if (this.isDone) return;
    this.#consumer.unregisterProducer();
    this.#end();
    this.#result.errback(asError(error));
  }

  /** Releases the source before its end. */
  #end(): void {
    this.isDone = true;
    this.#next = null;
    // A generator that is reading is released when the read completes.
    callGuarded(
      () => this.#chunks.return?.(),
      (error) => logUserError(error, "Error while closing the source of a file transfer"),
    );
  }
}

/** Returns an iterator over the chunks of a source. */
function chunksOf(source: FileSource, size: number): AsyncIterator<Uint8Array> {
  if (typeof source === "object" && source !== null) {
    if ("read" in source && typeof source.read === "function") return readChunks(source, size);
    if (source instanceof ReadableStream) return new StreamChunks(source.getReader());
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return iterate(source);
  }
  throw new TypeError(
    `file must have a method read(), be a ReadableStream or be iterable, got ${quote(source)}`,
  );
}

/**
 * The chunks of a stream. The stream's own iterator would cancel it only after a read in progress.
 */
class StreamChunks implements AsyncIterator<Uint8Array> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #isReleased = false;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    const { done, value } = await this.#reader.read();
    if (!done) return { done, value };
    this.#isReleased = true;
    this.#reader.releaseLock();
    return { done, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    if (this.#isReleased) return { done: true, value: undefined };
    this.#isReleased = true;
    const cancelled = this.#reader.cancel();
    this.#reader.releaseLock();
    await cancelled;
    return { done: true, value: undefined };
  }
}

async function* readChunks(file: FileReader, size: number): AsyncGenerator<Uint8Array> {
  for (;;) {
    // Each chunk has memory of its own, because it belongs to the consumer.
    const buffer = new Uint8Array(size);
    const count = await file.read(buffer);
    if (count === null) return;
    checkInteger("the number of bytes that read() returns", count, 0, size);
    if (count > 0) yield buffer.subarray(0, count);
  }
}

async function* iterate(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
