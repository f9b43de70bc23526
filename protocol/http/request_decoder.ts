import { ContiguousDecoder } from "../framing/contiguous_decoder.ts";
import { type ChunkHeader, ChunkHeaderScanner } from "./chunk_header.ts";
import { HeadScanner } from "./head_scanner.ts";
import { checkHead, type KnownHost } from "./head_rules.ts";
import type { HTTPLimits } from "./http_options.ts";
import { HTTPSyntaxError } from "./http_syntax_error.ts";
import type { RequestHead } from "./request_head.ts";

const CR = 13;
const LF = 10;

/** The end of a body. */
export const BODY_END: unique symbol = Symbol("BODY_END");

/** A part of a request: its head, some bytes of its body, or the end of its body. */
export type RequestPart = RequestHead | Uint8Array | typeof BODY_END;

/** The part of a request that the next bytes belong to. */
type Stage = "head" | "body" | "chunk header" | "chunk" | "chunk end" | "trailer";

/**
 * Decodes the requests of a connection: HTTP/1.1 and HTTP/1.0, without I/O.
 *
 * Each request is its head, and, if {@linkcode RequestHead.hasBody}, the bytes of its body in
 * pieces, and {@linkcode BODY_END}. Where a body is cut into pieces depends on how its bytes
 * arrive. The fields after a chunked body are checked and dropped: a `Request` has no place for
 * them.
 *
 * It refuses what servers and proxies may read differently, because attackers use such requests to
 * smuggle another one past a proxy: two lengths, line ends other than CR LF, folded fields, spaces
 * around a field's name, transfer codings other than `chunked`, and requests of HTTP/1.1 without
 * exactly one `Host`.
 *
 * @example
 * ```ts
 * import { RequestDecoder, RequestHead } from "@torsion/reactor/http";
 *
 * const decoder = new RequestDecoder({ maxHeadSize: 16384, maxFields: 100, maxBodySize: 1e6 });
 * decoder.push(new TextEncoder().encode("GET /a HTTP/1.1\r\nHost: example.org\r\n\r\n"));
 * const head = decoder.next();
 * if (head instanceof RequestHead) console.log(head.method, head.target, head.host);
 * ```
 */
export class RequestDecoder extends ContiguousDecoder<RequestPart> {
  /** The name of a frame in error messages. */
  protected override readonly frameName = "request";
  readonly #limits: HTTPLimits;
  readonly #head: HeadScanner;
  readonly #chunkHeader = new ChunkHeaderScanner();
  readonly #known: KnownHost = { host: "" };
  #trailer: HeadScanner | null = null;
  #stage: Stage = "head";
  /** The number of bytes of the body, or of the chunk, that have not arrived. */
  #left = 0;
  /** The number of bytes of a chunked body so far. */
  #bodySize = 0;

  /**
   * Creates a decoder.
   *
   * @param limits The limits of a request.
   */
  constructor(limits: HTTPLimits) {
    super();
    this.#limits = limits;
    this.#head = new HeadScanner(limits, false);
  }

  /** Whether the next bytes belong to a new request. */
  get isBetweenRequests(): boolean {
    return this.#stage === "head";
  }

  /**
   * Returns the next part of a request.
   *
   * @returns The part; `null` if more bytes are needed.
   * @throws {HTTPSyntaxError} when the input is not a request, or exceeds a limit.
   */
  override next(): RequestPart | null {
    // No byte marks the end of a body of a known length.
    if (this.#stage !== "body" || this.#left > 0) return super.next();
    this.#stage = "head";
    return BODY_END;
  }

  /** Parses the next part of a request. */
  protected override parse(bytes: Uint8Array, start: number): RequestPart | null {
    if (this.#stage === "head") return this.#parseHead(bytes, start);
    for (let at = start;;) {
      const isBody = this.#stage === "body" || this.#stage === "chunk";
      if (isBody && this.#left > 0) return this.#takePiece(bytes, at);
      const next = this.#parseFraming(bytes, at);
      if (next === null) return null;
      at = next;
      this.advance(at);
      if (this.isBetweenRequests) return BODY_END;
    }
  }

  /** Forgets the incomplete request. */
  protected override reset(): void {
    super.reset();
    this.#head.reset();
    this.#trailer = null;
    this.#chunkHeader.reset();
    this.#stage = "head";
  }

  #parseHead(bytes: Uint8Array, start: number): RequestHead | null {
    const scanner = this.#head;
    const offset = this.offsetOf(start);
    const end = scanner.scan(bytes, start, offset);
    if (end < 0) return null;
    const head = checkHead(scanner, bytes, start, end, offset, this.#known);
    const { bodyLength } = head;
    const { maxBodySize } = this.#limits;
    if (bodyLength !== null && bodyLength > maxBodySize) this.#bodyTooLarge(offset);
    scanner.reset();
    this.#bodySize = 0;
    if (bodyLength === null) this.#stage = "chunk header";
    else if (bodyLength > 0) this.#stage = "body";
    this.#left = bodyLength ?? 0;
    this.advance(end);
    return head;
  }

  #takePiece(bytes: Uint8Array, at: number): Uint8Array | null {
    const end = Math.min(bytes.length, at + this.#left);
    if (end === at) return null;
    this.#left -= end - at;
    if (this.#left === 0 && this.#stage === "chunk") this.#stage = "chunk end";
    this.advance(end);
    return bytes.subarray(at, end);
  }

  /**
   * Parses what stands between the bytes of a chunked body, and sets the next stage: `head` at the
   * end of the body.
   *
   * @returns The index after it; `null` if more bytes are needed.
   */
  #parseFraming(bytes: Uint8Array, at: number): number | null {
    const offset = this.offsetOf(at);
    if (this.#stage === "chunk end") return this.#parseChunkEnd(bytes, at, offset);
    if (this.#stage === "chunk header") {
      const header = this.#chunkHeader.scan(bytes, at, offset);
      return header === null ? null : this.#startChunk(header, offset);
    }
    const end = this.#trailer?.scan(bytes, at, offset) ?? at;
    if (end < 0) return null;
    this.#trailer = null;
    this.#chunkHeader.reset();
    this.#stage = "head";
    return end;
  }

  #parseChunkEnd(bytes: Uint8Array, at: number, offset: number): number | null {
    // The bytes are checked as they arrive, so that a violation is found in any split.
    if (at < bytes.length && bytes[at] !== CR || at + 1 < bytes.length && bytes[at + 1] !== LF) {
      throw new HTTPSyntaxError(400, "a chunk is longer than its size", offset);
    }
    if (at + 2 > bytes.length) return null;
    this.#stage = "chunk header";
    return at + 2;
  }

  #startChunk({ size, end }: ChunkHeader, offset: number): number {
    this.#bodySize += size;
    if (this.#bodySize > this.#limits.maxBodySize) this.#bodyTooLarge(offset);
    this.#left = size;
    this.#stage = size === 0 ? "trailer" : "chunk";
    if (size === 0) this.#trailer = new HeadScanner(this.#limits, true);
    return end;
  }

  #bodyTooLarge(offset: number): never {
    const reason = `a body of more than ${this.#limits.maxBodySize} bytes`;
    throw new HTTPSyntaxError(413, reason, offset);
  }
}
