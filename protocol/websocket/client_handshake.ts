import { asError } from "../../defer/guarded_call.ts";
import { isInstance } from "../../internal/foreign_value.ts";
import { quote } from "../../internal/validation.ts";
import { ConnectError, ConnectTimeoutError } from "../../reactor/errors.ts";
import type { Address, IReactorTime } from "../../reactor/interfaces/mod.ts";
import { headersOf } from "../http/http_field.ts";
import { type ResponseHead, ResponseHeadDecoder } from "../http/response_head_decoder.ts";
import type { Negotiation, NegotiationEvents } from "../negotiated_connecting.ts";
import { NegotiatedConnection } from "../negotiated_connection.ts";
import { acceptKey } from "./accept_key.ts";
import { acceptsAnswer, COMPRESSION } from "./compression_offer.ts";
import { encodeHead } from "./http_answer.ts";
import { HandshakeRefusal, isRefusal } from "./handshake_refusal.ts";
import { hasToken, MAX_FIELDS } from "./header_list.ts";
import { fillRandom, type RandomSource } from "./random_source.ts";
import {
  checkUnused,
  type HandshakeTransport,
  takeHandshake,
  type WebSocketHandshake,
} from "./web_socket_handshake.ts";
import { WebSocketProtocol } from "./web_socket_protocol.ts";

/** Thrown when a server does not accept a WebSocket connection. */
export class WebSocketHandshakeError extends ConnectError {
  /** The status of the server's answer; `null` if there is none. */
  readonly status: number | null;
  /** The header fields of the answer; `null` if there is none. */
  readonly headers: Headers | null;

  /**
   * Creates the error.
   *
   * @param message The complete message.
   * @param address The host and port of the server.
   * @param head The status and the header fields of the answer; `null` without one.
   * @param cause The underlying error.
   */
  constructor(
    message: string,
    address: string,
    head: { readonly status: number; readonly headers: Headers } | null,
    cause?: Error,
  ) {
    super(message, { address, ...cause === undefined ? {} : { cause } });
    this.status = head?.status ?? null;
    this.headers = head?.headers ?? null;
  }
}

/** The request of a client, and the limits of its handshake. */
export interface ClientHandshakeOptions {
  readonly url: URL;
  readonly subprotocols: readonly string[];
  readonly compression: boolean;
  /** Further header fields. */
  readonly fields: readonly (readonly [string, string])[];
  readonly handshakeTimeout: number;
  readonly maxHeadLength: number;
  readonly clock: IReactorTime | undefined;
  readonly getRandomValues: RandomSource;
}

