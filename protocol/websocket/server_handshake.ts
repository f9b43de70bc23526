import { asError, callGuarded, logUserError } from "../../defer/guarded_call.ts";
import { follow, isInstance, isThenable } from "../../internal/foreign_value.ts";
import { quote } from "../../internal/validation.ts";
import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { RequestDecoder } from "../http/request_decoder.ts";
import { RequestHead } from "../http/request_head.ts";
import { NegotiatedConnection } from "../negotiated_connection.ts";
import { acceptKey, isKey } from "./accept_key.ts";
import { encodeHead, HTTPAnswer } from "./http_answer.ts";
import { answerTo } from "./compression_offer.ts";
import { HandshakeRefusal, isRefusal } from "./handshake_refusal.ts";
import { MAX_FIELDS } from "./header_list.ts";
import type { WebSocketRules } from "./web_socket_rules.ts";
import { checkUnused } from "./web_socket_handshake.ts";
import { WebSocketProtocol } from "./web_socket_protocol.ts";
import { isSameOrigin, readRequest, type WebSocketRequest } from "./web_socket_request.ts";

/** The version of the protocol. */
const VERSION = "13";
/** The header fields that a status requires (RFC 9110, sections 15.5.6 and 15.5.22). */
const REQUIRED: Record<number, HeadersInit> = {
  405: { allow: "GET, HEAD" },
  426: { upgrade: "websocket", "sec-websocket-version": VERSION },
};

/** A client's connection to a WebSocket server, until the handshake is complete. */
export class ServerHandshake extends NegotiatedConnection {
  readonly #factory: IProtocolFactory;
  readonly #rules: WebSocketRules;
  readonly #decoder: RequestDecoder;
  /** Whether the head has arrived. The application may still be deciding about it. */
  #hasHead = false;
  /** The answer to an offer of compression; null if none is accepted. */
  #compression: string | null = null;

