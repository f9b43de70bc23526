/**
 * TLS options, and TLS on an existing connection.
 *
 * @module
 */

/**
 * A certificate and its private key. One text may contain both, in any order; the other one is then
 * not needed.
 */
export interface TLSCertificate {
  /** The certificate as PEM, followed by its intermediate certificates. */
  cert?: string;
  /** The private key as PEM, not encrypted. */
  key?: string;
}

/** TLS options of both servers and clients. */
export interface TLSOptions {
  /**
   * This side's certificate as PEM, followed by its intermediate certificates. The text may also
   * contain the private key, in any order.
   */
  cert?: string | undefined;
  /**
   * The private key as PEM, not encrypted. The text may also contain the certificates, in any
   * order.
   */
  key?: string | undefined;
  /**
   * The trusted root certificates for the peer's certificate, as PEM texts of one or more
   * certificates each. They replace the system's root certificates. On a server, this option makes
   * client certificates required; see {@linkcode TLSServerOptions.clientCertificate}.
   *
   * Every issuing certificate, including a root, must be within its validity period, must be a
   * certificate authority (`CA:TRUE`), and must have the key usage `keyCertSign` if it lists key
   * usages. A peer's certificate that is itself one of the roots needs no issuer.
   */
  caCerts?: readonly string[] | undefined;
  /**
   * The ALPN protocols that this side supports, in order of preference (RFC 7301). The handshake
   * fails if both sides offer protocols and have none in common.
   *
   * @default {[]}
   */
  alpnProtocols?: readonly string[] | undefined;
  /**
   * The timeout of the handshake, in seconds.
   *
   * @default {10}
   */
  handshakeTimeout?: number | undefined;
}

/** TLS options of servers. */
export interface TLSServerOptions extends TLSOptions {
  /**
   * A function that returns the certificate for a server name. It is called at each handshake with
   * the name that the client requested (SNI, RFC 6066), or with `""` if the client requested none,
   * so that a renewed certificate is used from the next handshake on.
   *
   * If it returns `undefined`, `cert` and `key` are used; without these the handshake fails. It may
   * return a promise, for which the handshake waits at most `handshakeTimeout` seconds. An
   * exception, a rejection or an invalid certificate is logged and fails the handshake. Return the
   * same object while the certificate is unchanged, because each object is parsed only once.
   */
  certificates?:
    | ((serverName: string) => TLSCertificate | undefined | PromiseLike<TLSCertificate | undefined>)
    | undefined;
  /**
   * Whether a client must present a certificate (`"require"`) or may present one (`"request"`). In
   * either case, a presented certificate must be valid under {@linkcode TLSOptions.caCerts}.
   *
   * The option also applies to resumed sessions: a session from another port is rejected unless its
   * certificate is valid for this port. If the port does not request certificates,
   * `getPeerCertificate()` returns `null` even if a resumed session has one.
   *
   * @default {undefined} `"require"` with `caCerts`; otherwise the server requests no certificate.
   */
  clientCertificate?: "require" | "request" | undefined;
}

/** TLS options of clients. */
export interface TLSClientOptions extends TLSOptions {
  /**
   * The host name or IP address that the server's certificate must contain as a subject alternative
   * name (RFC 9525). The common name is ignored, and a wildcard must be the whole first label. A
   * host name is also sent to the server (SNI), in its ASCII form (IDNA).
   *
   * @default {undefined} The host to which `connectTLS` connects. `startTLS` and `wrapClientTLS`
   *   have no default.
   */
  serverName?: string | undefined;
  /**
   * Whether to accept any certificate of the server, without verification. An attacker on the
   * network can then read and modify all data.
   *
   * @default {false}
   */
  unsafelyIgnoreCertificateErrors?: boolean | undefined;
}

/** Options of {@linkcode ITLSTransport.startTLS}. */
export interface StartTLSOptions extends TLSServerOptions, TLSClientOptions {
  /**
   * The role of this side in the handshake.
   *
   * @default {undefined} `"client"` on an outgoing connection, `"server"` on an accepted
   *   connection.
   */
  role?: "client" | "server" | undefined;
  /**
   * Bytes of the handshake that the protocol has already received. The TLS layer processes them
   * before further input. If they are not valid TLS, the handshake fails.
   *
   * @default {undefined} No bytes.
   */
  received?: Uint8Array | undefined;
}

