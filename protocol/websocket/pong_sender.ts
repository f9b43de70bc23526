import type { ITransport } from "../../reactor/interfaces/mod.ts";
import type { WebSocketEncoder, WebSocketSink } from "./web_socket_encoder.ts";

/** The number of answers after which the next one waits until the last one has been sent. */
const MAX_UNOBSERVED = 128;

/**
 * Answers Pings. If a peer sends Pings and does not read, only a limited number of answers waits in
 * the write buffer: of the further Pings, only the newest is answered, as RFC 6455, section 5.5.3,
 * allows.
 */
export class PongSender {
  readonly #transport: ITransport;
  readonly #encoder: WebSocketEncoder;
  #unobserved = 0;
  /** Whether the answer whose sending is observed has not been sent yet. */
  #isWaiting = false;
  /** The data of the newest Ping that has not been answered. */
  #newest: Uint8Array | null = null;

  /**
   * @param transport The connection.
   * @param encoder The encoder of its frames.
   */
  constructor(transport: ITransport, encoder: WebSocketEncoder) {
    this.#transport = transport;
    this.#encoder = encoder;
  }

  /** Answers a Ping, or keeps its data until the earlier answers have been sent. */
  answer(data: Uint8Array): void {
    if (this.#isWaiting) {
      this.#newest = data.slice();
    } else if (++this.#unobserved < MAX_UNOBSERVED) {
      this.#encoder.ping(this.#transport, "pong", data);
    } else {
      this.#unobserved = 0;
      this.#isWaiting = true;
      this.#encoder.ping(this.#observed, "pong", data);
    }
  }

  /** Drops the Ping that has not been answered, because a Close frame follows. */
  stop(): void {
    this.#newest = null;
  }

  /** Writes an answer, and observes when it has been sent. */
  readonly #observed: WebSocketSink = {
    write: (frame) => {
      // The encoder reuses the memory of a small frame, and transferred bytes are not copied. The
      // cast is safe: the encoder writes only bytes.
      const bytes = (frame as Uint8Array).slice();
      this.#transport.write(bytes, { transfer: true, flushed: () => this.#sent() });
    },
  };

  #sent(): void {
    this.#isWaiting = false;
    const newest = this.#newest;
    this.#newest = null;
    if (newest !== null) this.answer(newest);
  }
}
