import { ConnectionAborted } from "../../reactor/errors.ts";
import type {
  IDelayedCall,
  IDrainableProtocol,
  IProtocolFactory,
  IReactorTime,
  ITransport,
} from "../../reactor/interfaces/mod.ts";
import { FrameReceiver } from "../framing/frame_receiver.ts";
import type { FramingError } from "../framing/framing_error.ts";
import { Heartbeat } from "../heartbeat.ts";
import { WebSocketCloseCode } from "./close_code.ts";
import { MAX_CONTROL_LENGTH } from "./opcode.ts";
import { WebSocketDecoder, type WebSocketDecoderOptions } from "./web_socket_decoder.ts";
import { checkClose, WebSocketEncoder } from "./web_socket_encoder.ts";
import { closeCodeOf } from "./web_socket_error.ts";
import { checkUnused, handshakeOf, type WebSocketHandshake } from "./web_socket_handshake.ts";
import type {
  WebSocketClose,
  WebSocketData,
  WebSocketMessage,
  WebSocketRole,
} from "./web_socket_message.ts";
import { PongSender } from "./pong_sender.ts";
import { checkTimes, type WebSocketOptions, type WebSocketTimes } from "./web_socket_options.ts";
import type { WebSocketRequest } from "./web_socket_request.ts";

const { NO_STATUS, ABNORMAL, NORMAL, GOING_AWAY } = WebSocketCloseCode;

/** How a WebSocket connection closed. */
export interface WebSocketCloseInfo {
  /** The code of the peer's Close frame: 1005 if it has none, 1006 if no frame was received. */
  readonly code: number;
  /** The reason of the peer's Close frame. */
  readonly reason: string;
  /** Whether both sides have sent a Close frame. */
  readonly wasClean: boolean;
  /** The reason of the connection's loss, or the violation of RFC 6455 that caused it. */
  readonly cause: Error;
}

/**
 * The base class of protocols that exchange messages over a WebSocket connection (RFC 6455):
 * subclass it, and override {@linkcode messageReceived}. A {@linkcode WebSocketFactory} makes the
 * connections of a server, `connectWebSocket` those of a client. Twisted has no WebSocket; in
 * Python, `autobahn` adds it.
 *
 * - {@linkcode connectionMade} is called when the opening handshake is complete, and
 *   {@linkcode webSocketClosed} when the connection is lost. A subclass that overrides another
 *   method must call the inherited one.
 * - Messages have limits, and a peer that does not answer Pings is dropped: see
 *   {@linkcode WebSocketOptions}.
 * - **Backpressure.** `pauseProducing()` holds back the messages and pauses the peer, Pings and
 *   Close frames included. For the other direction register a producer with the transport, as in
 *   any protocol, or use `WebSocketStreamProtocol`.
 * - A port that drains sends each of its connections a Close frame with the code 1001.
 *
 * @typeParam F The factory that builds it.
 *
 * @example An echo
 * ```ts
 * import { WebSocketProtocol } from "@torsion/reactor/websocket";
 *
 * class Echo extends WebSocketProtocol {
 *   override messageReceived(data: string | Uint8Array) {
 *     this.send(data);
 *   }
 * }
 * ```
 */
