import type { ITransport } from "../../reactor/interfaces/mod.ts";
import { HTTPSyntaxError } from "./http_syntax_error.ts";

/**
 * Returns the scheme and the authority of the URLs that a client requests, as `URL` writes them.
 *
 * @param host The host and port that the client has sent; `""` for the address of the connection.
 * @param transport The connection.
 * @returns The origin, such as `http://example.org`.
 * @throws {HTTPSyntaxError} when the host is not valid in a URL.
 */
export function originOf(host: string, transport: ITransport): string {
  const scheme = transport.tlsStarted ? "https" : "http";
  const authority = host === "" ? ownAuthority(transport) : host;
  const url = URL.parse(`${scheme}://${authority}`);
  if (url !== null) return url.origin;
  throw new HTTPSyntaxError(400, `an invalid host, ${JSON.stringify(host)}`, 0);
}

function ownAuthority(transport: ITransport): string {
  const address = transport.getHost();
  return address.type === "TCP" ? `${address}` : "localhost";
}
