import { asError, logUserError } from "../../defer/guarded_call.ts";
import { messageOf } from "../../internal/foreign_value.ts";
import type { Address, IProtocol, IReactorTime } from "../../reactor/interfaces/mod.ts";
import { countUnderPeer } from "../../reactor/stream/peer_naming.ts";
import { FramingError, IncompleteFrameError } from "../framing/framing_error.ts";
import { NegotiatedConnection } from "../negotiated_connection.ts";
import { nameByHeader } from "./header_of_address.ts";
import type { ProxyHeader } from "./proxy_header.ts";
import { ProxyHeaderDecoder } from "./proxy_header_decoder.ts";

/** What a {@linkcode ProxiedConnection} needs of its factory. */
export interface ProxiedConnectionOwner {
  /** The maximum length of a header, in bytes. */
  readonly maxHeaderLength: number;
  /** Seconds for the header to arrive. */
  readonly headerTimeout: number;
  /** The clock; `undefined` for that of the connection. */
  readonly clock: IReactorTime | undefined;
  /** Builds the application's protocol for a client; `null` to refuse the connection. */
  build(peer: Address): IProtocol | null;
  /** Logs that a connection was refused. */
  refused(peer: Address, reason: string): void;
}

/**
 * A connection from a proxy. It reads the header, and then is the transport of the application's
 * protocol, with the addresses that the header names.
 */
export class ProxiedConnection extends NegotiatedConnection {
  readonly #owner: ProxiedConnectionOwner;
  readonly #decoder: ProxyHeaderDecoder;
  #peer: Address | null = null;
  #host: Address | null = null;

  /** @param owner The factory. */
  constructor(owner: ProxiedConnectionOwner) {
    super();
    this.#owner = owner;
    this.#decoder = new ProxyHeaderDecoder({ maxLength: owner.maxHeaderLength });
  }

  override getPeer(): Address {
    return this.#peer ?? super.getPeer();
  }

  override getHost(): Address {
    return this.#host ?? super.getHost();
  }

  override connectionMade(): void {
    const { headerTimeout, clock } = this.#owner;
    this.setDeadline(headerTimeout, clock, () => {
      this.#refuse(`its PROXY header was not complete within ${headerTimeout} s`);
    });
  }

  override toString(): string {
    return this.#peer === null ? super.toString() : `${super.toString()} for ${this.#peer}`;
  }

  override logPrefix(): string {
    if (this.isNegotiating) return "PROXY header";
    return `${super.logPrefix()} (PROXY ${this.getPeer()})`;
  }

  protected override negotiationReceived(data: Uint8Array): void {
    // After a refusal, the connection is being aborted.
    if (this.transport.disconnecting) return;
    this.#decoder.push(data);
    let header: ProxyHeader | null;
    try {
      header = this.#decoder.next();
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      return this.#refuse(messageOf(error), error);
    }
    if (header !== null) return this.#headerReceived(header);
  }

  /** A proxy that checks the server's health may connect and send nothing. */
  protected override negotiationLost(): void {
    const { buffered } = this.#decoder;
    if (buffered === 0 || this.#peer !== null) return;
    const error = new IncompleteFrameError("PROXY header", buffered, 0);
    this.#owner.refused(this.transport.getPeer(), messageOf(error));
  }

  #headerReceived(header: ProxyHeader): void {
    const { transport } = this;
    this.#peer = nameByHeader(header.source ?? transport.getPeer(), header);
    this.#host = nameByHeader(header.destination ?? transport.getHost(), header);
    const rest = this.#decoder.takeRest();
    if (!countUnderPeer(transport, this.#peer)) return transport.abortConnection();
    const protocol = this.#build(this.#peer);
    if (protocol !== null) return this.complete(protocol, rest);
  }

  /** Builds the protocol of a client. If there is none, closes the connection. */
  #build(peer: Address): IProtocol | null {
    try {
      const protocol = this.#owner.build(peer);
      if (protocol === null) this.transport.loseConnection();
      return protocol;
    } catch (error) {
      this.transport.abortConnection(asError(error));
      logUserError(error, `Error while calling buildProtocol for ${peer}`);
      return null;
    }
  }

  #refuse(reason: string, cause?: Error): void {
    this.#decoder.takeRest();
    this.#owner.refused(this.getPeer(), reason);
    this.transport.abortConnection(cause);
  }
}
