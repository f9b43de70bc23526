import { checkBound, checkFunction, checkTimeout } from "../../internal/validation.ts";
import type { Address, IReactorTime } from "../../reactor/interfaces/mod.ts";
import { RefusalLog } from "../policies/refusal_log.ts";
import type { HTTPAnswer } from "./http_answer.ts";
import type { WebSocketProtocol } from "./web_socket_protocol.ts";
import type { WebSocketRequest } from "./web_socket_request.ts";

/**
 * Decides about a request to open a WebSocket connection. It returns the protocol of the
 * connection, an answer that refuses the request, or `null` for "404 Not Found"; or a Deferred or
 * promise of it.
 */
export type WebSocketAccept = (
  request: WebSocketRequest,
) => WebSocketDecision | PromiseLike<WebSocketDecision>;

/** What a {@linkcode WebSocketAccept} decides. */
export type WebSocketDecision = WebSocketProtocol | HTTPAnswer | null;

/** Options of a {@linkcode WebSocketFactory}. */
export interface WebSocketFactoryOptions {
  /**
   * The origins whose pages may connect, such as `https://example.org`, or `"any"`. The check stops
   * pages of other sites from using the cookies of a visitor. Clients that are not browsers send no
   * origin, and may connect.
   *
   * @default {undefined} Only the origin of the server itself: the host and port of the request. A
   *   server on a private network should list its origins, because a page can make its own name
   *   point to a private address.
   */
  allowedOrigins?: readonly string[] | "any" | undefined;
  /**
   * The subprotocols of the server, the preferred one first. The first that the client also offers
   * is chosen. If there is none, the connection has no subprotocol.
   *
   * @default {[]}
   */
  subprotocols?: readonly string[] | undefined;
  /**
   * Whether to negotiate the compression of messages by `permessage-deflate` (RFC 7692). Each
   * message is compressed by itself.
   *
   * @default {false} Compression costs processor time and memory, and if a message contains a
   *   secret and data of an attacker, its compressed length may reveal the secret (as in the CRIME
   *   attack).
   */
  compression?: boolean | undefined;
  /**
   * Answers a GET or HEAD request that is not for a WebSocket connection, such as a page or a
   * health check. `null` stands for "426 Upgrade Required".
   *
   * @default {undefined} Every such request gets `null`.
   */
  answer?:
    | ((request: WebSocketRequest) => HTTPAnswer | null | PromiseLike<HTTPAnswer | null>)
    | undefined;
  /**
   * Seconds for the request and for the decision about it; `Infinity` for no limit.
   *
   * @default {10}
   */
  handshakeTimeout?: number | undefined;
  /**
   * The maximum number of bytes of a request.
   *
   * @default {16384}
   */
  maxHeadLength?: number | undefined;
  /**
   * The clock of `handshakeTimeout`.
   *
   * @default {undefined} That of the connection's reactor.
   */
  clock?: IReactorTime | undefined;
}

/** The rules of a WebSocket server, which all its connections share. */
export class WebSocketRules {
  readonly accept: WebSocketAccept;
  readonly answer: NonNullable<WebSocketFactoryOptions["answer"]>;
  readonly allowedOrigins: readonly string[] | "any" | undefined;
  readonly subprotocols: readonly string[];
  readonly compression: boolean;
  readonly handshakeTimeout: number;
  readonly maxHeadLength: number;
  readonly clock: IReactorTime | undefined;
  readonly #refusals = new RefusalLog();

  /**
   * @param accept The function that decides about requests.
   * @param options The rules.
   */
  constructor(accept: WebSocketAccept, options: WebSocketFactoryOptions) {
    const { answer = () => null, allowedOrigins, subprotocols = [], clock } = options;
    const { compression = false } = options;
    const { handshakeTimeout = 10, maxHeadLength = 16384 } = options;
    checkFunction("WebSocketFactory accept", accept);
    checkFunction("WebSocketFactory answer", answer);
    checkTimeout("handshakeTimeout", handshakeTimeout);
    checkBound("maxHeadLength", maxHeadLength, 1);
    checkOrigins(allowedOrigins);
    for (const each of subprotocols) checkSubprotocol(each);
    this.accept = accept;
    this.answer = answer;
    this.allowedOrigins = allowedOrigins;
    this.subprotocols = subprotocols;
    this.compression = compression;
    this.handshakeTimeout = handshakeTimeout;
    this.maxHeadLength = maxHeadLength;
    this.clock = clock;
  }

  /** Logs that a request was refused: the first, the tenth, and so on. */
  refused(peer: Address, reason: string): void {
    this.#refusals.refused(peer, `its request is refused: ${reason}`);
  }
}

/**
 * Throws unless a subprotocol is a token (RFC 9110).
 *
 * @throws {RangeError} when it is not.
 */
export function checkSubprotocol(name: string): void {
  if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return;
  throw new RangeError(
    `Cannot use the WebSocket subprotocol ${JSON.stringify(name)}: it must consist of letters, ` +
      "digits and !#$%&'*+-.^_`|~",
  );
}

/** A URL in place of an origin, such as one with a slash at its end, would match no request. */
function checkOrigins(origins: readonly string[] | "any" | undefined): void {
  if (origins === undefined || origins === "any") return;
  for (const origin of origins) {
    if (origin === "null" || URL.parse(origin)?.origin === origin) continue;
    // The origin of a URL with a scheme of its own, such as that of a browser extension, is "null".
    if (URL.parse(origin)?.origin === "null" && !origin.endsWith("/")) continue;
    throw new RangeError(
      `Cannot allow the origin ${JSON.stringify(origin)}: it must be a scheme, a host and a port ` +
        'that is not the default one, such as "https://example.org"',
    );
  }
}
