/**
 * Validation of TLS options, and their conversion to those of `node:tls`.
 *
 * @module
 */

import type { ConnectionOptions, TlsOptions, TLSSocket } from "node:tls";
import { isIPAddress, isIPv6Address } from "../../addresses.ts";
import type { TLSClientOptions, TLSOptions, TLSServerOptions } from "../../interfaces/mod.ts";
import { encodeHostname } from "../../names/hostname.ts";
import type { TLSContext, TLSProvider } from "../../tls/tls_engine.ts";
import { asError } from "../../../defer/guarded_call.ts";
import { checkTimeout, quote } from "../../../internal/validation.ts";
import type { Certificate } from "../../tls/certificate.ts";
import {
  CertificateError,
  hideCertificates,
  peerCertificateOf,
  peerChain,
  type PeerTrust,
  verifyChain,
} from "./certificate_chain.ts";
import { CertificateChoice } from "./certificate_choice.ts";
import { type BeginHandshake, type Handshaking, NodeTLSEngine } from "./tls_engine.ts";
import { checkedProtocols, tlsMaterial, trustedRoots } from "./tls_material.ts";
import { tlsModule } from "./builtin_modules.ts";

const NO_BYTES = new Uint8Array(0);

/** The TLS provider on `node:tls`. */
export const nodeTLS: TLSProvider = {
  server: (options) => context(options, serverHandshake(options)),
  client: (options) => context(options, clientHandshake(options)),
};

function context(options: TLSOptions, begin: BeginHandshake): TLSContext {
  const { handshakeTimeout = 10 } = options;
  checkTimeout("handshakeTimeout", handshakeTimeout);
  return { handshakeTimeout, newEngine: () => new NodeTLSEngine(begin) };
}

function clientHandshake(options: TLSClientOptions): BeginHandshake {
  const { serverName, unsafelyIgnoreCertificateErrors = false, caCerts = [] } = options;
  if (serverName === undefined && !unsafelyIgnoreCertificateErrors) {
    throw new TypeError(
      "Cannot connect with TLS without serverName: " +
        "it is the name or address that the server's certificate must match",
    );
  }
  const host = serverName === undefined ? undefined : encodeHostname(serverName);
  const socketOptions: ConnectionOptions = {
    ...host === undefined ? {} : identityOption(host),
    // This option is always set: without it, an environment variable (NODE_TLS_REJECT_UNAUTHORIZED)
    // could disable verification.
    rejectUnauthorized: !unsafelyIgnoreCertificateErrors,
    // Node's check of the names is disabled, because `verifyChain` checks them.
    checkServerIdentity: () => undefined,
    ALPNProtocols: checkedProtocols(options.alpnProtocols),
    secureContext: tlsModule().createSecureContext(tlsMaterial(options)),
  };
  const trust: PeerTrust | null = unsafelyIgnoreCertificateErrors ? null : {
    purpose: "server",
    roots: caCerts.length > 0 ? trustedRoots(caCerts) : null,
    ...host === undefined ? {} : { host },
  };
  return (wire, handshaking) => {
    const socket = tlsModule().connect({ ...socketOptions, socket: wire });
    hideCertificates(socket);
    // The listener stays until the socket closes, because an `error` event without a listener would
    // end the process.
    socket.on("error", (error) => handshaking.failed(explained(error)));
    socket.once("secureConnect", () =>
      settle(
        socket,
        handshaking,
        () => trust === null ? peerCertificateOf(socket) : verifyChain(peerChain(socket), trust),
      ));
  };
}

/**
 * Completes a handshake with the peer's certificate, or fails it with an error. An exception also
 * fails the handshake: thrown in an event handler, it would end the process.
 */
function settle(
  socket: TLSSocket,
  handshaking: Handshaking,
  verify: () => Certificate | null,
): void {
  try {
    handshaking.secured(socket, verify());
  } catch (error) {
    handshaking.failed(asError(error));
    socket.destroy();
  }
}

/**
 * Explains an error code that Deno uses for several defects of a certificate (checked on 2.9.6).
 */
