/**
 * Deno's own HTTP server.
 *
 * @module
 */

import { internetAddress } from "../../addresses.ts";
import type { Address, IInternetAddress } from "../../interfaces/mod.ts";
import { cannotListen } from "../../stream/system_error.ts";
import { addressOf } from "./address_of.ts";

/** Where an HTTP server listens. */
export interface HTTPServerPlace {
  /** The port number; 0 lets the system choose. */
  readonly port: number;
  /** The IP address. */
  readonly hostname: string;
  /** The certificate and its key as PEM, for HTTPS; `null` for HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
}

/** A running HTTP server. */
export interface RunningHTTPServer {
  /** The address on which it listens. */
  readonly address: IInternetAddress;
  /**
   * Stops accepting, closes idle connections, and waits until all requests are answered. It waits
   * for ever for a client that does not read its response.
   */
  shutdown(): Promise<void>;
}

/** Answers a request. It never throws, and its promise never rejects. */
export type ServeRequest = (
  request: Request,
  peerOf: () => Address,
) => Response | Promise<Response>;

/**
 * Starts Deno's HTTP server.
 *
 * @param place Where to listen.
 * @param serve Answers the requests.
 * @throws {CannotListenError} If the address cannot be bound.
 */
export function serveHTTP(place: HTTPServerPlace, serve: ServeRequest): RunningHTTPServer {
  const { port, hostname, tls } = place;
  // There is no signal: if one aborts after shutdown(), Deno 2.9.6 throws an uncaught BadResource.
  const options = { port, hostname, onListen: () => {}, ...tls };
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve(
      options,
      (request, { remoteAddr }) => serve(request, () => addressOf(remoteAddr)),
    );
  } catch (error) {
    throw cannotListen(internetAddress("TCP", hostname, port), error);
  }
  return {
    address: addressOf(server.addr),
    shutdown: () => server.shutdown(),
  };
}
