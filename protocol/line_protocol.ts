import type { IProtocolFactory } from "../reactor/interfaces/mod.ts";
import { AsyncResults } from "./async_results.ts";
import { Protocol } from "./protocol.ts";
import { ReceiveBuffer } from "./receive_buffer.ts";
import { TLSBoundary } from "./tls_boundary.ts";

const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();
// A mark of byte order is no more than a character in the middle of a stream, where a line may well begin.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * What {@linkcode LineReceiver} and {@linkcode LineOnlyReceiver} have in common: bytes come in as they may, lines come out.
 *
 * Override {@linkcode lineReceived} for lines as bytes, or {@linkcode textReceived} for lines as text.
 *
 * @typeParam F The factory that builds it: `this.factory` has this type.
 */
export abstract class LineProtocol<F extends IProtocolFactory = IProtocolFactory>
  extends Protocol<F> {
  /**
   * What ends a line: bytes, or a string as UTF-8. It may be changed at any time, for the lines to come.
   *
   * @default {"\r\n"}
   */
  delimiter: Uint8Array | string = "\r\n";
  /**
   * The longest line, in bytes without its delimiter. {@linkcode lineLengthExceeded} is called for a longer one.
   *
   * @default {16384}
   */
  MAX_LENGTH = 16384;

  /** What came and has not been handed over. */
  readonly #received = new ReceiveBuffer();
  readonly #boundary = new TLSBoundary();
  #isReceiving = false;
  /** The delimiter that is looked for, and what {@linkcode delimiter} was when it was looked at. */
  #searchedFor: Uint8Array = NOTHING;
  #delimiterSeen: Uint8Array | string | null = null;

  /**
   * A line came. Override it to receive bytes; as it is, it decodes them and calls {@linkcode textReceived}.
   *
   * @param line The line without its delimiter. It is a view of the chunk it came with, and never written again: `slice()` what is to be
   *   kept for long, or the whole chunk is kept with it.
   */
  lineReceived(line: Uint8Array): void {
    return this.textReceived(decoder.decode(line));
  }

  /**
   * A line came, as text. Override it to receive text. Twisted has bytes only.
   *
   * @param _line The line without its delimiter, decoded as UTF-8. What is none becomes U+FFFD.
   * @throws {Error} unless it is overridden, or {@linkcode lineReceived} is.
   */
  textReceived(_line: string): void {
    throw new Error(
      `Cannot take a line: ${this.constructor.name} has neither a lineReceived() nor a textReceived() of its own`,
    );
  }

  /**
   * A line is too long: loses the connection. Override it to go on.
   *
   * @param _line All that came and was not handed over: the long line or its beginning, and what is behind it. It is gone from the buffer.
   */
  lineLengthExceeded(_line: Uint8Array): void {
    this.transport.loseConnection();
  }

  /**
   * Sends a line, and the delimiter behind it.
   *
   * @param line Bytes, or a string that goes out as UTF-8. A delimiter in it makes it two lines for the peer: what others have typed
   *   is to be looked at first.
   */
  sendLine(line: Uint8Array | string): void {
    this.transport.writeSequence([line, this.delimiter]);
  }

  /**
   * Forgets what came and was not handed over.
   *
   * What is left when `transport.startTLS` is called never comes as a line: it aborts the connection as soon as it would be handed over.
   * A side that begins TLS at once, without waiting for an answer, is served by `startTLS({ …, received: this.clearLineBuffer() })`.
   *
   * @returns What was forgotten.
   */
  clearLineBuffer(): Uint8Array {
    return this.#received.takeAll();
  }

  /** Hands over the lines in what came. */
  override dataReceived(data: Uint8Array): void {
    if (!this.#boundary.arriving(this.transport, this.#received.size)) return;
    this.#received.append(data);
    return this.receiveOn();
  }

  /** Hands over what can be handed over of what came, and of what is put in front of it. */
  protected receiveOn(before: Uint8Array = NOTHING): void {
    if (before.length > 0) this.#received.putBack(before);
    // Called from within a method that the loop below has called, the loop goes on with it.
    if (this.#isReceiving) return;
    this.#isReceiving = true;
    const results = new AsyncResults("While receiving lines");
    try {
      while (
        this.#received.size > 0 && this.isReceptive &&
        this.#boundary.allows(this.transport, this.#received.size) && this.#receiveNext(results)
      );
    } finally {
      this.#isReceiving = false;
      this.#received.settle();
    }
    // A promise for the connection to look at, where one of the methods is async; typed as void like the interface.
    return results.combined() as void;
  }

  /** Whether more may be handed over: not once the connection is being lost, though more may have come before that. */
  protected get isReceptive(): boolean {
    return this.transport.connected && !this.transport.disconnecting;
  }

  /** What takes bytes as they come; `null` while lines are looked for. */
  protected get rawReceiver(): ((data: Uint8Array) => unknown) | null {
    return null;
  }

  /** Hands over the next line, or all that came. @returns whether there was something to hand over. */
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
      // Too long, even if the last of those bytes turn out to be the beginning of a delimiter.
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
        throw new RangeError(`${this.constructor.name}'s delimiter must not be empty`);
      }
      this.#searchedFor = typeof delimiter === "string" ? encoder.encode(delimiter) : delimiter;
      this.#delimiterSeen = delimiter;
      this.#received.searchAgain();
    }
    return this.#searchedFor;
  }
}
