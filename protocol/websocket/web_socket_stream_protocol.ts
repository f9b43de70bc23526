import { textOf } from "../../internal/foreign_value.ts";
import { checkBound } from "../../internal/validation.ts";
import { ConnectionDone } from "../../reactor/errors.ts";
import type { IProtocolFactory, ITransport } from "../../reactor/interfaces/mod.ts";
import { WritableSide } from "../writable_side.ts";
import { MAX_CONTROL_LENGTH } from "./opcode.ts";
import type { WebSocketData } from "./web_socket_message.ts";
import type { WebSocketOptions } from "./web_socket_options.ts";
import { checkUnused } from "./web_socket_handshake.ts";
import { type WebSocketCloseInfo, WebSocketProtocol } from "./web_socket_protocol.ts";

/** Options of a {@linkcode WebSocketStreamProtocol}. */
export interface WebSocketStreamOptions extends WebSocketOptions {
  /**
   * The size of the messages that `readable` buffers before the transport is paused: bytes, and
   * characters of text. An empty message counts as one.
   *
   * @default {65536}
   */
  highWaterMark?: number | undefined;
}

/** The two directions of an open connection. */
interface Sides {
  readonly readable: ReadableStream<WebSocketData>;
  readonly controller: ReadableStreamDefaultController<WebSocketData>;
  readonly writable: WritableSide<WebSocketData>;
}

/**
 * A WebSocket connection as a pair of WHATWG streams of messages, in the shape of the platform's
 * `WebSocketStream`.
 *
 * - **Backpressure.** When the reader does not read, the transport is paused, and with it the peer.
 *   When the peer does not read, `write()` and `ready` wait.
 * - **Closing.** Closing `writable` sends a Close frame with the code 1000, and resolves when the
 *   connection is closed. When the peer closes, `readable` closes and `writable` fails. Both fail
 *   with the reason if the connection is lost without a Close frame.
 * - **Cancelling.** `readable.cancel()` and `writable.abort()` close the connection with the code
 *   1000. For another code, call {@linkcode WebSocketProtocol.close}.
 *
 * The streams exist from the moment the connection is made.
 *
 * @typeParam F The factory that builds it.
 *
 * @example An echo server with backpressure
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { WebSocketFactory, WebSocketStreamProtocol } from "@torsion/reactor/websocket";
 *
 * class Echo extends WebSocketStreamProtocol {
 *   override connectionMade() {
 *     this.readable.pipeTo(this.writable).catch((error) => console.log(`${error}`));
 *   }
 * }
 *
 * reactor.listenTCP(8080, new WebSocketFactory(() => new Echo()));
 * await reactor.run();
 * ```
 */
export class WebSocketStreamProtocol<F extends IProtocolFactory = IProtocolFactory>
  extends WebSocketProtocol<F>
  implements AsyncDisposable {
  readonly #highWaterMark: number;
  #sides: Sides | null = null;
  #isReadableDone = false;

  /**
   * Creates the protocol of a future connection.
   *
   * @param options The limits, the timeouts and the size of the buffer.
   * @throws {RangeError} when an option is out of range.
   */
  constructor(options: WebSocketStreamOptions = {}) {
    super(options);
    const { highWaterMark = 65536 } = options;
    checkBound("highWaterMark", highWaterMark, 0);
    this.#highWaterMark = highWaterMark;
  }

  /**
   * The stream of the messages from the peer: strings and bytes.
   *
   * @throws {Error} before the connection is made.
   */
  get readable(): ReadableStream<WebSocketData> {
    return this.#open.readable;
  }

  /**
   * The stream of the messages to send: strings and bytes.
   *
   * @throws {Error} before the connection is made.
   */
  get writable(): WritableStream<WebSocketData> {
    return this.#open.writable.stream;
  }

  /**
   * Creates the streams, and sets the transport.
   *
   * @param transport The connection.
   */
  override makeConnection(transport: ITransport): void {
    checkUnused(this);
    this.#sides = this.#makeSides(transport);
    return super.makeConnection(transport);
  }

  /** Passes a message to {@linkcode readable}. */
  override messageReceived(data: WebSocketData): void {
    const { controller } = this.#open;
    if (this.#isReadableDone) return;
    controller.enqueue(data);
    if ((controller.desiredSize ?? 0) <= 0) this.pauseProducing();
  }

  /** Closes or fails the streams. */
  override webSocketClosed({ wasClean, cause }: WebSocketCloseInfo): void {
    const sides = this.#open;
    sides.writable.lost(wasClean ? new ConnectionDone() : cause);
    if (this.#isReadableDone) return;
    this.#isReadableDone = true;
    if (wasClean) sides.controller.close();
    else sides.controller.error(cause);
  }

  /** Closes the connection, and waits until it is lost. For `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.closed;
  }

  get #open(): Sides {
    if (this.#sides !== null) return this.#sides;
    throw new Error(
      `Cannot get the streams of ${this.constructor.name}: its connection has not been made`,
    );
  }

  #makeSides(transport: ITransport): Sides {
    let controller: ReadableStreamDefaultController<WebSocketData> | null = null;
    const readable = new ReadableStream<WebSocketData>({
      start: (own) => {
        controller = own;
      },
      pull: () => {
        if (this.paused) this.resumeProducing();
      },
      cancel: (reason) => {
        this.#isReadableDone = true;
        this.#closeFor(reason);
      },
    }, {
      highWaterMark: this.#highWaterMark,
      // Empty messages count too: their number is limited.
      size: ({ length }) => Math.max(length, 1),
    });
    if (controller === null) throw new Error("A stream did not start");
    const writable = new WritableSide<WebSocketData>(transport, {
      send: (data) => this.send(data),
      close: () => this.close(),
      abort: (reason) => this.#closeFor(reason),
    });
    return { readable, controller, writable };
  }

  #closeFor(reason: unknown): void {
    if (this.isOpen) this.close(1000, shortReason(reason));
  }
}

/** Returns the text of a reason, as much of it as a Close frame can have. */
function shortReason(reason: unknown): string {
  if (reason === undefined) return "";
  const limit = MAX_CONTROL_LENGTH - 2;
  const bytes = new Uint8Array(limit);
  const { written } = new TextEncoder().encodeInto(textOf(reason), bytes);
  return new TextDecoder().decode(bytes.subarray(0, written));
}
