import type { Deferred } from "../../defer/mod.ts";
import {
  WebSocketClientEndpoint,
  type WebSocketClientOptions,
  type WebSocketProtocol,
} from "../../protocol/websocket/mod.ts";
import { hostOf, portOf, webSocketURL } from "../../protocol/websocket/web_socket_url.ts";
import type { EndpointOptions, IStreamClientEndpoint } from "../../reactor/interfaces/endpoint.ts";
import type { TLSClientOptions } from "../../reactor/interfaces/mod.ts";
import { connectProtocol } from "../connect_protocol.ts";
import type { ConnectToHostOptions, IReactorForNames } from "../connect_to_host.ts";
import { HostnameEndpoint } from "../hostname_endpoint.ts";
import { wrapClientTLS } from "../wrap_tls.ts";

/** Options of {@linkcode webSocketEndpoint}. */
export interface WebSocketEndpointOptions extends WebSocketClientOptions {
  /**
   * Options of the TCP connection.
   *
   * @default {undefined} Those of `HostnameEndpoint`.
   */
  tcp?: ConnectToHostOptions | undefined;
  /**
   * Options of TLS for a `wss:` URL, such as trust roots.
   *
   * @default {undefined} The certificate must be valid for the host of the URL.
   */
  tls?: TLSClientOptions | undefined;
}

/** Options of {@linkcode connectWebSocket}. */
export interface ConnectWebSocketOptions extends WebSocketEndpointOptions, EndpointOptions {}

/**
 * Returns the client endpoint for a URL: TCP for `ws:`, and TLS for `wss:`. Use it with a
 * `ClientService` that keeps a connection; {@linkcode connectWebSocket} opens one.
 *
 * @param reactor The reactor that will connect.
 * @param url The URL. Its scheme is `ws:` or `wss:`, or `http:` or `https:` in place of them.
 * @param options The subprotocols, the header fields, the limits, and options of TCP and TLS.
 * @returns The endpoint.
 * @throws {RangeError} when the URL or an option is not valid.
 *
 * @example A connection that is opened again when it is lost
 * ```ts no-eval
 * import { ClientFactory, ClientService, reactor } from "@torsion/reactor";
 * import { WebSocketProtocol, webSocketEndpoint } from "@torsion/reactor/websocket";
 *
 * const endpoint = webSocketEndpoint(reactor, "wss://example.org/events");
 * const factory = ClientFactory.forProtocol(WebSocketProtocol);
 * const service = new ClientService(endpoint, factory, { clock: reactor });
 * service.startService();
 * await reactor.run();
 * ```
 */
export function webSocketEndpoint(
  reactor: IReactorForNames,
  url: string | URL,
  options: WebSocketEndpointOptions = {},
): IStreamClientEndpoint {
  const { tcp, tls, ...clientOptions } = options;
  const parsed = webSocketURL(url);
  const host = hostOf(parsed);
  const overTCP = new HostnameEndpoint(reactor, host, portOf(parsed), tcp);
  const endpoint = parsed.protocol === "wss:"
    ? wrapClientTLS({ serverName: host, ...tls }, overTCP)
    : overTCP;
  return new WebSocketClientEndpoint(endpoint, parsed, clientOptions);
}

/**
 * Opens a WebSocket connection.
 *
 * @param reactor The reactor, which must run for the attempt to begin.
 * @param url The URL. Its scheme is `ws:` or `wss:`, or `http:` or `https:` in place of them.
 * @param protocol The protocol of the connection.
 * @param options The subprotocols, the header fields, the limits, options of TCP and TLS, and
 *   `signal`, which ends the attempt.
 * @returns A Deferred that fires with the protocol when the connection is open. It fails with a
 *   `WebSocketHandshakeError` if the server refuses, and with another `ConnectError` if it cannot
 *   be reached. Cancelling it ends the attempt.
 * @throws {RangeError} when the URL or an option is not valid.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { connectWebSocket, WebSocketProtocol } from "@torsion/reactor/websocket";
 *
 * class Ticker extends WebSocketProtocol {
 *   override messageReceived(data: string | Uint8Array) {
 *     console.log(data);
 *   }
 * }
 *
 * reactor.run();
 * const ticker = await connectWebSocket(reactor, "wss://example.org/ticker", new Ticker());
 * ticker.send("subscribe");
 * ```
 */
export function connectWebSocket<P extends WebSocketProtocol>(
  reactor: IReactorForNames,
  url: string | URL,
  protocol: P,
  options: ConnectWebSocketOptions = {},
): Deferred<P> {
  const { signal, ...endpointOptions } = options;
  return connectProtocol(webSocketEndpoint(reactor, url, endpointOptions), protocol, { signal });
}
