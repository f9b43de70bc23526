import { quote } from "../../internal/validation.ts";
import type { ITransport } from "../../reactor/interfaces/mod.ts";
import { writeFramed } from "./short_writes.ts";

/**
 * The largest piece of a body that is written at once, in bytes. A client has the time of
 * `sendTimeout` for each piece, however long the body is.
 */
const MAX_PIECE = 65_536;

/** How the end of a response's body is marked. */
export type BodyFraming =
  | { readonly kind: "chunked" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "close" };

/** Sends the body of a response from its stream, unless it is paused. */
export class BodySender {
  readonly #transport: ITransport;
  readonly #reader: ReadableStreamDefaultReader<unknown>;
  readonly #framing: BodyFraming;
  #resumed: PromiseWithResolvers<void> | null = null;
  #sent = 0;
  #isStopped = false;

  /**
   * @param transport The connection, on which the head was written.
   * @param stream The body.
   * @param framing How its end is marked.
   */
  constructor(
    transport: ITransport,
    stream: ReadableStream<unknown>,
    framing: BodyFraming,
  ) {
    this.#transport = transport;
    this.#reader = stream.getReader();
    this.#framing = framing;
  }

  /**
   * Sends the whole body.
   *
   * @returns Whether it was sent; `false` after {@linkcode stop}.
   * @throws {unknown} The error of the stream.
   * @throws {TypeError} when a chunk is not a `Uint8Array`.
   * @throws {RangeError} when the body is not as long as its `Content-Length`.
   */
  async run(): Promise<boolean> {
    if (this.#resumed !== null) await this.#resumed.promise;
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (this.#isStopped) return false;
      if (done) break;
      if (!(value instanceof Uint8Array)) {
        throw new TypeError(`Cannot send a body: each chunk must be bytes, got ${quote(value)}`);
      }
      for (let at = 0; at < value.length; at += MAX_PIECE) {
        this.#write(value.subarray(at, at + MAX_PIECE));
        if (this.#resumed !== null) await this.#resumed.promise;
        if (this.#isStopped) return false;
      }
    }
    this.#end();
    return true;
  }

  /**
   * Stops sending, and cancels the stream.
   *
   * @param reason The reason that the source of the stream receives.
   */
  stop(reason: unknown): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#reader.cancel(reason).catch(() => {
      // The stream has failed already, or its source has refused to be cancelled.
    });
    this.resume();
  }

  /** Reads no more of the stream until {@linkcode resume}. */
  pause(): void {
    this.#resumed ??= Promise.withResolvers();
  }

  /** Continues to send. */
  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = null;
  }

  #write(bytes: Uint8Array): void {
    this.#sent += bytes.length;
    const framing = this.#framing;
    if (framing.kind === "length" && this.#sent > framing.length) this.#wrongLength(framing.length);
    if (framing.kind !== "chunked") this.#transport.write(bytes);
    else writeFramed(this.#transport, `${bytes.length.toString(16)}\r\n`, bytes, "\r\n");
  }

  #end(): void {
    const framing = this.#framing;
    if (framing.kind === "length" && this.#sent < framing.length) this.#wrongLength(framing.length);
    if (framing.kind === "chunked") this.#transport.write("0\r\n\r\n");
    this.#reader.releaseLock();
  }

  #wrongLength(length: number): never {
    const sent = this.#sent;
    throw new RangeError(
      `Cannot send a body: its Content-Length is ${length}, and it has ${sent} bytes` +
        (sent > length ? " or more" : ""),
    );
  }
}