/**
 * A distinguished name in a certificate: its attributes by their short names, such as `CN`, `O` and
 * `OU`. If an attribute occurs several times, the object has the last one. The values are unchanged
 * and may contain line breaks.
 */
export type DistinguishedName = Readonly<Record<string, string>>;

/**
 * The certificate of the peer. It has been verified, unless `unsafelyIgnoreCertificateErrors` is
 * set.
 */
export interface PeerCertificate {
  /** The name of the certificate's holder. */
  readonly subject: DistinguishedName;
  /** The name of the certificate's issuer. */
  readonly issuer: DistinguishedName;
  /**
   * The subject alternative names. Each element is one name, with its type before the first colon:
   * `DNS:example.org`, `IP Address:192.0.2.1`, `URI:…`, `email:…`, `DirName:…`. A name may contain
   * commas.
   */
  readonly subjectAltName: readonly string[];
  /** The beginning of the certificate's validity period. */
  readonly validFrom: Date;
  /** The end of the certificate's validity period. */
  readonly validTo: Date;
  /** The SHA-256 digest of {@linkcode raw}, as `AB:CD:…`. */
  readonly fingerprint256: string;
  /** The certificate as DER. */
  readonly raw: Uint8Array;
}

/**
 * The TLS members of a transport. Twisted's `ITLSTransport`, `ISSLTransport` and `INegotiated`.
 *
 * A connection over TLS closes in the same way as a connection without it. Twisted differs in three
 * points. After `loseConnection` nothing more is received here; Twisted delivers data until the
 * peer closes. A write after `loseConnection` is still sent while the connection is open; Twisted
 * drops it. And `connectionLost` is called when all data has been sent; Twisted waits for the
 * peer's close_notify.
 */
export interface ITLSTransport {
  /** Whether the TLS handshake has completed, so that all data in both directions is encrypted. */
  readonly secure: boolean;
  /**
   * Whether TLS has started. `true` from `startTLS` on, also while the handshake is in progress.
   */
  readonly tlsStarted: boolean;
  /**
   * The protocol that both sides agreed on by ALPN. `null` without an agreement, and before the
   * handshake has completed.
   */
  readonly negotiatedProtocol: string | null;
  /**
   * Returns the peer's certificate. Returns `null` if the peer has not presented one, before the
   * handshake has completed, and for a malformed certificate, which only
   * `unsafelyIgnoreCertificateErrors` accepts.
   */
  getPeerCertificate(): PeerCertificate | null;
  /**
   * Starts TLS on an open connection. Earlier writes are sent unencrypted; later writes are
   * encrypted and wait for the handshake. All further input belongs to the handshake, including
   * input that arrived while the connection was paused.
   *
   * When the handshake has completed, the protocol's
   * {@linkcode IHandshakeListener.handshakeCompleted} is called. If the handshake fails, the
   * connection is lost with a `TLSError`. On a closed connection this method does nothing.
   *
   * **Discard all input that was received before.** An attacker on the network may have sent it in
   * plain text: a server that keeps such commands executes them as if they had arrived encrypted
   * (CVE-2011-0411), and a client that keeps responses has the same problem. `LineReceiver` and its
   * kin abort the connection if lines are left in their buffer. A protocol with its own parser must
   * discard the rest of the chunk that `dataReceived` is handling, or pass it as
   * {@linkcode StartTLSOptions.received}.
   *
   * @throws {Error} If TLS has already started, or the writing side has been closed.
   * @throws {TypeError} If a required option is missing, or a key, certificate, root certificate or
   *   protocol name is invalid.
   * @throws {RangeError} If an option is out of range, or `serverName` is not a valid name.
   * @throws {UnsupportedError} If this transport or its reactor does not support TLS.
   *
   * @example The server's side of STARTTLS
   * ```ts
   * import { Protocol } from "@torsion/reactor";
   *
   * class Greeter extends Protocol {
   *   cert = "";
   *   key = "";
   *   override dataReceived(data: Uint8Array) {
   *     // A chunk with more input after the command is not equal to it, and is ignored.
   *     if (new TextDecoder().decode(data) !== "STARTTLS\r\n") return;
   *     this.transport.write("220 Go ahead\r\n");
   *     this.transport.startTLS({ cert: this.cert, key: this.key });
   *   }
   *   handshakeCompleted() {
   *     this.transport.write("This line is encrypted\r\n");
   *   }
   * }
   * ```
   */
  startTLS(options: StartTLSOptions): void;
}
