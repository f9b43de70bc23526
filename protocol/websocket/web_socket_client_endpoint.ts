import type { Deferred } from "../../defer/mod.ts";
import { checkBound, checkFunction, checkTimeout } from "../../internal/validation.ts";
import { HostnameAddress } from "../../reactor/addresses.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  ITypedProtocolFactory,
} from "../../reactor/interfaces/endpoint.ts";
import type { IProtocol, IReactorTime } from "../../reactor/interfaces/mod.ts";
import { connectNegotiated } from "../negotiated_connecting.ts";
import { ClientHandshake, type ClientHandshakeOptions } from "./client_handshake.ts";
import { platformRandom, type RandomSource } from "./random_source.ts";
import { checkSubprotocol } from "./web_socket_rules.ts";
import { hostOf, portOf, webSocketURL } from "./web_socket_url.ts";

/** The header fields of the handshake itself. */
const RESERVED =
  /^(?:host|upgrade|connection|sec-websocket-.*|content-length|transfer-encoding|expect)$/;

/** Options of a {@linkcode WebSocketClientEndpoint}. */
export interface WebSocketClientOptions {
  /**
   * The subprotocols to offer, the preferred one first. If any is offered, the server must choose
   * one of them.
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
   * Further header fields of the request, such as `Authorization`, `Cookie` or `Origin`.
   *
   * @default {undefined} None.
   */
  headers?: HeadersInit | undefined;
  /**
   * Seconds for the handshake, from the connection to the answer; `Infinity` for no limit. The
   * connection itself has the timeout of its endpoint.
   *
   * @default {10}
   */
  handshakeTimeout?: number | undefined;
  /**
   * The maximum number of bytes in the head of the answer.
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
  /**
   * Fills memory with the random bytes of the request.
   *
   * @default {undefined} `crypto.getRandomValues`.
   */
  getRandomValues?: RandomSource | undefined;
}

/**
 * A client endpoint for WebSocket connections over another endpoint, such as a UNIX socket. Its
 * factories must build {@linkcode WebSocketProtocol}s. Use it with `connectProtocol`, or with a
 * `ClientService` that reconnects. For TCP and TLS, `webSocketEndpoint` makes it from a URL.
 *
 * `connect` fails with a {@linkcode WebSocketHandshakeError} if the server refuses.
 *
 * @example Over a UNIX socket
 * ```ts no-eval
 * import { connectProtocol, reactor, UNIXClientEndpoint } from "@torsion/reactor";
 * import { WebSocketClientEndpoint, WebSocketProtocol } from "@torsion/reactor/websocket";
 *
 * reactor.run();
 * const socket = new UNIXClientEndpoint(reactor, "/run/events.socket");
 * const endpoint = new WebSocketClientEndpoint(socket, "ws://localhost/events");
 * const protocol = await connectProtocol(endpoint, new WebSocketProtocol());
 * protocol.send("Hello");
 * ```
 */
export class WebSocketClientEndpoint implements IStreamClientEndpoint {
  readonly #endpoint: IStreamClientEndpoint;
  readonly #options: ClientHandshakeOptions;

  /**
   * Creates an endpoint. It does not connect yet.
   *
   * @param endpoint The underlying endpoint. For a `wss:` URL it must use TLS.
   * @param url The URL, for the path and the host of the request.
   * @param options The subprotocols, the header fields and the limits.
   * @throws {RangeError} when the URL or an option is not valid.
   * @throws {TypeError} when a header field is not valid.
   */
  constructor(
    endpoint: IStreamClientEndpoint,
    url: string | URL,
    options: WebSocketClientOptions = {},
  ) {
    const { subprotocols = [], headers, handshakeTimeout = 10, maxHeadLength = 16384 } = options;
    const fields = [...new Headers(headers)];
    for (const [name] of fields) {
      if (!RESERVED.test(name)) continue;
      throw new RangeError(`Cannot set the header field ${name}: the handshake sets it`);
    }
    for (const each of subprotocols) checkSubprotocol(each);
    checkTimeout("handshakeTimeout", handshakeTimeout);
    checkBound("maxHeadLength", maxHeadLength, 1);
    this.#endpoint = endpoint;
    const { clock, compression = false, getRandomValues = platformRandom } = options;
    checkFunction("WebSocket getRandomValues", getRandomValues);
    this.#options = {
      url: webSocketURL(url),
      subprotocols,
      compression,
      fields,
      handshakeTimeout,
      maxHeadLength,
      clock,
      getRandomValues,
    };
  }

  /**
   * Connects, and completes the handshake.
   *
   * @param factory The factory that builds the protocol, when the handshake is complete.
   * @param options `signal` ends the attempt.
   * @returns A Deferred that fires with the protocol.
   */
  connect<P extends IProtocol>(
    factory: ITypedProtocolFactory<P>,
    options?: EndpointOptions,
  ): Deferred<P> {
    const { url } = this.#options;
    const target = new HostnameAddress(hostOf(url), portOf(url));
    return connectNegotiated(
      this.#endpoint,
      target,
      factory,
      (events) => new ClientHandshake(this.#options, target, events),
      options,
    );
  }

  /** Returns the URL without its query, which may contain secrets, and the underlying endpoint. */
  toString(): string {
    const { url } = this.#options;
    return `${url.origin}${url.pathname} over ${this.#endpoint}`;
  }
}
