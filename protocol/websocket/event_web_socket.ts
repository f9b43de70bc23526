import { callLogged } from "../../defer/guarded_call.ts";
import { messageOf } from "../../internal/foreign_value.ts";
import { WebSocketCloseCode } from "./close_code.ts";
import { type SendableData, SendingQueue } from "./sending_queue.ts";
import { checkClose } from "./web_socket_encoder.ts";
import type { WebSocketData } from "./web_socket_message.ts";
import type { WebSocketOptions } from "./web_socket_options.ts";
import { type WebSocketCloseInfo, WebSocketProtocol } from "./web_socket_protocol.ts";

/** The events of an {@linkcode EventWebSocket}, by name. */
export interface EventWebSocketEvents {
  /** The connection is open. */
  open: Event;
  /** A message has arrived: its `data` is a string, an `ArrayBuffer` or a `Blob`. */
  message: MessageEvent<string | ArrayBuffer | Blob>;
  /** The connection failed; `close` follows. */
  error: Event;
  /** The connection is closed. */
  close: CloseEvent;
}

/** A function that receives the events of one name. */
export type EventWebSocketListener<K extends keyof EventWebSocketEvents> = (
  event: EventWebSocketEvents[K],
) => unknown;

/** The protocol of an {@linkcode EventWebSocket}. */
class EventWebSocketProtocol extends WebSocketProtocol {
  readonly #socket: EventWebSocket;
  readonly #announce: (event: Event) => void;

  constructor(
    socket: EventWebSocket,
    announce: (event: Event) => void,
    options: WebSocketOptions | undefined,
  ) {
    super(options);
    this.#socket = socket;
    this.#announce = announce;
  }

  override connectionMade(): void {
    this.#announce(new Event("open"));
  }

  override messageReceived(data: WebSocketData): void {
    const origin = this.url?.origin ?? "";
    this.#announce(new MessageEvent("message", { data: this.#shapeOf(data), origin }));
  }

  override webSocketClosed({ code, reason, wasClean }: WebSocketCloseInfo): void {
    if (!wasClean) this.#announce(new Event("error"));
    this.#announce(new CloseEvent("close", { code, reason, wasClean }));
  }

  #shapeOf(data: WebSocketData): string | ArrayBuffer | Blob {
    if (typeof data === "string") return data;
    const bytes = data.slice();
    return this.#socket.binaryType === "blob" ? new Blob([bytes]) : bytes.buffer;
  }
}

/**
 * A WebSocket connection in the shape of the platform's `WebSocket`, for code that is written for
 * it: on a server, over any endpoint, and in a simulated network.
 *
 * Pass its {@linkcode webSocketProtocol} to `connectWebSocket`, or return it from the `accept` of a
 * `WebSocketFactory`. It has no constructor that connects, and `close()` before the connection is
 * open throws: cancel the attempt instead. An error of a listener is logged.
 *
 * @example A server
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { EventWebSocket, WebSocketFactory } from "@torsion/reactor/websocket";
 *
 * const factory = new WebSocketFactory(() => {
 *   const socket = new EventWebSocket();
 *   socket.onmessage = ({ data }) => socket.send(data);
 *   return socket.webSocketProtocol;
 * });
 * reactor.listenTCP(8080, factory);
 * await reactor.run();
 * ```
 */
export class EventWebSocket extends EventTarget {
  /** The value of {@linkcode readyState} before the connection is open. */
  static readonly CONNECTING = 0;
  /** The value of {@linkcode readyState} while messages can be sent. */
  static readonly OPEN = 1;
  /** The value of {@linkcode readyState} after a Close frame. */
  static readonly CLOSING = 2;
  /** The value of {@linkcode readyState} after the connection has closed. */
  static readonly CLOSED = 3;
  /** The protocol of the connection. */
  readonly webSocketProtocol: WebSocketProtocol;
  /** The type of the data of binary messages. */
  binaryType: "blob" | "arraybuffer" = "blob";
  /** Called when the connection is open. */
  onopen: EventWebSocketListener<"open"> | null = null;
  /** Called with each message. */
  onmessage: EventWebSocketListener<"message"> | null = null;
  /** Called when the connection failed. */
  onerror: EventWebSocketListener<"error"> | null = null;
  /** Called when the connection is closed. */
  onclose: EventWebSocketListener<"close"> | null = null;
  readonly #listeners = new WeakMap<object, EventListener>();
  readonly #sending: SendingQueue;
  #isClosed = false;

