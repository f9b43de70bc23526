/**
 * TLS on a connection.
 *
 * @module
 */

/** A certificate and its private key. Either text may hold both, in any order; the other can be left out then. */
export interface TLSCertificate {
  /** The certificate as PEM, followed by those between it and the root. */
  cert?: string;
  /** Its private key as PEM, not encrypted. */
  key?: string;
}

/** What both sides of TLS may say. */
export interface TLSOptions {
  /** This side's certificate as PEM, followed by those between it and the root. It may hold the private key as well, in any order. */
  cert?: string | undefined;
  /** The certificate's private key as PEM, not encrypted. It may hold the certificate as well, in any order. */
  key?: string | undefined;
  /**
   * The roots that the peer's certificate is checked against, as PEM, each text of one certificate or several. They take the place of the
   * system's. A server that names some asks its clients for a certificate; see {@linkcode TLSServerOptions.clientCertificate}.
   *
   * A certificate that signs others, including a root, must be valid at the time, must be an authority (`CA:TRUE`), and must have the key
   * usage `keyCertSign` if it has key usages. A peer's certificate that is one of the roots needs no issuer.
   */
  caCerts?: readonly string[] | undefined;
  /**
   * The protocols to speak over TLS, the most wanted first (RFC 7301). The handshake fails where both sides name some and share none.
   *
   * @default {[]}
   */
  alpnProtocols?: readonly string[] | undefined;
  /**
   * Seconds that the handshake may take.
   *
   * @default {10}
   */
  handshakeTimeout?: number | undefined;
}

/** How a server speaks TLS. */
export interface TLSServerOptions extends TLSOptions {
  /**
   * The certificate for the name that the client asked for (SNI, RFC 6066), `""` if it named none. Asked at each handshake, so that new
   * certificates serve from the next one on, and no port has to be closed. `undefined` stands for `cert` and `key`; where there are none
   * the handshake fails. Return the same object while nothing has changed: it is parsed once.
   *
   * It may return a promise: the handshake waits for it, no longer than `handshakeTimeout`. An exception, a rejection and a certificate
   * that cannot be used are logged, and fail that handshake.
   */
  certificates?: (
    serverName: string,
  ) => TLSCertificate | undefined | PromiseLike<TLSCertificate | undefined>;
  /**
   * Whether a client must have a certificate (`"require"`) or may (`"request"`). One that it shows must be signed by one of
   * {@linkcode TLSOptions.caCerts} either way. Both hold for resumed sessions as for new ones: a session that another port has begun is
   * refused unless its certificate passes here. Without it `getPeerCertificate()` returns `null`, whatever a resumed session carries.
   *
   * @default {"require"} with `caCerts`; without, none is asked for
   */
  clientCertificate?: "require" | "request" | undefined;
}

/** How a client speaks TLS. */
export interface TLSClientOptions extends TLSOptions {
  /**
   * The name, or the address, that the server's certificate must contain as an alternative name (RFC 9525). A common name does not count,
   * and a wildcard must be the whole first label. A name is also sent to the server (SNI), in ASCII (IDNA).
   *
   * @default the host that `connectTLS` connects to; `startTLS` and `wrapClientTLS` have none
   */
  serverName?: string | undefined;
  /**
   * Takes any certificate, whoever it is for and whoever signed it. Whoever is on the way can then read and change everything.
   *
   * @default {false}
   */
  unsafelyIgnoreCertificateErrors?: boolean | undefined;
}

/** How TLS begins on a connection that is there. */
export interface StartTLSOptions extends TLSServerOptions, TLSClientOptions {
  /**
   * Which side of the handshake this is.
   *
   * @default `"client"` on a connection that this side opened, `"server"` on one that it accepted
   */
  role?: "client" | "server" | undefined;
  /**
   * Bytes that the protocol has received already and that belong to the handshake. They go to TLS before what comes next, never to the
   * protocol: a peer that has sent anything but TLS fails the handshake.
   *
   * @default nothing
   */
  received?: Uint8Array | undefined;
}

/**
 * A name in a certificate: its parts by their short names, `CN`, `O`, `OU`. Of several parts with one name, the last. A value is unchanged
 * from the certificate, including line breaks.
 */
