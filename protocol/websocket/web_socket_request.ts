import type { Address } from "../../reactor/interfaces/mod.ts";
import { headersOf } from "../http/http_field.ts";
import type { RequestHead } from "../http/request_head.ts";
import { HandshakeRefusal } from "./handshake_refusal.ts";
import { listOf } from "./header_list.ts";

/** The request of a client, as the callbacks of a {@linkcode WebSocketFactory} receive it. */
export interface WebSocketRequest {
  /** The method: `GET`, or for a page also `HEAD`. */
  readonly method: string;
  /**
   * The URL, with the host that the client has named: `ws:`, or `wss:` over TLS. Behind a proxy
   * that ends TLS, it is `ws:`.
   */
  readonly url: URL;
  /** The header fields. */
  readonly headers: Headers;
  /** The origin of the page that opens the connection; `null` if the client is not a browser. */
  readonly origin: string | null;
  /** The subprotocols that the client offers, the preferred one first. */
  readonly subprotocols: readonly string[];
  /** The address of the client. */
  readonly peer: Address;
  /** Whether the connection uses TLS. */
  readonly secure: boolean;
}

/** The fields that a request may have only once. */
const SINGLE = ["origin", "sec-websocket-key", "sec-websocket-version"];

/**
 * Reads the request of a head.
 *
 * @throws {HandshakeRefusal} when it is not a GET or HEAD request in HTTP/1.1, without a body.
 */
export function readRequest(head: RequestHead, peer: Address, secure: boolean): WebSocketRequest {
  const { method } = head;
  if (head.minorVersion === 0) throw new HandshakeRefusal(505, "its version is HTTP/1.0");
  if (method !== "GET" && method !== "HEAD") {
    throw new HandshakeRefusal(405, `its method is ${method}`);
  }
  if (head.hasBody) throw new HandshakeRefusal(400, "it has a body");
  const fields = head.fields();
  for (const single of SINGLE) {
    if (fields.filter(([name]) => name.toLowerCase() === single).length < 2) continue;
    throw new HandshakeRefusal(400, `it has the field ${single} twice`);
  }
  const headers = headersOf(fields);
  return {
    method,
    url: urlOf(head, secure),
    headers,
    origin: headers.get("origin"),
    subprotocols: listOf(headers, "sec-websocket-protocol"),
    peer,
    secure,
  };
}

function urlOf({ host, target }: RequestHead, secure: boolean): URL {
  const scheme = secure ? "wss" : "ws";
  const url = host === "" ? null : URL.parse(`${scheme}://${host}${target}`);
  if (url === null) throw new HandshakeRefusal(400, "its host is not valid");
  return url;
}

/**
 * Returns whether a request comes from a page of the same origin as its URL. The scheme is compared
 * only over TLS: before a server without TLS, a proxy may have ended it.
 *
 * @param request The request.
 * @param host The host and port that it names, as they were sent: `URL` leaves out a default port.
 */
export function isSameOrigin({ origin, secure }: WebSocketRequest, host: string): boolean {
  const from = origin === null ? null : URL.parse(origin);
  if (from === null || from.protocol !== "https:" && (secure || from.protocol !== "http:")) {
    return false;
  }
  return URL.parse(`${from.protocol}//${host}`)?.host === from.host;
}