  /**
   * @param factory The factory that the protocol gets.
   * @param rules The rules of the server.
   */
  constructor(factory: IProtocolFactory, rules: WebSocketRules) {
    super();
    this.#factory = factory;
    this.#rules = rules;
    this.#decoder = new RequestDecoder({
      maxHeadSize: rules.maxHeadLength,
      maxFields: MAX_FIELDS,
      maxBodySize: Infinity,
    });
  }

  override connectionMade(): void {
    const { handshakeTimeout, clock } = this.#rules;
    this.setDeadline(handshakeTimeout, clock, () => {
      this.#refuse(408, `it was not complete within ${handshakeTimeout} s`);
    });
  }

  override logPrefix(): string {
    return this.isNegotiating ? "WebSocket handshake" : super.logPrefix();
  }

  protected override negotiationReceived(data: Uint8Array): void {
    this.#decoder.push(data);
    if (!this.#hasHead) return this.#readHead();
    // A client should wait for the answer, but it may send its first frames before.
    if (this.#decoder.buffered <= this.#rules.maxHeadLength) return;
    this.#rules.refused(this.transport.getPeer(), "its frames did not wait for the answer");
    this.transport.abortConnection();
  }

  protected override negotiationLost(): void {}

  #readHead(): void {
    try {
      const head = this.#decoder.next();
      // The result is null while the head is incomplete, and otherwise a head: a request begins
      // with it.
      if (!isInstance(head, RequestHead)) return;
      this.#hasHead = true;
      return this.#headReceived(head);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#refuse(error.status, error.reason);
    }
  }

  #headReceived(head: RequestHead): void {
    const request = readRequest(head, this.transport.getPeer(), this.transport.secure);
    const { headers } = request;
    if (!/(?:^|,)[ \t]*websocket[ \t]*(?:,|$)/i.test(head.upgrade)) {
      return this.#decide("answer", request, this.#rules.answer);
    }
    if (request.method !== "GET") {
      throw new HandshakeRefusal(405, `its method is ${request.method}`);
    }
    if (headers.get("sec-websocket-version") !== VERSION) {
      throw new HandshakeRefusal(426, "its version is not 13");
    }
    if (!isKey(headers.get("sec-websocket-key"))) {
      throw new HandshakeRefusal(400, "its Sec-WebSocket-Key is not valid");
    }
    if (!this.#allowsOrigin(request, head.host)) {
      const origin = JSON.stringify(request.origin?.slice(0, 100));
      throw new HandshakeRefusal(403, `the origin ${origin} is not allowed`);
    }
    if (this.#rules.compression) {
      this.#compression = answerTo(headers.get("sec-websocket-extensions"));
    }
    return this.#decide("accept", request, this.#rules.accept);
  }

  #allowsOrigin(request: WebSocketRequest, host: string): boolean {
    const { allowedOrigins } = this.#rules;
    if (request.origin === null || allowedOrigins === "any") return true;
    return allowedOrigins?.includes(request.origin) ?? isSameOrigin(request, host);
  }

  /** Calls a callback of the application, and follows what it returns. */
  #decide(
    name: string,
    request: WebSocketRequest,
    callback: (request: WebSocketRequest) => unknown,
  ): void {
    const failed = (error: unknown): void => {
      logUserError(error, `Error while calling ${name} for ${this.transport.getPeer()}`);
      this.#send(new HTTPAnswer(500), request);
    };
    let result: unknown;
    try {
      result = callback(request);
    } catch (error) {
      return failed(error);
    }
    if (!isThenable(result)) return this.#decided(name, request, result);
    follow(result, (decision) => this.#decidedLater(name, request, decision), failed);
  }

  /** An error of the protocol's methods loses the connection, as in a call of the connection. */
  #decidedLater(name: string, request: WebSocketRequest, decision: unknown): void {
    if (!this.transport.connected || this.transport.disconnecting) return;
    callGuarded(() => this.#decided(name, request, decision), (error) => {
      this.transport.abortConnection(asError(error));
      logUserError(error, `Error while opening a WebSocket for ${this.transport.getPeer()}`);
    });
  }

  #decided(name: string, request: WebSocketRequest, decision: unknown): void {
    if (isInstance(decision, HTTPAnswer)) return this.#send(decision, request);
    if (name === "accept" && isInstance(decision, WebSocketProtocol)) {
      return this.#open(decision, request);
    }
    if (decision === null && name === "accept") return this.#send(new HTTPAnswer(404), request);
    if (decision === null) return this.#send(answerOf(426), request);
    const expected = name === "accept" ? "a WebSocketProtocol, an HTTPAnswer" : "an HTTPAnswer";
    const message = `${name}() must return ${expected} or null, got ${quote(decision)}`;
    logUserError(new TypeError(message), `Error while calling ${name}`);
    this.#send(new HTTPAnswer(500), request);
  }

  #open(protocol: WebSocketProtocol, request: WebSocketRequest): void {
    try {
      checkUnused(protocol);
    } catch (error) {
      logUserError(error, `Error while opening a WebSocket for ${this.transport.getPeer()}`);
      return this.#send(new HTTPAnswer(500), request);
    }
    const { subprotocols } = this.#rules;
    const subprotocol = subprotocols.find((each) => request.subprotocols.includes(each)) ?? "";
    const fields: [string, string][] = [
      ["Upgrade", "websocket"],
      ["Connection", "Upgrade"],
      ["Sec-WebSocket-Accept", acceptKey(request.headers.get("sec-websocket-key") ?? "")],
    ];
    if (subprotocol !== "") fields.push(["Sec-WebSocket-Protocol", subprotocol]);
    const extensions = this.#compression;
    if (extensions !== null) fields.push(["Sec-WebSocket-Extensions", extensions]);
    this.transport.write(encodeHead("HTTP/1.1 101 Switching Protocols", fields));
    protocol.factory = this.#factory;
    const compression = extensions !== null;
    protocol.handshakeDone({ role: "server", subprotocol, compression, url: request.url, request });
    return this.complete(protocol, this.#decoder.takeRest());
  }

  /** Answers a request that is not a valid handshake. */
  #refuse(status: number, reason: string): void {
    this.#rules.refused(this.transport.getPeer(), reason);
    this.#send(answerOf(status));
  }

  #send(answer: HTTPAnswer, request?: WebSocketRequest): void {
    if (!this.transport.connected || this.transport.disconnecting) return;
    this.cancelDeadline();
    this.transport.write(answer.encode(request?.method !== "HEAD"));
    this.transport.loseConnection();
  }
}

function answerOf(status: number): HTTPAnswer {
  return new HTTPAnswer(status, { headers: REQUIRED[status] });
}
