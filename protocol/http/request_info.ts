import type { Address, IProtocol, ITransport } from "../../reactor/interfaces/mod.ts";
import { checkSwitchable } from "../../reactor/stream/protocol_switch.ts";
import type { RequestHead } from "./request_head.ts";

/** A change of protocols that a handler has agreed to. */
export interface AgreedUpgrade {
  /** The protocol that takes over the connection. */
  readonly protocol: IProtocol;
  /** The fields of the answer 101; `null` if the protocol answers the request itself. */
  readonly headers: Headers | null;
  /** The response that the handler must return. */
  readonly response: Response;
}

/** Returns the change of protocols that a handler has agreed to; `null` for none. */
export let agreedUpgrade: (info: HTTPRequestInfo) => AgreedUpgrade | null;

/** What a handler can learn about a request besides the `Request`, and its change of protocols. */
export class HTTPRequestInfo {
  readonly #head: RequestHead;
  readonly #transport: ITransport;
  #agreed: AgreedUpgrade | null = null;

  static {
    agreedUpgrade = (info) => info.#agreed;
  }

  /**
   * Creates the information. A channel does it for each request.
   *
   * @param head The head of the request.
   * @param transport The connection.
   */
  constructor(head: RequestHead, transport: ITransport) {
    this.#head = head;
    this.#transport = transport;
  }

  /** The client's address: behind a `ProxyProtocolFactory`, the one that the proxy reports. */
  get peer(): Address {
    return this.#transport.getPeer();
  }

  /** The address of the server's end of the connection. */
  get host(): Address {
    return this.#transport.getHost();
  }

  /** The connection. Do not write to it: use {@linkcode upgrade} to take it over. */
  get transport(): ITransport {
    return this.#transport;
  }

  /** The version of HTTP of the request. */
  get httpVersion(): "1.0" | "1.1" {
    return this.#head.minorVersion === 1 ? "1.1" : "1.0";
  }

  /** The request target as it was sent. It is `*` in `OPTIONS * HTTP/1.1`. */
  get target(): string {
    return this.#head.target;
  }

  /**
   * The protocols that the client offers to switch to, as in its field `Upgrade`, such as
   * `websocket`; `""` if it offers none.
   */
  get offeredUpgrade(): string {
    return this.#head.upgrade;
  }

  /**
   * Agrees to switch the connection to another protocol, such as WebSocket.
   *
   * When the handler has returned the response, the channel answers `101 Switching Protocols`, and
   * then the connection belongs to the protocol: its `makeConnection` is called, and
   * `dataReceived` with the bytes that have arrived after the request.
   *
   * @param protocol The protocol that takes over the connection.
   * @param headers The fields of the answer. `Connection: Upgrade` is added, and `Upgrade`, with
   *   what the client offers, unless it is among them.
   * @returns The response to return from the handler. If the handler returns another one, the
   *   connection is not switched.
   * @throws {TypeError} when the client does not offer to switch, or the request has a body.
   * @throws {UnsupportedError} when the transport cannot be passed to another protocol.
   */
  upgrade(protocol: IProtocol, headers?: HeadersInit): Response {
    const { upgrade } = this.#head;
    if (upgrade === "") this.#refuse("the client does not offer it");
    const fields = new Headers(headers);
    if (!fields.has("upgrade")) fields.set("upgrade", upgrade);
    fields.set("connection", "Upgrade");
    return this.#agree(protocol, fields);
  }

  /**
   * Agrees to pass the connection, with the request, to a protocol that answers the request itself,
   * such as one with a handshake of its own.
   *
   * When the handler has returned the response, the connection belongs to the protocol: its
   * `makeConnection` is called, and `dataReceived` with the bytes of the request's head as they
   * were sent, and with what has arrived after it.
   *
   * @param protocol The protocol that takes over the connection.
   * @returns The response to return from the handler. If the handler returns another one, the
   *   connection is not passed on.
   * @throws {TypeError} when the request has a body.
   * @throws {UnsupportedError} when the transport cannot be passed to another protocol.
   */
  takeOver(protocol: IProtocol): Response {
    return this.#agree(protocol, null);
  }

  #agree(protocol: IProtocol, headers: Headers | null): Response {
    if (this.#head.hasBody) this.#refuse("the request has a body");
    checkSwitchable("upgrade", this.#transport);
    const response = new Response(null);
    this.#agreed = { protocol, headers, response };
    return response;
  }

  #refuse(why: string): never {
    const { method } = this.#head;
    throw new TypeError(`Cannot upgrade the connection of a ${method} request: ${why}`);
  }
}
