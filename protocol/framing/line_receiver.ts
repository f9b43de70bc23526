import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { LineProtocol } from "./line_protocol.ts";

/**
 * A protocol that receives lines or raw data, and can switch between the two. Twisted's
 * `twisted.protocols.basic.LineReceiver`.
 *
 * It starts in line mode: override {@linkcode LineReceiver.lineReceived} or
 * {@linkcode LineReceiver.textReceived}. After {@linkcode setRawMode}, all bytes go to
 * {@linkcode rawDataReceived}, until {@linkcode setLineMode} is called. Once the connection is
 * closing, no more data is passed on, not even the rest of the current chunk.
 *
 * It is also a producer: {@linkcode pauseProducing} pauses the transport, and holds back the rest
 * of the current chunk.
 *
 * It differs from Twisted's class in three points: bytes that `lineLengthExceeded` passes to
 * `setLineMode` are split into lines at once, and not when the next chunk arrives; no data is
 * passed on after the connection is lost; and a closing connection stops raw data, too.
 *
 * @typeParam F The factory that builds it.
 *
 * @example Each line announces how many bytes of raw data follow
 * ```ts
 * import { LineReceiver } from "@torsion/reactor/protocol";
 *
 * class Upload extends LineReceiver {
 *   #left = 0;
 *
 *   override textReceived(line: string) {
 *     this.#left = Number(line);
 *     this.setRawMode();
 *   }
 *
 *   override rawDataReceived(data: Uint8Array) {
 *     const mine = data.subarray(0, this.#left);
 *     this.#left -= mine.length;
 *     if (this.#left > 0) return;
 *     this.sendLine("received");
 *     this.setLineMode(data.subarray(mine.length));
 *   }
 * }
 * ```
 */
export class LineReceiver<F extends IProtocolFactory = IProtocolFactory> extends LineProtocol<F> {
  #raw: ((data: Uint8Array) => unknown) | null = null;

  /**
   * Called with the bytes that arrive in raw mode. Override it to receive them.
   *
   * @param _data The bytes. Their memory belongs to the protocol.
   * @throws {Error} when it is not overridden.
   */
  rawDataReceived(_data: Uint8Array): void {
    throw new Error(
      `Cannot deliver raw data: ${this.constructor.name} does not override rawDataReceived()`,
    );
  }

  /**
   * Switches to raw mode: bytes go to {@linkcode rawDataReceived}, beginning with those after the
   * current line.
   */
  setRawMode(): void {
    this.#raw = (data) => this.rawDataReceived(data);
  }

  /**
   * Switches to line mode.
   *
   * @param extra Bytes that {@linkcode rawDataReceived} or `lineLengthExceeded` received and did
   *   not use. They are split into lines before the bytes that arrived later.
   */
  setLineMode(extra?: Uint8Array): void {
    this.#raw = null;
    return this.deliverBuffered(extra);
  }

  /** The receiver of raw data; `null` in line mode. */
  protected override get rawReceiver(): ((data: Uint8Array) => unknown) | null {
    return this.#raw;
  }
}
