/**
 * Returns a URL of a WebSocket server.
 *
 * @param url A URL whose scheme is `ws:` or `wss:`; `http:` and `https:` stand for them.
 * @throws {RangeError} when it is not such a URL, or has a fragment or a user name.
 */
export function webSocketURL(url: string | URL): URL {
  const parsed = URL.parse(String(url));
  const scheme = parsed?.protocol.replace(/^http/, "ws");
  if (parsed === null || scheme !== "ws:" && scheme !== "wss:") {
    throw invalid(url, "it must be a URL that begins with ws: or wss:");
  }
  if (parsed.hash !== "") throw invalid(url, "a WebSocket URL has no fragment");
  if (parsed.username !== "" || parsed.password !== "") {
    throw invalid(url, "credentials belong in the header field Authorization");
  }
  parsed.protocol = scheme;
  return parsed;
}

function invalid(url: string | URL, reason: string): RangeError {
  // A password in the URL must not reach the log.
  const shown = String(url).replace(/\/\/[^/@]*@/, "//…@").split(/[?#]/, 1)[0];
  return new RangeError(`Cannot connect to ${JSON.stringify(shown)}: ${reason}`);
}

/** Returns the port of a WebSocket server. */
export function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "wss:" ? 443 : 80;
}

/** Returns the host of a URL, an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1");
}
