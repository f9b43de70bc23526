import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { AsyncResults } from "../async_results.ts";
import { Protocol } from "../protocol.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { TLSBoundary } from "../tls_boundary.ts";

const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();
// `ignoreBOM` keeps byte order marks. A line may begin in the middle of a stream, where such a mark
// is an ordinary character.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

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
  extends Protocol<F> {
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

  /** Bytes that have arrived and have not been passed to the subclass. */
  readonly #received = new ReceiveBuffer();
  readonly #boundary = new TLSBoundary();
  #isReceiving = false;
  /** The encoded delimiter, and the value of {@linkcode delimiter} that it was encoded from. */
  #searchedFor: Uint8Array = EMPTY;
  #delimiterSeen: Uint8Array | string | null = null;

  /**
   * Called with each line, as bytes. Override it to receive bytes. By default it decodes them and
   * calls {@linkcode textReceived}.
   *
   * @param line The line without its delimiter: a view of the chunk in which it arrived. Its memory
   *   is never written again. `slice()` a line that is kept for long, because the view keeps the
   *   whole chunk in memory.
   */
  lineReceived(line: Uint8Array): void {
    return this.textReceived(decoder.decode(line));
  }

  /**
   * Called with each line, as text. Override it to receive text. Twisted has no such method.
   *
   * @param _line The line without its delimiter, decoded as UTF-8. Invalid bytes become U+FFFD.
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
    return this.#received.takeAll();
  }

  /** Passes the complete lines to {@linkcode lineReceived}, and buffers the rest. */
  override dataReceived(data: Uint8Array): void {
    if (!this.#boundary.arriving(this.transport, this.#received.size)) return;
    this.#received.append(data);
    return this.deliverBuffered();
  }

  /**
   * Passes on all the lines and raw data that are available, with `before` put in front of the
   * buffer.
   */
  protected deliverBuffered(before: Uint8Array = EMPTY): void {
    if (before.length > 0) this.#received.putBack(before);
    // A method that the loop below calls may call this method again. The inner call returns, and
    // the loop continues with the new bytes.
    if (this.#isReceiving) return;
    this.#isReceiving = true;
    const results = new AsyncResults("Error while receiving lines");
    try {
      while (
        this.#received.size > 0 && this.isReceptive &&
        this.#boundary.allows(this.transport, this.#received.size) && this.#receiveNext(results)
      );
    } finally {
      this.#isReceiving = false;
      this.#received.settle();
    }
    // If a method of the protocol is async, the result is a promise, although the interface
    // declares void. The connection watches this promise for its rejection.
    return results.combined() as void;
  }

  /**
   * Whether more data may be passed on: not once the connection is closing, even if data had
   * arrived before.
   */
  protected get isReceptive(): boolean {
    return this.transport.connected && !this.transport.disconnecting;
  }

  /** The receiver of raw data; `null` in line mode. */
  protected get rawReceiver(): ((data: Uint8Array) => unknown) | null {
    return null;
  }

  /** Passes on the next line, or all raw data. Returns whether there was something to pass on. */
  #receiveNext(results: AsyncResults): boolean {
    const received = this.#received;
    const raw = this.rawReceiver;
    if (raw !== null) {
      results.add(raw(received.takeAll()));
      return true;
    }
    const delimiter = this.#currentDelimiter();
    const length = received.lengthUntil(delimiter);
    if (length > this.MAX_LENGTH) {
      results.add(this.lineLengthExceeded(received.takeAll()));
    } else if (length >= 0) {
      results.add(this.lineReceived(received.take(length, delimiter.length)));
    } else if (received.size >= this.MAX_LENGTH + delimiter.length) {
      // The line is too long even if the last bytes in the buffer are the beginning of a delimiter.
      results.add(this.lineLengthExceeded(received.takeAll()));
    } else {
      return false;
    }
    return true;
  }

  #currentDelimiter(): Uint8Array {
    if (this.delimiter !== this.#delimiterSeen) {
      const { delimiter } = this;
      if (delimiter.length === 0) {
        throw new RangeError(
          `Cannot split the received data into lines: the delimiter of ${this.constructor.name} is empty`,
        );
      }
      this.#searchedFor = typeof delimiter === "string" ? encoder.encode(delimiter) : delimiter;
      this.#delimiterSeen = delimiter;
      this.#received.searchAgain();
    }
    return this.#searchedFor;
  }
}
