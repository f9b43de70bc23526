import type { ITransport } from "../../reactor/interfaces/mod.ts";
import type { WebSocketEncoder, WebSocketSink } from "./web_socket_encoder.ts";

/** The number of answers that are written without knowing whether the ones before were sent. */
const MAX_UNOBSERVED = 128;

/**
 * Answers Pings. If a peer sends Pings and does not read, only a limited number of answers waits in
 * the write buffer: of the further Pings, the newest alone is answered, which RFC 6455, section
 * 5.5.3, allows.
 */
export class PongSender {
  readonly #transport: ITransport;
  readonly #encoder: WebSocketEncoder;
  #unobserved = 0;
  /** Whether an answer was written that has not been sent. */
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

  /** Answers a Ping, or keeps its data until the answers before have been sent. */
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

  /** Where the answer is written to whose sending is observed. */
  readonly #observed: WebSocketSink = {
    write: (frame) => {
      // The encoder uses the memory of a small frame again, and transferred bytes are not copied.
      // It writes only bytes.
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
