import { fieldsIn, type HTTPField } from "./http_field.ts";

/** What a request's head says about the request and its connection. */
export type RequestHeadFacts = Omit<RequestHead, "hasBody" | "bytes" | "fields">;

/** The head of a request: the request line and the field lines. */
export class RequestHead {
  /** The method, such as `GET`. Methods are case-sensitive. */
  readonly method: string;
  /** The request target as it was sent, such as `/search?q=1`. */
  readonly target: string;
  /** Whether the path or the query has characters that `URL` would write otherwise. */
  readonly isRewritten: boolean;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minorVersion: 0 | 1;
  /** The host and port that the client names; `""` if it names none. */
  readonly host: string;
  /** The length of the body in bytes; `null` for a chunked body. */
  readonly bodyLength: number | null;
  /** Whether the client allows further requests on the connection. */
  readonly keepAlive: boolean;
  /** Whether the client waits for `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
  /** The protocols that the client offers to switch to, such as `websocket`; `""` for none. */
  readonly upgrade: string;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  readonly #marks: readonly number[];

  /**
   * Creates a head. A `RequestDecoder` does it.
   *
   * @param facts What the head says.
   * @param bytes Memory that contains the head, and is never written again.
   * @param start The index of the head's first byte.
   * @param end The index after the head.
   * @param marks Four numbers for each field: where its name begins and ends, and its value, in
   *   bytes from the start of the head.
   */
  constructor(
    facts: RequestHeadFacts,
    bytes: Uint8Array,
    start: number,
    end: number,
    marks: readonly number[],
  ) {
    this.method = facts.method;
    this.target = facts.target;
    this.isRewritten = facts.isRewritten;
    this.minorVersion = facts.minorVersion;
    this.host = facts.host;
    this.bodyLength = facts.bodyLength;
    this.keepAlive = facts.keepAlive;
    this.expectsContinue = facts.expectsContinue;
    this.upgrade = facts.upgrade;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#marks = marks;
  }

  /** Whether a body follows the head. It may be empty. */
  get hasBody(): boolean {
    return this.bodyLength !== 0;
  }

  /** Returns the bytes of the head as they were sent, with the empty line at its end. */
  bytes(): Uint8Array {
    return this.#bytes.slice(this.#start, this.#end);
  }

  /** Returns the field lines, in the order in which they were sent. */
  fields(): HTTPField[] {
    return fieldsIn(this.#bytes, this.#start, this.#marks);
  }
}