function explained(error: Error & { code?: string }): Error {
  if (error.code !== "UNABLE_TO_VERIFY_LEAF_SIGNATURE") return error;
  const reason =
    "no known authority has signed it, its key or signature algorithm is not supported, or " +
    "it has expired or is not valid yet: Deno does not report which";
  return new CertificateError({ code: error.code, reason }, error);
}

/**
 * Returns the engine's option for the server's identity. An address is verified, but not sent to
 * the server: RFC 6066 only allows ASCII names.
 */
function identityOption(host: string): ConnectionOptions {
  return isIPAddress(host) || isIPv6Address(host) ? { host } : { servername: host };
}

function serverHandshake(options: TLSServerOptions): BeginHandshake {
  const { certificates, caCerts = [] } = options;
  const { clientCertificate = caCerts.length > 0 ? "require" : undefined } = options;
  if (options.cert === undefined && options.key === undefined && certificates === undefined) {
    throw new TypeError(
      "Cannot start a TLS server without a certificate: pass cert and key, or certificates",
    );
  }
  checkClientCertificate(clientCertificate, caCerts);
  const serverOptions: TlsOptions = {
    ...tlsMaterial(options),
    requestCert: clientCertificate !== undefined,
    rejectUnauthorized: clientCertificate === "require",
    ALPNProtocols: checkedProtocols(options.alpnProtocols),
    // The value -1 disables node's own handshake timeout; zero and undefined do not.
    handshakeTimeout: -1,
  };
  const roots = trustedRoots(caCerts);
  const choice = certificates && new CertificateChoice(certificates, options);
  return (wire, handshaking) => {
    const own = { ...serverOptions };
    if (choice !== undefined) {
      own.SNICallback = (serverName, chosen) =>
        choice.choose({
          serverName,
          answer: (context) => {
            chosen(null, context);
            // The empty chunk makes the engine continue. When TLS runs over a stream like this one,
            // the engine sends only after it receives data (checked on Deno 2.9.6).
            wire.emit("data", NO_BYTES);
          },
          failed: (reason) => handshaking.failed(reason),
        });
    }
    const server = tlsModule().createServer(own);
    server.once(
      "secureConnection",
      (socket) => settle(socket, handshaking, () => verifyClient(socket, clientCertificate, roots)),
    );
    server.once("tlsClientError", (error, socket) => {
      handshaking.failed(unauthorized(socket) ?? error);
    });
    server.emit("connection", wire);
  };
}

/**
 * Verifies a client against the port's own roots. Deno shares sessions between all servers of a
 * process, so a resumed session may carry a certificate that another port has verified against
 * other roots, or not at all (checked on 2.9.6).
 *
 * @returns The client's certificate; null if it has none or none was requested.
 * @throws {CertificateError} If the client must be refused.
 */
function verifyClient(
  socket: TLSSocket,
  clientCertificate: TLSServerOptions["clientCertificate"],
  roots: readonly Certificate[],
): Certificate | null {
  if (clientCertificate === undefined) return null;
  const chain = peerChain(socket);
  if (chain.length === 0) {
    if (clientCertificate === "request") return null;
    throw new CertificateError({
      code: "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
      reason:
        "the client has sent no certificate, neither in this session nor in the session that it resumes",
    });
  }
  const refused = unauthorized(socket);
  if (refused !== null) throw refused;
  return verifyChain(chain, { purpose: "client", roots });
}

/** Returns the engine's error about the client's certificate; null if there is none. */
function unauthorized(socket: TLSSocket): Error | null {
  // Node's types declare an Error here, but the value is the code of an error.
  const code: unknown = socket.authorizationError;
  if (!code) return null;
  return explained(new CertificateError({ code: String(code), reason: String(code) }));
}

function checkClientCertificate(clientCertificate: unknown, caCerts: readonly string[]): void {
  if (clientCertificate === undefined) return;
  if (clientCertificate !== "require" && clientCertificate !== "request") {
    throw new RangeError(
      `clientCertificate must be "require" or "request", got ${quote(clientCertificate)}`,
    );
  }
  if (caCerts.length === 0) {
    throw new TypeError(
      "Cannot use clientCertificate without caCerts, the authorities that sign client certificates",
    );
  }
}
