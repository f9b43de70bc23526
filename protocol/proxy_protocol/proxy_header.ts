import type { Address } from "../../reactor/interfaces/mod.ts";
import { FramingError } from "../framing/framing_error.ts";
import { type ProxiedTLS, tlsIn } from "./proxied_tls.ts";
import { type ProxyTLV, ProxyTLVType } from "./tlv.ts";

const decoder = new TextDecoder();

/**
 * Thrown when received bytes are not a PROXY protocol header. Twisted has two more classes, for an
 * unknown protocol and for missing addresses.
 */
export class InvalidProxyHeader extends FramingError {
  /** The error's name. */
  override readonly name = "InvalidProxyHeader";
}

/** The parts of a {@linkcode ProxyHeader}. */
export interface ProxyHeaderParts {
  /** The version of the protocol. */
  readonly version: 1 | 2;
  /** The command. */
  readonly command: "PROXY" | "LOCAL";
  /** The address of the client; `null` if the header does not name it. */
  readonly source: Address | null;
  /** The address to which the client connected; `null` if the header does not name it. */
  readonly destination: Address | null;
  /** The additional information. */
  readonly tlvs: readonly ProxyTLV[];
  /** The header as it was received. */
  readonly bytes: Uint8Array;
}

/** A header of the PROXY protocol that was received. Twisted's `ProxyInfo`, which has no TLVs. */
export class ProxyHeader implements ProxyHeaderParts {
  /** The version of the protocol: 1 is text, 2 is binary. */
  readonly version: 1 | 2;
  /**
   * `"PROXY"` for a connection on behalf of a client; `"LOCAL"` for a connection of the proxy
   * itself, such as a health check.
   */
  readonly command: "PROXY" | "LOCAL";
  /**
   * The address of the client. `null` if the header names none: with `LOCAL`, and with `UNKNOWN` or
   * an unspecified address family. The connection's own address counts then.
   */
  readonly source: Address | null;
  /** The address to which the client connected; `null` if `source` is. */
  readonly destination: Address | null;
  /** The additional information of version 2, in the order of the header. */
  readonly tlvs: readonly ProxyTLV[];
  /** The header as it was received. */
  readonly bytes: Uint8Array;

  /**
   * Creates a header.
   *
   * @param parts The parts of the header.
   */
  constructor(parts: ProxyHeaderParts) {
    this.version = parts.version;
    this.command = parts.command;
    this.source = parts.source;
    this.destination = parts.destination;
    this.tlvs = parts.tlvs;
    this.bytes = parts.bytes;
  }

  /**
   * The application protocol that the client negotiated (ALPN), such as `h2`; `null` if unknown.
   */
  get alpn(): string | null {
    return this.#text(ProxyTLVType.ALPN);
  }

  /** The host name that the client requested, as in SNI; `null` if unknown. */
  get authority(): string | null {
    return this.#text(ProxyTLVType.AUTHORITY);
  }

  /** The identifier that the proxy gave to the connection; `null` without one. */
  get uniqueId(): Uint8Array | null {
    return this.tlv(ProxyTLVType.UNIQUE_ID);
  }

  /** The name of the network namespace; `null` if unknown. */
  get networkNamespace(): string | null {
    return this.#text(ProxyTLVType.NETNS);
  }

  /** The client's TLS connection to the proxy; `null` if the header does not describe it. */
  get tls(): ProxiedTLS | null {
    const value = this.tlv(ProxyTLVType.SSL);
    return value === null ? null : tlsIn(value);
  }

  /**
   * Returns the value of the first TLV of a type.
   *
   * @param type The type, from 0 to 255; see {@linkcode ProxyTLVType}.
   * @returns The value; `null` if the header has no such TLV.
   */
  tlv(type: number): Uint8Array | null {
    return this.tlvs.find((tlv) => tlv.type === type)?.value ?? null;
  }

  /** Describes the header for a log: `PROXY header for 192.0.2.1:56324`, `PROXY header (LOCAL)`. */
  toString(): string {
    if (this.source !== null) return `PROXY header for ${this.source}`;
    return `PROXY header (${this.command === "LOCAL" ? "LOCAL" : "unknown client"})`;
  }

  #text(type: number): string | null {
    const value = this.tlv(type);
    return value === null ? null : decoder.decode(value);
  }
}