/** A client's connection to a WebSocket server, until the handshake is complete. */
export class ClientHandshake extends NegotiatedConnection
  implements Negotiation, HandshakeTransport {
  readonly #options: ClientHandshakeOptions;
  readonly #target: Address;
  readonly #events: NegotiationEvents;
  readonly #decoder: ResponseHeadDecoder;
  readonly #key: string;
  /** The number of bytes of the informational answers. */
  #informational = 0;
  #hasFailed = false;
  #result: WebSocketHandshake = { role: "client" };
  #isTaken = false;

  /**
   * @param options The request and the limits.
   * @param target The address of the server, for errors.
   * @param events The calls to make.
   */
  constructor(options: ClientHandshakeOptions, target: Address, events: NegotiationEvents) {
    super();
    this.#options = options;
    this.#target = target;
    this.#events = events;
    const { maxHeadLength: maxHeadSize } = options;
    this.#decoder = new ResponseHeadDecoder({ maxHeadSize, maxFields: MAX_FIELDS });
    const key = new Uint8Array(16);
    fillRandom(options.getRandomValues, key);
    this.#key = key.toBase64();
  }

  override logPrefix(): string {
    return this.isNegotiating ? "WebSocket handshake" : super.logPrefix();
  }

  override connectionMade(): void {
    const { url, subprotocols, compression, fields, handshakeTimeout, clock } = this.#options;
    this.setDeadline(handshakeTimeout, clock, () => {
      this.#fail(
        new ConnectTimeoutError(
          `Cannot open a WebSocket to ${this.#target}: the server did not answer within ` +
            `${handshakeTimeout} s`,
          { address: String(this.#target) },
        ),
      );
    });
    const offer: [string, string][] = subprotocols.length === 0
      ? []
      : [["Sec-WebSocket-Protocol", subprotocols.join(", ")]];
    if (compression) offer.push(["Sec-WebSocket-Extensions", COMPRESSION]);
    this.transport.write(encodeHead(`GET ${url.pathname}${url.search} HTTP/1.1`, [
      ["Host", url.host],
      ["Upgrade", "websocket"],
      ["Connection", "Upgrade"],
      ["Sec-WebSocket-Key", this.#key],
      ["Sec-WebSocket-Version", "13"],
      ...offer,
      ...fields.map(([name, value]): [string, string] => [name, value]),
    ]));
  }

  override connectionLost(reason: Error): void {
    try {
      return super.connectionLost(reason);
    } finally {
      // This has an effect only if connectionMade() of the application's protocol has thrown.
      this.#events.failed(reason);
    }
  }

  [takeHandshake](): WebSocketHandshake {
    this.#isTaken = true;
    return this.#result;
  }

  /** Ends the handshake, because the caller has cancelled it. */
  cancel(): void {
    this.#hasFailed = true;
    this.transport.abortConnection();
  }

  protected override negotiationReceived(data: Uint8Array): void {
    if (this.#hasFailed) return;
    this.#decoder.push(data);
    try {
      const head = this.#nextHead();
      if (head === null) return;
      return this.#headReceived(head);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#refused(`the answer is not valid: ${error.reason}`, null, error);
    }
  }

  protected override negotiationLost(reason: Error): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#events.failed(this.#errorFor("the server closed the connection", null, reason));
  }

  protected override completed(): void {
    if (this.#isTaken) return this.#events.connected();
    this.#refused("the factory must build a WebSocketProtocol", null);
  }

  /** Returns the head of the final answer; null if it is not complete. */
  #nextHead(): ResponseHead | null {
    const { maxHeadLength } = this.#options;
    for (;;) {
      const before = this.#decoder.buffered;
      const head = this.#decoder.next();
      // A server may send informational answers before the final one (RFC 9110, section 15.2).
      if (head === null || head.minorVersion === 0) return head;
      if (head.status === 101 || head.status >= 200) return head;
      this.#informational += before - this.#decoder.buffered;
      if (this.#informational <= maxHeadLength) continue;
      throw new HandshakeRefusal(
        431,
        `its informational answers have more than ${maxHeadLength} bytes`,
      );
    }
  }

  #headReceived(head: ResponseHead): void {
    const headers = headersOf(head.fields);
    const answer = { status: head.status, headers };
    const problem = this.#problemOf(head, headers);
    if (problem !== null) return this.#refused(problem, answer);
    const protocol = this.#events.build();
    if (protocol === null) {
      this.#hasFailed = true;
      return this.transport.loseConnection();
    }
    // Otherwise the protocol would be notified of the end of this connection too.
    if (isInstance(protocol, WebSocketProtocol)) {
      try {
        checkUnused(protocol);
      } catch (error) {
        return this.#fail(asError(error));
      }
    }
    const subprotocol = headers.get("sec-websocket-protocol") ?? "";
    const compression = headers.has("sec-websocket-extensions");
    this.#result = { role: "client", subprotocol, compression, url: this.#options.url };
    return this.complete(protocol, this.#decoder.takeRest());
  }

  /** Returns why an answer opens no connection; null if it does (RFC 6455, section 4.1). */
  #problemOf({ status, minorVersion }: ResponseHead, headers: Headers): string | null {
    if (status !== 101) return `the answer has the status ${status}, not 101`;
    if (minorVersion === 0) return "the answer is in HTTP/1.0, not in HTTP/1.1";
    // Another protocol must not stand beside it, although HTTP allows a list (section 4.1).
    if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return "the answer has no Upgrade: websocket";
    }
    if (!hasToken(headers, "connection", "upgrade")) return "the answer has no Connection: Upgrade";
    if (headers.get("sec-websocket-accept") !== acceptKey(this.#key)) {
      return "the Sec-WebSocket-Accept of the answer does not fit the request";
    }
    const { subprotocols, compression } = this.#options;
    const extensions = headers.get("sec-websocket-extensions");
    if (extensions !== null && !(compression && acceptsAnswer(extensions))) {
      const value = quote(extensions.slice(0, 100));
      return `the answer has the extension ${value}, which does not fit what was offered`;
    }
    const chosen = headers.get("sec-websocket-protocol");
    if (chosen === null) {
      return subprotocols.length === 0 ? null : "the server chose none of the subprotocols";
    }
    // Headers joins several fields with commas, which no subprotocol contains.
    return subprotocols.includes(chosen)
      ? null
      : `the server chose ${quote(chosen.slice(0, 100))}, which was not offered`;
  }

  #refused(
    reason: string,
    answer: { readonly status: number; readonly headers: Headers } | null,
    cause?: Error,
  ): void {
    this.#fail(this.#errorFor(reason, answer, cause));
  }

  #fail(error: Error): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.cancelDeadline();
    this.transport.abortConnection();
    this.#events.failed(error);
  }

  #errorFor(
    reason: string,
    answer: { readonly status: number; readonly headers: Headers } | null,
    cause?: Error,
  ): WebSocketHandshakeError {
    const message = `Cannot open a WebSocket to ${this.#target}: ${reason}`;
    return new WebSocketHandshakeError(message, String(this.#target), answer, cause);
  }
}
