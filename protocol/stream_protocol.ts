import { isError, textOf } from "../internal/foreign_value.ts";
import type {
  IHalfCloseableProtocol,
  IProtocolFactory,
  ITransport,
  WriteOptions,
} from "../reactor/interfaces/mod.ts";
import { COPY_BELOW } from "../reactor/stream/write_buffer.ts";
import { checkBound } from "../internal/validation.ts";
import { Protocol } from "./protocol.ts";
import { ReadableSide } from "./readable_side.ts";
import { WritableSide } from "./writable_side.ts";

const TRANSFERRED: WriteOptions = { transfer: true };

/** Options of a {@linkcode StreamProtocol}. */
export interface StreamProtocolOptions {
  /**
   * Bytes that `readable` buffers before it pauses the transport. One chunk more may arrive after
   * that.
   *
   * @default {65536}
   */
  highWaterMark?: number | undefined;
}

/** The two directions of an open connection. */
interface Sides {
  readonly readable: ReadableSide;
  readonly writable: WritableSide<Uint8Array | string>;
}

/**
 * A connection as a pair of WHATWG streams, for code that awaits data, and for code that works on
 * streams. Twisted has no such class.
 *
 * - **Backpressure.** When the reader does not read, the transport is paused, and with it the peer.
 *   When the peer does not read, `write()` and `ready` wait once the transport's write buffer is
 *   above its high-water mark.
 * - **Closing.** `readable` closes when the peer closes its writing side. Closing `writable` sends
 *   the buffered data, closes this side's writing side, and resolves after that. Neither closes the
 *   other direction: the connection closes when both directions have closed, or with
 *   {@linkcode ITransport.loseConnection}.
 * - **Connection loss.** When the connection breaks, the streams that are still open fail with the
 *   reason that `connectionLost` receives. Data that has arrived and has not been read is then
 *   lost, as in any WHATWG stream.
 * - **Cancelling.** `readable.cancel(reason)` and `writable.abort(reason)` abort the connection
 *   with a `ConnectionAborted` whose `cause` is the reason, so that the peer does not take a part
 *   for the whole. A `for await` that is left early also cancels, unless it reads
 *   `readable.values({ preventCancel: true })`.
 *
 * The streams exist from the moment the connection is made. A subclass that overrides a method must
 * call the inherited one.
 *
 * @typeParam F The factory that builds it.
 *
 * @example Send a request, and read the whole answer
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { connectProtocol, TCP4ClientEndpoint } from "@torsion/reactor/endpoints";
 * import { StreamProtocol } from "@torsion/reactor/protocol";
 *
 * reactor.run();
 * const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", 79);
 * await using connection = await connectProtocol(endpoint, new StreamProtocol());
 * const writer = connection.writable.getWriter();
 * await writer.write("root\r\n");
 * for await (const text of connection.readable.pipeThrough(new TextDecoderStream())) {
 *   console.log(text);
 * }
 * ```
 *
 * @example An echo server with backpressure
 * ```ts no-eval
 * import { Factory, reactor, StreamProtocol } from "@torsion/reactor";
 *
 * class Echo extends StreamProtocol {
 *   override connectionMade() {
 *     this.readable.pipeTo(this.writable).catch((error) => console.log(`${error}`));
 *   }
 * }
 *
 * reactor.listenTCP(7, Factory.forProtocol(Echo));
 * await reactor.run();
 * ```
 */
export class StreamProtocol<F extends IProtocolFactory = IProtocolFactory> extends Protocol<F>
  implements IHalfCloseableProtocol, AsyncDisposable {
  readonly #highWaterMark: number;
  readonly #lost: PromiseWithResolvers<void> = Promise.withResolvers();
  #sides: Sides | null = null;

  /**
   * Creates the protocol of a future connection.
   *
   * @param options The size of the buffer.
   * @throws {RangeError} when `highWaterMark` is negative or not an integer.
   */
  constructor(options: StreamProtocolOptions = {}) {
    super();
    // The value is that of Twisted's bufferSize, although bufferSize applies to written data.
    const { highWaterMark = 65536 } = options;
    checkBound("highWaterMark", highWaterMark, 0);
    this.#highWaterMark = highWaterMark;
  }

  /**
   * The stream of the bytes from the peer.
   *
   * @throws {Error} before the connection is made.
   */
  get readable(): ReadableStream<Uint8Array> {
    return this.#open.readable.stream;
  }

  /**
   * The stream of the data to send: bytes, or strings that are encoded as UTF-8.
   *
   * A large chunk is copied, so that the writer may reuse its memory once the write has resolved.
   *
   * @throws {Error} before the connection is made.
   */
  get writable(): WritableStream<Uint8Array | string> {
    return this.#open.writable.stream;
  }

  /**
   * Creates the streams, and sets the transport.
   *
   * @param transport The connection.
   */
  override makeConnection(transport: ITransport): void {
    const abort = (reason: unknown): void => transport.abortConnection(reasonOf(reason));
    this.#sides = {
      readable: new ReadableSide(transport, this.#highWaterMark, abort),
      writable: new WritableSide(transport, {
        send: (chunk) => writeCopied(transport, chunk),
        close: () => transport.loseWriteConnection(),
        abort,
      }),
    };
    return super.makeConnection(transport);
  }

  /** Passes the bytes to {@linkcode readable}. */
  override dataReceived(data: Uint8Array): void {
    this.#sides?.readable.received(data);
  }

  /** Closes {@linkcode readable}, because the peer has closed its writing side. */
  readConnectionLost(): void {
    this.#sides?.readable.end();
  }

  /** Completes the closing of {@linkcode writable}. */
  writeConnectionLost(): void {
    this.#sides?.writable.closed();
  }

  /** Closes or fails the streams that are still open. */
  override connectionLost(reason: Error): void {
    this.#sides?.readable.lost(reason);
    this.#sides?.writable.lost(reason);
    this.#lost.resolve();
  }

  /** Closes the connection, and waits until it is lost. For `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.transport.loseConnection();
    await this.#lost.promise;
  }

  get #open(): Sides {
    if (this.#sides === null) {
      throw new Error(
        `Cannot get the streams of ${this.constructor.name}: its connection has not been made`,
      );
    }
    return this.#sides;
  }
}

/** Writes a chunk. A large one is copied: its writer may reuse the memory before it is sent. */
function writeCopied(transport: ITransport, chunk: Uint8Array | string): void {
  const isLarge = chunk instanceof Uint8Array && chunk.length >= COPY_BELOW;
  if (isLarge) transport.write(chunk.slice(), TRANSFERRED);
  else transport.write(chunk);
}

/** Converts the reason for which a stream was cancelled, which may be any value, to an error. */
function reasonOf(reason: unknown): Error | undefined {
  if (reason === undefined || isError(reason)) return reason;
  return new Error(textOf(reason), { cause: reason });
}