export type DistinguishedName = Readonly<Record<string, string>>;

/** What the peer's certificate says. It has been verified, unless this side asked for no verification. */
export interface PeerCertificate {
  /** Whom it is for. */
  readonly subject: DistinguishedName;
  /** Who signed it. */
  readonly issuer: DistinguishedName;
  /**
   * The alternative names, each with its kind before the first colon: `DNS:example.org`, `IP Address:192.0.2.1`, `URI:…`, `email:…`,
   * `DirName:…`. Each element is exactly one name of the certificate, including commas.
   */
  readonly subjectAltName: readonly string[];
  /** When it begins to be valid. */
  readonly validFrom: Date;
  /** When it ends to be valid. */
  readonly validTo: Date;
  /** The SHA-256 digest of {@linkcode raw}, as `AB:CD:…`. */
  readonly fingerprint256: string;
  /** The certificate itself, as DER. */
  readonly raw: Uint8Array;
}

/**
 * What TLS is to a connection. Twisted's `ITLSTransport`, `ISSLTransport` and `INegotiated`.
 *
 * A connection over TLS is closed as any other, where Twisted has rules of its own. After `loseConnection` nothing more is received; Twisted
 * delivers what comes until the peer closes, too. What is written after it, before the connection is lost, still goes out; Twisted drops it.
 * And `connectionLost` comes when all has gone out, and does not wait for the peer's close_notify, which need not ever come.
 */
export interface ITLSTransport {
  /** Whether a handshake is done, and all that is written and received is protected. */
  readonly secure: boolean;
  /** Whether TLS has begun: from `startTLS` on, before its handshake is done. */
  readonly tlsStarted: boolean;
  /** The protocol that both sides agreed on by ALPN; `null` without one, and before the handshake is done. */
  readonly negotiatedProtocol: string | null;
  /**
   * Returns the peer's certificate. It is `null` without a certificate, before the handshake has completed, and for a malformed certificate,
   * which only `unsafelyIgnoreCertificateErrors` accepts.
   */
  getPeerCertificate(): PeerCertificate | null;
  /**
   * Begins TLS on the connection as it is. What was written before goes out as it was; what is written after is protected, and waits for
   * the handshake. What comes from now on belongs to the handshake, also what came while the connection was paused. The protocol is told
   * by {@linkcode IHandshakeListener.handshakeCompleted}; a handshake that fails loses the connection with a `TLSError`.
   *
   * **Keep nothing that came before.** A client may send its next commands before the handshake, and so may whoever is between: a
   * server that keeps them executes them as if they had come protected (CVE-2011-0411); a client that keeps answers has the same problem.
   * `LineReceiver` and its kin abort the connection when lines are left in their buffer. A protocol that takes its input apart
   * by itself throws away what follows the command in the chunk that `dataReceived` is handling, or passes it on as
   * {@linkcode StartTLSOptions.received}. What comes later goes to the handshake by itself.
   *
   * Does nothing on a connection that is lost, as `write` does.
   *
   * @throws {Error} when TLS has begun already, or the writing side has been closed.
   * @throws {TypeError} when the options lack what this side needs, or a key, a certificate, a root or a protocol name cannot be used.
   * @throws {RangeError} when an option is out of range, or `serverName` is no name.
   * @throws {UnsupportedError} when this transport, or its reactor, knows no TLS.
   *
   * @example The server's side of STARTTLS
   * ```ts
   * import { Protocol } from "@torsion/reactor";
   *
   * class Greeter extends Protocol {
   *   cert = "";
   *   key = "";
   *   override dataReceived(data: Uint8Array) {
   *     if (new TextDecoder().decode(data) !== "STARTTLS\r\n") return; // whatever follows it is thrown away
   *     this.transport.write("220 Go ahead\r\n");
   *     this.transport.startTLS({ cert: this.cert, key: this.key });
   *   }
   *   handshakeCompleted() {
   *     this.transport.write("Now nobody else hears this\r\n");
   *   }
   * }
   * ```
   */
  startTLS(options: StartTLSOptions): void;
}
