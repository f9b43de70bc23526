import { callLogged, logUserError } from "../../defer/guarded_call.ts";
import type { WebSocketData } from "./web_socket_message.ts";
import type { WebSocketProtocol } from "./web_socket_protocol.ts";

/** The data that the platform's `WebSocket.send` accepts. */
export type SendableData = string | ArrayBuffer | ArrayBufferView<ArrayBuffer> | Blob;

/**
 * The messages of an `EventWebSocket`: it counts the bytes that wait, and keeps the order behind a
 * blob, which must be read first.
 */
export class SendingQueue {
  readonly #protocol: WebSocketProtocol;
  /** Resolves when the last blob and what waits behind it have been sent; null if none waits. */
  #behind: Promise<void> | null = null;
  #isClosing = false;
  /** The bytes of messages behind a blob. */
  #held = 0;
  /** The bytes that were written since the transport was last known to have sent all. */
  #written = 0;

  /** @param protocol The connection. */
  constructor(protocol: WebSocketProtocol) {
    this.#protocol = protocol;
  }

  /** Whether `close()` was called. */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** The number of bytes that wait to be sent. */
  get bufferedAmount(): number {
    return this.#held + this.#written;
  }

  /** Sends a message. */
  send(data: SendableData): void {
    const length = lengthOf(data);
    // The platform counts dropped messages too.
    if (this.#isClosing || !this.#protocol.isOpen) this.#held += length;
    else if (this.#behind !== null || data instanceof Blob) this.#hold(data, length);
    else this.#write(dataOf(data), length);
  }

  /** Closes the connection. */
  close(code: number, reason: string): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#behind === null) return this.#protocol.close(code, reason);
    this.#after(() => Promise.resolve(this.#protocol.close(code, reason)));
  }

  #hold(data: SendableData, length: number): void {
    this.#held += length;
    const held = data instanceof Blob ? data : dataOf(data);
    this.#after(async () => {
      const bytes = held instanceof Blob ? new Uint8Array(await held.arrayBuffer()) : held;
      this.#held -= length;
      if (this.#protocol.isOpen) this.#write(bytes, length);
    });
  }

  #after(next: () => Promise<void>): void {
    const behind = (this.#behind ?? Promise.resolve()).then(next).catch((error) =>
      logUserError(error, "Error while sending a blob over a WebSocket")
    ).then(() => {
      if (this.#behind === behind) this.#behind = null;
    });
    this.#behind = behind;
  }

  #write(data: WebSocketData, length: number): void {
    this.#protocol.send(data);
    const isCounting = this.#written > 0;
    this.#written += length;
    if (!isCounting && length > 0) this.#watch();
  }

  /** Registers a pull producer until the transport has sent everything. */
  #watch(): void {
    const { transport } = this.#protocol;
    // The transport requests data from a pull producer as soon as it is registered.
    let isRegistered = false;
    const resumeProducing = (): void => {
      if (!isRegistered) return;
      transport.unregisterProducer();
      this.#written = 0;
    };
    const producer = { resumeProducing, stopProducing: () => {} };
    const register = (): void => transport.registerProducer(producer, false);
    callLogged(register, [], "Error while counting the bytes of a WebSocket");
    isRegistered = true;
  }
}

function lengthOf(data: SendableData): number {
  if (typeof data === "string") return new TextEncoder().encode(data).length;
  return data instanceof Blob ? data.size : data.byteLength;
}

/** Returns bytes that do not share the memory of the caller, who may change it. */
function dataOf(data: Exclude<SendableData, Blob>): WebSocketData {
  if (typeof data === "string") return data;
  if (!ArrayBuffer.isView(data)) return new Uint8Array(data.slice());
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
}
