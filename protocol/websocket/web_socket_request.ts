import type { Address } from "../../reactor/interfaces/mod.ts";
import { type HTTPHead, HTTPHeadError, listOf } from "./http_head.ts";

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
const SINGLE = [
  "host",
  "origin",
  "sec-websocket-key",
  "sec-websocket-version",
  "content-length",
] as const;

/**
 * Reads the request of a head.
 *
 * @throws {HTTPHeadError} when it is not a valid request without a body.
 */
export function readRequest(head: HTTPHead, peer: Address, secure: boolean): WebSocketRequest {
  const { headers, counts } = head;
  const [, method, target, version] = /^([A-Z]{1,20}) (\/[^ ]*) HTTP\/(\d\.\d)$/.exec(head.start) ??
    [];
  if (method === undefined || target === undefined) {
    throw new HTTPHeadError(400, "its request line is not valid");
  }
  if (version !== "1.1") throw new HTTPHeadError(505, `its version is HTTP/${version}`);
  if (method !== "GET" && method !== "HEAD") {
    throw new HTTPHeadError(405, `its method is ${method}`);
  }
  for (const name of SINGLE) {
    if ((counts.get(name) ?? 0) > 1) throw new HTTPHeadError(400, `it has the field ${name} twice`);
  }
  if (headers.has("transfer-encoding") || (headers.get("content-length") ?? "0") !== "0") {
    throw new HTTPHeadError(400, "it has a body");
  }
  return {
    method,
    url: urlOf(headers.get("host"), target, secure),
    headers,
    origin: headers.get("origin"),
    subprotocols: listOf(headers, "sec-websocket-protocol"),
    peer,
    secure,
  };
}

function urlOf(host: string | null, target: string, secure: boolean): URL {
  const scheme = secure ? "wss" : "ws";
  const isHost = host !== null && /^(?:\[[0-9a-f:.]+\]|[^\s/?#@[\]\\:]+)(?::\d+)?$/i.test(host);
  const url = isHost ? URL.parse(`${scheme}://${host}${target}`) : null;
  if (url === null) throw new HTTPHeadError(400, "its host is not valid");
  return url;
}

/**
 * Returns whether a request comes from a page of the same origin as its URL. The scheme is compared
 * only over TLS: before a server without TLS, a proxy may have ended it.
 */
export function isSameOrigin({ origin, headers, secure }: WebSocketRequest): boolean {
  const from = origin === null ? null : URL.parse(origin);
  if (from === null || from.protocol !== "https:" && (secure || from.protocol !== "http:")) {
    return false;
  }
  return URL.parse(`${from.protocol}//${headers.get("host")}`)?.host === from.host;
}
