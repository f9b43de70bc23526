import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { FrameReceiver } from "./frame_receiver.ts";
import type { FramingError } from "./framing_error.ts";
import { LineDecoder } from "./line_decoder.ts";
import { decodeText } from "./lines_ahead.ts";
import { useMaxLength } from "./max_length.ts";

const EMPTY = new Uint8Array(0);
/**
 * The base class of {@linkcode LineReceiver} and {@linkcode LineOnlyReceiver}: splits the bytes
 * that arrive into lines.
 *
 * Override {@linkcode lineReceived} to receive lines as bytes, or {@linkcode textReceived} to
 * receive them as text.
 *
 * @typeParam F The factory that builds it.
 */
export abstract class LineProtocol<F extends IProtocolFactory = IProtocolFactory>
  extends FrameReceiver<Uint8Array | string, F> {
  /**
   * The delimiter between lines: bytes, or a string that is encoded as UTF-8. A change takes effect
   * with the next line.
   *
   * @default {"\r\n"}
   */
  delimiter: Uint8Array | string = "\r\n";
  /**
   * The maximum length of a line, in bytes, without its delimiter. A longer line is passed to
   * {@linkcode lineLengthExceeded}.
   *
   * @default {16384}
   */
  MAX_LENGTH = 16384;

  /** The decoder of the lines. */
  protected override readonly decoder: LineDecoder = new LineDecoder();

  /**
   * Called with each line, as bytes. Override it to receive bytes. By default it decodes them and
   * calls {@linkcode textReceived}.
   *
   * @param line The line without its delimiter: a view of the chunk in which it arrived. Its memory
   *   is never written again. `slice()` a line that is kept for long, because the view keeps the
   *   whole chunk in memory.
   */
  lineReceived(line: Uint8Array): void {
    return this.textReceived(decodeText(line));
  }

  /**
   * Called with each line, as text. Override it to receive text. Twisted has no such method.
   *
   * @param _line The line without its delimiter, decoded as UTF-8. Invalid bytes become U+FFFD. A
   *   line that is kept may keep up to 2 KiB of the text around it in memory.
   * @throws {Error} when neither this method nor {@linkcode lineReceived} is overridden.
   */
  textReceived(_line: string): void {
    throw new Error(
      `Cannot deliver a received line: ${this.constructor.name} overrides neither lineReceived() ` +
        "nor textReceived()",
    );
  }

  /**
   * Called when a line is too long. By default it closes the connection. Override it to continue.
   *
   * @param _line The buffered bytes: the long line or its beginning, and everything after it. They
   *   have been removed from the buffer.
   */
  lineLengthExceeded(_line: Uint8Array): void {
    this.transport.loseConnection();
  }

  /**
   * Sends a line, followed by the delimiter.
   *
   * @param line Bytes, or a string that is encoded as UTF-8. The line is not escaped: if it
   *   contains the delimiter, the peer receives two lines. Check text that comes from users.
   */
  sendLine(line: Uint8Array | string): void {
    this.transport.writeSequence([line, this.delimiter]);
  }

  /**
   * Removes the bytes that have arrived and have not been passed on as lines.
   *
   * Bytes that arrived before `transport.startTLS` are never passed on after it: that would abort
   * the connection. A side that starts TLS at once, without waiting for an answer, passes them to
   * the handshake: `startTLS({ …, received: this.clearLineBuffer() })`.
   *
   * @returns The removed bytes.
   */
  clearLineBuffer(): Uint8Array {
    return this.takeRest();
  }

  /** Passes a line, or raw data, to the subclass. */
  override frameReceived(frame: Uint8Array | string): void {
    if (typeof frame === "string") return this.textReceived(frame);
    const raw = this.rawReceiver;
    // The receiver of raw data may be async, like lineReceived().
    return raw === null ? this.lineReceived(frame) : raw(frame) as void;
  }

  /** Passes the buffered bytes to {@linkcode lineLengthExceeded}. */
  override decodingFailed(_error: FramingError): void {
    return this.lineLengthExceeded(this.decoder.takeRest());
  }

  /**
   * Passes on all the lines and raw data that are available, with `before` put in front of the
   * buffer.
   */
  protected override deliverBuffered(before: Uint8Array = EMPTY): void {
    if (before.length > 0) this.decoder.putBack(before);
    super.deliverBuffered();
  }

  /** Returns the next line, or all raw data. */
  protected override nextFrame(): Uint8Array | string | null {
    const { decoder, delimiter } = this;
    if (this.rawReceiver !== null) return decoder.buffered === 0 ? null : decoder.takeRest();
    if (delimiter !== decoder.delimiter) this.#setDelimiter(delimiter);
    useMaxLength(decoder, this);
    // Lines that would only be decoded are decoded many at once.
    const isText = this.lineReceived === LineProtocol.prototype.lineReceived;
    return isText ? decoder.nextText() : decoder.next();
  }

  /** The receiver of raw data; `null` in line mode. */
  protected get rawReceiver(): ((data: Uint8Array) => unknown) | null {
    return null;
  }

  #setDelimiter(delimiter: Uint8Array | string): void {
    if (delimiter.length === 0) {
      throw new RangeError(
        `Cannot split the received data into lines: the delimiter of ${this.constructor.name} is empty`,
      );
    }
    this.decoder.delimiter = delimiter;
  }
}