  /**
   * Creates the socket of a future connection.
   *
   * @param options The limits and the timeouts.
   * @throws {RangeError} when an option is out of range.
   */
  constructor(options?: WebSocketOptions) {
    super();
    const announce = (event: Event): void => {
      if (event.type === "close") this.#isClosed = true;
      this.dispatchEvent(event);
    };
    this.webSocketProtocol = new EventWebSocketProtocol(this, announce, options);
    this.#sending = new SendingQueue(this.webSocketProtocol);
    this.#listen("open", (event) => this.onopen?.(event));
    this.#listen("message", (event) => this.onmessage?.(event));
    this.#listen("error", (event) => this.onerror?.(event));
    this.#listen("close", (event) => this.onclose?.(event));
  }

  /** The state: 0 before the connection is open, then 1, 2 after a Close frame, 3 at the end. */
  get readyState(): number {
    if (this.#isClosed) return EventWebSocket.CLOSED;
    if (!this.webSocketProtocol.connected) return EventWebSocket.CONNECTING;
    const isOpen = this.webSocketProtocol.isOpen && !this.#sending.isClosing;
    return isOpen ? EventWebSocket.OPEN : EventWebSocket.CLOSING;
  }

  /** The number of bytes of messages that wait to be sent. */
  get bufferedAmount(): number {
    return this.#sending.bufferedAmount;
  }

  /** The URL of the connection; `""` before it is open. */
  get url(): string {
    return this.webSocketProtocol.url?.href ?? "";
  }

  /** The subprotocol; `""` if none. */
  get protocol(): string {
    return this.webSocketProtocol.subprotocol;
  }

  /** The extensions that were negotiated: `permessage-deflate`, or `""` for none. */
  get extensions(): string {
    return this.webSocketProtocol.compression ? "permessage-deflate" : "";
  }

  /**
   * Sends a message. After `close()` it is dropped.
   *
   * @param data A string for a text message, anything else for a binary one. Messages after a blob
   *   wait until the blob has been read.
   * @throws {DOMException} before the connection is open.
   */
  send(data: string | ArrayBuffer | ArrayBufferView<ArrayBuffer> | Blob): void {
    this.#checkOpened("send");
    // As on the platform, any other value of an untyped caller is sent as text.
    this.#sending.send(isBinary(data) ? data : String(data));
  }

  /**
   * Closes the connection, after the messages that wait for a blob.
   *
   * @param code 1000, or from 3000 to 4999.
   * @param reason The reason in words, of up to 123 bytes in UTF-8.
   * @throws {DOMException} when the code or the reason cannot be sent, and before the connection is
   *   open.
   */
  close(code: number = WebSocketCloseCode.NORMAL, reason = ""): void {
    this.#checkOpened("close");
    if (code !== WebSocketCloseCode.NORMAL && !(code >= 3000 && code <= 4999)) {
      const message = `Cannot close a WebSocket with the code ${code}: it must be 1000, or from ` +
        "3000 to 4999";
      throw new DOMException(message, "InvalidAccessError");
    }
    try {
      checkClose(code, reason);
    } catch (error) {
      throw new DOMException(messageOf(error), "SyntaxError");
    }
    this.#sending.close(code, reason);
  }

  /** Adds a listener. An error that it throws is logged. */
  override addEventListener<K extends keyof EventWebSocketEvents>(
    type: K,
    listener: EventWebSocketListener<K> | EventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener === null ? null : this.#guarded(listener), options);
  }

  /** Removes a listener. */
  override removeEventListener<K extends keyof EventWebSocketEvents>(
    type: K,
    listener: EventWebSocketListener<K> | EventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void {
    super.removeEventListener(type, listener && (this.#listeners.get(listener) ?? null), options);
  }

  #checkOpened(action: string): void {
    if (this.webSocketProtocol.connected) return;
    const message = `Cannot ${action}: the WebSocket connection is not open yet`;
    throw new DOMException(message, "InvalidStateError");
  }

  #listen<K extends keyof EventWebSocketEvents>(
    type: K,
    listener: EventWebSocketListener<K>,
  ): void {
    this.addEventListener(type, listener);
  }

  /** An error of a listener would end the process: `dispatchEvent()` reports it as uncaught. */
  #guarded<K extends keyof EventWebSocketEvents>(
    listener: EventWebSocketListener<K> | EventListenerObject,
  ): EventListener {
    const known = this.#listeners.get(listener);
    if (known !== undefined) return known;
    const guarded = (event: Event): void => {
      const call = typeof listener === "function"
        // The cast is safe: the listener is added for the events of its type only.
        ? () => listener.call(this, event as EventWebSocketEvents[K])
        : () => listener.handleEvent(event);
      callLogged(call, [], `Error while calling a listener for ${event.type}`);
    };
    this.#listeners.set(listener, guarded);
    return guarded;
  }
}

function isBinary(data: unknown): data is Exclude<SendableData, string> {
  return data instanceof ArrayBuffer || ArrayBuffer.isView(data) || data instanceof Blob;
}
