import type { IProtocolFactory, IPushProducer } from "../reactor/interfaces/mod.ts";
import { LineProtocol } from "./line_protocol.ts";

/**
 * A protocol that receives lines, or bytes as they come, and goes from one to the other and back. Twisted's
 * `twisted.protocols.basic.LineReceiver`.
 *
 * It begins with lines: override {@linkcode LineReceiver.lineReceived} or {@linkcode LineReceiver.textReceived}. After
 * {@linkcode setRawMode} all that comes goes to {@linkcode rawDataReceived}, until {@linkcode setLineMode}. Once the connection is being
 * lost, nothing more is handed over, whatever else came in the same chunk.
 *
 * It is a producer: {@linkcode pauseProducing} holds back what is left of a chunk, too, and has the transport receive no more.
 *
 * What differs from Twisted: after `lineLengthExceeded` it goes on with what that gave to `setLineMode`, where Twisted's waits for
 * the next chunk; nothing is handed over after the connection is lost; and the end of a connection is looked for in raw mode, too.
 *
 * @typeParam F The factory that builds it: `this.factory` has this type.
 *
 * @example A line says how many bytes follow
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
export class LineReceiver<F extends IProtocolFactory = IProtocolFactory> extends LineProtocol<F>
  implements IPushProducer {
  /** Whether it is paused. */
  paused = false;
  #raw: ((data: Uint8Array) => unknown) | null = null;

  /**
   * Bytes came in raw mode. Override it to receive them.
   *
   * @param _data The bytes: yours to keep.
   * @throws {Error} unless it is overridden.
   */
  rawDataReceived(_data: Uint8Array): void {
    throw new Error(
      `Cannot take raw data: ${this.constructor.name} has no rawDataReceived() of its own`,
    );
  }

  /** From now on bytes go to {@linkcode rawDataReceived} as they come, those behind the current line first. */
  setRawMode(): void {
    this.#raw = (data) => this.rawDataReceived(data);
  }

  /**
   * From now on bytes are lines again.
   *
   * @param extra What {@linkcode rawDataReceived} or `lineLengthExceeded` was given and is not theirs: it is looked through for lines,
   *   before what came since.
   */
  setLineMode(extra?: Uint8Array): void {
    this.#raw = null;
    return this.receiveOn(extra);
  }

  /** Hands over no more, in the middle of a chunk too, and has the transport receive no more. */
  pauseProducing(): void {
    this.paused = true;
    this.transport.pauseProducing();
  }

  /** Hands over what was held back, now, and then what comes. */
  resumeProducing(): void {
    this.paused = false;
    this.transport.resumeProducing();
    return this.receiveOn();
  }

  /** Hands over no more, and loses the connection. */
  stopProducing(): void {
    this.paused = true;
    this.transport.stopProducing();
  }

  /** Whether more may be handed over. */
  protected override get isReceptive(): boolean {
    return !this.paused && super.isReceptive;
  }

  /** What takes bytes as they come, in raw mode. */
  protected override get rawReceiver(): ((data: Uint8Array) => unknown) | null {
    return this.#raw;
  }
}
