import { isError, textOf } from "../internal/foreign_value.ts";
import type {
  IHalfCloseableProtocol,
  IProtocolFactory,
  ITransport,
} from "../reactor/interfaces/mod.ts";
import { checkBound } from "../internal/validation.ts";
import { Protocol } from "./protocol.ts";
import { ReadableSide } from "./readable_side.ts";
import { WritableSide } from "./writable_side.ts";

/** How a {@linkcode StreamProtocol} streams. */
export interface StreamProtocolOptions {
  /**
   * Bytes that `readable` holds for its reader before it pauses the transport. A chunk more may come than this.
   *
   * @default {65536}
   */
  highWaterMark?: number | undefined;
}

/** The two directions of an open connection. */
interface Sides {
  readonly readable: ReadableSide;
  readonly writable: WritableSide;
}

/**
 * A connection as a pair of streams: for code that would rather `await` than be called, and for all that works on streams. Twisted has
 * no such thing; it was asked for as `twisted.tubes`.
 *
 * - **Demand.** A reader that does not read pauses the transport, and with it the peer. A peer that does not read holds up `write()` and
 *   `ready`, once the transport's write buffer is above its high-water mark.
 * - **Ends.** `readable` closes when the peer sends no more. Closing `writable` closes the writing side, and is done when all has gone out.
 *   Neither end closes the other side: a connection is over when both are, or with {@linkcode ITransport.loseConnection}.
 * - **Breaks.** When the connection is lost, what is open of the two fails with what `connectionLost` is given. What has come and not been
 *   read is lost then, as streams have it.
 * - **Giving up.** `readable.cancel(reason)` and `writable.abort(reason)` abort the connection, with a `ConnectionAborted` whose `cause` is
 *   the reason: half of a stream is not to be taken for the whole. A `for await` that is left early cancels, too, unless it is over
 *   `readable.values({ preventCancel: true })`.
 *
 * The streams are there from when the connection is made. A subclass that overrides a method calls the one it overrides.
 *
 * @typeParam F The factory that builds it: `this.factory` has this type.
 *
 * @example Ask, and read the answer to its end
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
 * @example An echo that is as fast as its client
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
   * Makes the protocol of a connection to come.
   *
   * @param options How much it holds.
   * @throws {RangeError} when `highWaterMark` is negative or no integer.
   */
  constructor(options: StreamProtocolOptions = {}) {
    super();
    // As much as Twisted's bufferSize, in the other direction.
    const { highWaterMark = 65536 } = options;
    checkBound("highWaterMark", highWaterMark, 0);
    this.#highWaterMark = highWaterMark;
  }

  /**
   * What the connection receives.
   *
   * @throws {Error} before the connection is made.
   */
  get readable(): ReadableStream<Uint8Array> {
    return this.#open.readable.stream;
  }

  /**
   * What the connection sends: bytes, or strings as UTF-8.
   *
   * A write of a large chunk copies it, so that the writer may use its memory again once the write is done.
   *
   * @throws {Error} before the connection is made.
   */
  get writable(): WritableStream<Uint8Array | string> {
    return this.#open.writable.stream;
  }

  /** Opens the streams, and takes the connection. */
  override makeConnection(transport: ITransport): void {
    const abort = (reason: unknown): void => transport.abortConnection(reasonOf(reason));
    this.#sides = {
      readable: new ReadableSide(transport, this.#highWaterMark, abort),
      writable: new WritableSide(transport, abort),
    };
    return super.makeConnection(transport);
  }

  /** Bytes came, for {@linkcode readable}. */
  override dataReceived(data: Uint8Array): void {
    this.#sides?.readable.received(data);
  }

  /** The peer sends no more: {@linkcode readable} closes. */
  readConnectionLost(): void {
    this.#sides?.readable.end();
  }

  /** The writing side is closed: closing {@linkcode writable} is done. */
  writeConnectionLost(): void {
    this.#sides?.writable.closed();
  }

  /** The connection is gone: what is open of the two streams closes or fails. */
  override connectionLost(reason: Error): void {
    this.#sides?.readable.lost(reason);
    this.#sides?.writable.lost(reason);
    this.#lost.resolve();
  }

  /** Loses the connection, and waits until it is gone. For `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.transport.loseConnection();
    await this.#lost.promise;
  }

  get #open(): Sides {
    if (this.#sides === null) {
      throw new Error(
        `${this.constructor.name} has no streams: its connection has not been made`,
      );
    }
    return this.#sides;
  }
}

/** What a stream was given up for, which may be anything, as an error. */
function reasonOf(reason: unknown): Error | undefined {
  if (reason === undefined || isError(reason)) return reason;
  return new Error(textOf(reason), { cause: reason });
}