export class WebSocketProtocol<F extends IProtocolFactory = IProtocolFactory>
  extends FrameReceiver<WebSocketMessage, F>
  implements IDrainableProtocol {
  /** The decoder of the peer's frames. */
  protected override decoder: WebSocketDecoder;
  readonly #options: WebSocketOptions;
  readonly #times: WebSocketTimes;
  #encoder: WebSocketEncoder;
  #handshake: WebSocketHandshake = { role: "server" };
  #heartbeat: Heartbeat | null = null;
  #pongs: PongSender | null = null;
  #deadline: IDelayedCall | null = null;
  #isCloseSent = false;
  #received: WebSocketClose | null = null;
  #violation: FramingError | null = null;
  readonly #closed: PromiseWithResolvers<WebSocketCloseInfo> = Promise.withResolvers();

  /**
   * Creates the protocol of a future connection.
   *
   * @param options The limits and the timeouts.
   * @throws {RangeError} when an option is out of range.
   */
  constructor(options: WebSocketOptions = {}) {
    super();
    this.#options = options;
    this.#times = checkTimes(options);
    this.decoder = decoderFor({ ...options, role: "server" });
    this.#encoder = new WebSocketEncoder({ ...options, role: "server" });
  }

  /** The side of this protocol. */
  get role(): WebSocketRole {
    return this.#handshake.role;
  }

  /** The subprotocol that the handshake has negotiated; `""` if none. */
  get subprotocol(): string {
    return this.#handshake.subprotocol ?? "";
  }

  /** The URL of the connection; `null` if it is not known. */
  get url(): URL | null {
    return this.#handshake.url ?? null;
  }

  /** The request of the client. `null` at the client, and if it is not known. */
  get request(): WebSocketRequest | null {
    return this.#handshake.request ?? null;
  }

  /** Whether the handshake has negotiated the compression of messages. */
  get compression(): boolean {
    return this.#handshake.compression ?? false;
  }

  /** Whether messages can be sent: from the handshake until a Close frame is sent or received. */
  get isOpen(): boolean {
    return this.connected && !this.#isCloseSent && this.transport.connected &&
      !this.transport.disconnecting;
  }

  /** Resolves when the connection is lost, with the way in which it closed. It never rejects. */
  get closed(): Promise<WebSocketCloseInfo> {
    return this.#closed.promise;
  }

  /**
   * Called with each message. Override it. It may be `async`; the next message does not wait for
   * it.
   *
   * @param _data A string if the message is text, bytes if it is binary.
   */
  messageReceived(_data: WebSocketData): void {}

  /**
   * Called when the connection is lost, as the last method. Override it to clean up.
   *
   * @param _close The way in which it closed.
   */
  webSocketClosed(_close: WebSocketCloseInfo): void {}

  /**
   * Called with a Ping, which has been answered. If the peer does not read the answers, only its
   * newest Ping is answered, as soon as it reads again.
   *
   * @param _data Up to 125 bytes.
   */
  pingReceived(_data: Uint8Array): void {}

  /**
   * Called with a Pong.
   *
   * @param _data The data of the Ping, up to 125 bytes.
   */
  pongReceived(_data: Uint8Array): void {}

  /**
   * Sends a message. Does nothing after a Close frame, like a write to a closed connection.
   *
   * Bytes of 4080 or more belong to the transport until they are sent, unless this side is a
   * client.
   *
   * @param data A string for a text message, bytes for a binary one. A lone surrogate in a text is
   *   sent as U+FFFD.
   * @throws {TypeError} when the data is neither a string nor bytes.
   * @throws {Error} before the connection is made.
   */
  send(data: WebSocketData): void {
    const { transport } = this;
    if (!this.#isCloseSent) this.#encoder.send(transport, data);
  }

  /**
   * Sends a Ping. The protocol sends Pings on its own when the peer is silent.
   *
   * @param data Up to 125 bytes, or a string of as many in UTF-8.
   * @throws {RangeError} when the data is longer.
   * @throws {Error} before the connection is made.
   */
  ping(data: WebSocketData = ""): void {
    const { transport } = this;
    if (!this.#isCloseSent) this.#encoder.ping(transport, "ping", data);
  }

  /**
   * Sends a Close frame, waits for that of the peer, and closes the connection. Messages that
   * arrive meanwhile are dropped. A second call does nothing.
   *
   * @param code 1000, another code up to 1014 that Close frames may have, or one from 3000 to 4999.
   * @param reason The reason in words, of up to 123 bytes in UTF-8.
   * @throws {RangeError} when the code or the reason cannot be sent.
   * @throws {Error} before the connection is made.
   */
  close(code: number = NORMAL, reason = ""): void {
    checkClose(code, reason);
    if (!this.#sendClose(code, reason)) return;
    // No Ping follows a Close frame, so silence is no longer the sign of a dead peer.
    this.#heartbeat?.stop();
    this.#startDeadline();
    // The Close frame of the peer may be behind messages that were held back.
    if (this.paused) this.resumeProducing();
  }

  /** Closes the connection with the code 1001, because its port is draining. */
  drainRequested(): void {
    this.close(GOING_AWAY);
  }

  /**
   * Starts the protocol with the result of a handshake. Called before `makeConnection`, by
   * factories and by {@linkcode startWebSocket}.
   *
   * @param handshake The result.
   */
  handshakeDone(handshake: WebSocketHandshake): void {
    const { role, compression } = handshake;
    this.#handshake = handshake;
    this.decoder = decoderFor({ ...this.#options, role, compression });
    this.#encoder = new WebSocketEncoder({ ...this.#options, role, compression });
  }

  /**
   * Sets the transport, lets small messages leave immediately (`setTcpNoDelay`), starts the Pings,
   * and calls {@linkcode connectionMade}.
   *
   * @param transport The connection.
   * @throws {Error} when the protocol already has, or had, a connection.
   */
  override makeConnection(transport: ITransport): void {
    checkUnused(this);
    const handshake = handshakeOf(transport);
    if (handshake !== null) this.handshakeDone(handshake);
    const { pingInterval, maxMissedPings } = this.#times;
    const clock = this.#clockOf(transport);
    // The last part of a message would otherwise wait for the acknowledgement of the part before,
    // which peers delay by about 40 ms.
    transport.setTcpNoDelay(true);
    if (clock !== undefined && pingInterval !== Infinity) {
      this.#heartbeat = new Heartbeat(clock, transport, {
        interval: pingInterval,
        maxMissed: maxMissedPings,
        send: () => this.ping(),
      });
      this.#heartbeat.start();
    }
    return super.makeConnection(transport);
  }

  /** Decodes the peer's frames. What follows its Close frame is dropped. */
  override dataReceived(data: Uint8Array): void {
    if (this.#received !== null) return;
    this.#heartbeat?.alive();
    return super.dataReceived(data);
  }

  /** Handles a message of the peer. */
  override frameReceived(message: WebSocketMessage): void {
    switch (message.type) {
      case "message":
        return this.#isCloseSent ? undefined : this.messageReceived(message.data);
      case "ping":
        if (!this.#isCloseSent) {
          this.#pongs ??= new PongSender(this.transport, this.#encoder);
          this.#pongs.answer(message.data);
        }
        return this.pingReceived(message.data);
      case "pong":
        return this.pongReceived(message.data);
      case "close":
        return this.#closeReceived(message);
    }
  }

  /** Sends a Close frame with the violation, and closes the connection. */
  override decodingFailed(error: FramingError): void {
    this.#violation = error;
    this.#sendClose(closeCodeOf(error), error.message.slice(0, MAX_CONTROL_LENGTH - 2));
    this.transport.loseConnection();
  }

  /** Pauses the transport and the Pings, and holds back the messages. */
  override pauseProducing(): void {
    this.#heartbeat?.stop();
    super.pauseProducing();
  }

  /** Passes on the messages that were held back, and resumes the transport and the Pings. */
  override resumeProducing(): void {
    if (this.isOpen) this.#heartbeat?.start();
    super.resumeProducing();
  }

  /** Resolves {@linkcode closed}, and calls {@linkcode webSocketClosed}. */
  override connectionLost(reason: Error): void {
    this.#heartbeat?.stop();
    this.#endDeadline();
    const close = {
      code: this.#received?.code ?? ABNORMAL,
      reason: this.#received?.reason ?? "",
      wasClean: this.#received !== null && this.#isCloseSent,
      cause: this.#violation ?? reason,
    };
    this.#closed.resolve(close);
    return this.webSocketClosed(close);
  }

  /** Whether messages may be passed on: not after the peer's Close frame. */
  protected override get isReceptive(): boolean {
    return this.#received === null && super.isReceptive;
  }

  /** Sends a Close frame, unless one was sent. Returns whether it did. */
  #sendClose(code: number | null, reason: string): boolean {
    const { transport } = this;
    if (this.#isCloseSent) return false;
    this.#pongs?.stop();
    this.#encoder.close(transport, code, reason);
    this.#isCloseSent = true;
    return true;
  }

  #closeReceived(close: WebSocketClose): void {
    this.#received = close;
    this.#heartbeat?.stop();
    this.#sendClose(close.code === NO_STATUS ? null : close.code, "");
    // The server closes the connection, so that the client does not keep it in TIME_WAIT
    // (RFC 6455, section 7.1.1).
    if (this.role === "server") this.transport.loseConnection();
    else this.#startDeadline();
  }

  #startDeadline(): void {
    this.#endDeadline();
    const { closeTimeout } = this.#times;
    const clock = this.#clockOf(this.transport);
    if (clock === undefined || closeTimeout === Infinity) return;
    this.#deadline = clock.callLater(closeTimeout, () => {
      this.#deadline = null;
      const missing = this.#received === null ? "answer a Close frame" : "close the connection";
      const address = String(this.transport.getPeer());
      this.transport.abortConnection(
        new ConnectionAborted(
          `Connection to ${address} was aborted: the peer did not ${missing} within ` +
            `${closeTimeout} s`,
          { code: "ETIMEDOUT", address },
        ),
      );
    });
  }

  #endDeadline(): void {
    this.#deadline?.cancel();
    this.#deadline = null;
  }

  #clockOf(transport: ITransport): IReactorTime | undefined {
    return this.#times.clock ?? transport.clock;
  }
}

/** Returns a decoder of the chunks of a transport, which belong to the protocol. */
function decoderFor(options: WebSocketDecoderOptions): WebSocketDecoder {
  return new WebSocketDecoder({ ...options, ownsChunks: true });
}
