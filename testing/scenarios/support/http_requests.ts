/**
 * Numbered requests, whose bodies and responses follow from the number, and the connection of a
 * client that sends them.
 *
 * @module
 */

import { Protocol } from "../../../protocol/mod.ts";

const MOST_REQUEST = 30_000;
const MOST_RESPONSE = 150_000;
const decoder = new TextDecoder();

/** Returns the body of a request. */
export function requestBody(number: number): string {
  return `${number}:`.padEnd(number * 7919 % MOST_REQUEST, "x");
}

/** Returns the body of the response to a request. */
export function responseBody(number: number): string {
  return `${number}=`.padEnd(number * 104_729 % MOST_RESPONSE, "y");
}

/** A complete response. */
export interface ReceivedResponse {
  readonly status: number;
  readonly body: string;
  /** Whether the server closes the connection after it. */
  readonly isLast: boolean;
}

/** A client's connection, which passes on complete responses. The tests send only ASCII. */
export abstract class HTTPClientProtocol extends Protocol {
  #text = "";

  /** Called with each response. */
  abstract responseReceived(response: ReceivedResponse): void;

  override dataReceived(data: Uint8Array): void {
    this.#text += decoder.decode(data);
    for (let next = this.#next(); next !== null; next = this.#next()) this.responseReceived(next);
  }

  #next(): ReceivedResponse | null {
    const end = this.#text.indexOf("\r\n\r\n") + 4;
    if (end < 4) return null;
    const head = this.#text.slice(0, end);
    const [, status = ""] = /^HTTP\/1\.1 (\d{3}) .*\r\n/.exec(head) ?? [];
    if (status === "") throw new Error(`not a response: ${JSON.stringify(head.slice(0, 100))}`);
    const [, length = null] = /\r\ncontent-length: (\d+)\r\n/.exec(head) ?? [];
    const body = length === null ? this.#chunks(end) : this.#bytes(end, Number(length));
    if (body === null) return null;
    return { status: Number(status), body, isLast: head.includes("\r\nconnection: close\r\n") };
  }

  #bytes(start: number, length: number): string | null {
    if (this.#text.length < start + length) return null;
    const body = this.#text.slice(start, start + length);
    this.#text = this.#text.slice(start + length);
    return body;
  }

  #chunks(start: number): string | null {
    const chunks: string[] = [];
    for (let at = start;;) {
      const end = this.#text.indexOf("\r\n", at) + 2;
      if (end < 2) return null;
      const size = parseInt(this.#text.slice(at, end), 16);
      at = end + size + 2;
      if (this.#text.length < at) return null;
      if (this.#text.slice(at - 2, at) !== "\r\n") throw new Error("a chunk has another size");
      chunks.push(this.#text.slice(end, end + size));
      if (size > 0) continue;
      this.#text = this.#text.slice(at);
      return chunks.join("");
    }
  }
}
