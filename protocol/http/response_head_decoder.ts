import { latin1 } from "../framing/byte_text.ts";
import { ContiguousDecoder } from "../framing/contiguous_decoder.ts";
import { fieldsIn, type HTTPField } from "./http_field.ts";
import { type HeadLimits, HeadScanner } from "./head_scanner.ts";
import { HTTPSyntaxError } from "./http_syntax_error.ts";

const LF = 10;
/** The first byte that a server of TLS sends to a client that does not speak TLS. */
const TLS_ALERT = 21;
const PREFIX = "HTTP/1.";
/** Many servers leave out the space before an empty reason phrase, which the RFC requires. */
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?\r\n$/;

/** The head of a response: the status line and the field lines. */
export interface ResponseHead {
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minorVersion: 0 | 1;
  /** The status, from 100 to 999. */
  readonly status: number;
  /** The field lines, in the order in which they were sent. */
  readonly fields: readonly HTTPField[];
}

/**
 * Decodes the heads of the responses that a client receives: HTTP/1.1 and HTTP/1.0, without I/O. It
 * does not decode bodies: `takeRest()` returns the bytes after the last head.
 *
 * It is as strict as the decoder of requests, with which it shares the rules of field lines.
 */
export class ResponseHeadDecoder extends ContiguousDecoder<ResponseHead> {
  /** The name of a frame in error messages. */
  protected override readonly frameName = "response";
  readonly #limits: HeadLimits;
  readonly #fields: HeadScanner;
  /** The length of the status line with its line end; 0 while it is incomplete. */
  #lineLength = 0;
  /** The number of bytes of an incomplete status line that have been checked. */
  #checked = 0;
  #minorVersion: 0 | 1 = 1;
  #status = 0;

  /** @param limits The limits of a head. */
  constructor(limits: HeadLimits) {
    super();
    this.#limits = limits;
    this.#fields = new HeadScanner(limits, true);
  }

  /**
   * Parses the next head.
   *
   * @throws {HTTPSyntaxError} when the input is not a response, or exceeds a limit.
   */
  protected override parse(bytes: Uint8Array, start: number): ResponseHead | null {
    if (this.#lineLength === 0) this.#parseLine(bytes, start);
    const from = start + this.#lineLength;
    const end = this.#lineLength === 0 ? -1 : this.#fields.scan(bytes, from, this.offsetOf(from));
    const size = (end < 0 ? bytes.length : end) - start;
    const { maxHeadSize } = this.#limits;
    if (size > maxHeadSize) this.#fail(`a head beyond ${maxHeadSize} bytes`, start, 431);
    if (end < 0) return null;
    const fields = fieldsIn(bytes, from, this.#fields.marks);
    const head = { minorVersion: this.#minorVersion, status: this.#status, fields };
    this.#prepare();
    this.advance(end);
    return head;
  }

  /** Forgets the incomplete head. */
  protected override reset(): void {
    super.reset();
    this.#prepare();
  }

  #prepare(): void {
    this.#fields.reset();
    this.#lineLength = this.#checked = 0;
  }

  #parseLine(bytes: Uint8Array, start: number): void {
    let at = start + this.#checked;
    while (at < bytes.length && bytes[at] !== LF) {
      // Bytes that cannot become a response are refused at once, without a wait for the end of the
      // line.
      if (at - start < PREFIX.length) this.#checkPrefix(bytes[at] ?? 0, at, at - start);
      at++;
    }
    this.#checked = at - start;
    if (at === bytes.length) return;
    const [, minor, status] = STATUS_LINE.exec(latin1(bytes, start, at + 1)) ?? [];
    if (status === undefined) this.#fail("an invalid status line", start);
    this.#minorVersion = minor === "1" ? 1 : 0;
    this.#status = Number(status);
    this.#lineLength = this.#checked + 1;
  }

  #checkPrefix(byte: number, at: number, position: number): void {
    if (byte === PREFIX.charCodeAt(position)) return;
    const isTLS = position === 0 && byte === TLS_ALERT;
    this.#fail(isTLS ? "TLS instead of HTTP" : "an invalid status line", at);
  }

  #fail(reason: string, at: number, status = 400): never {
    throw new HTTPSyntaxError(status, reason, this.offsetOf(at));
  }
}
