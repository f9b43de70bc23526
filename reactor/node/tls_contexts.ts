/**
 * TLS options, checked and made into what `node:tls` takes.
 *
 * @module
 */

import type { X509Certificate } from "node:crypto";
import type { ConnectionOptions, TlsOptions, TLSSocket } from "node:tls";
import { isIPAddress, isIPv6Address } from "../addresses.ts";
import type { TLSClientOptions, TLSOptions, TLSServerOptions } from "../interfaces.ts";
import { encodeHostname } from "../names/hostname.ts";
import type { TlsContext, TlsProvider } from "../tls/tls_engine.ts";
import { asError } from "../user_code.ts";
import { checkDelay, quote } from "../validation.ts";
import { leadsToRoot, shownChain } from "./certificate_chain.ts";
import { CertificateChoice } from "./certificate_choice.ts";
import { type BeginHandshake, type Handshaking, NodeTlsEngine } from "./tls_engine.ts";
import { certificateRoots, checkedProtocols, tlsMaterial } from "./tls_material.ts";
import { tlsModule } from "./tls_module.ts";

const NOTHING = new Uint8Array(0);

/** TLS by `node:tls`. */
export const nodeTls: TlsProvider = {
  server: (options) => context(options, serverHandshake(options)),
  client: (options) => context(options, clientHandshake(options)),
};

function context(options: TLSOptions, begin: BeginHandshake): TlsContext {
  const { handshakeTimeout = 10 } = options;
  if (handshakeTimeout !== Infinity) checkDelay("handshakeTimeout", handshakeTimeout);
  return { handshakeTimeout, newEngine: () => new NodeTlsEngine(begin) };
}

function clientHandshake(options: TLSClientOptions): BeginHandshake {
  const { serverName, unsafelyIgnoreCertificateErrors = false, caCerts = [] } = options;
  if (serverName === undefined && !unsafelyIgnoreCertificateErrors) {
    throw new TypeError(
      "serverName is needed: the name or the address that the server's certificate must be for",
    );
  }
  const socketOptions: ConnectionOptions = {
    ...serverName === undefined ? {} : named(serverName),
    // Given always: without it, an environment variable could switch verification off.
    rejectUnauthorized: !unsafelyIgnoreCertificateErrors,
    ALPNProtocols: checkedProtocols(options.alpnProtocols),
    secureContext: tlsModule().createSecureContext(tlsMaterial(options)),
  };
  const roots = unsafelyIgnoreCertificateErrors ? [] : certificateRoots(caCerts);
  return (wire, handshaking) => {
    const socket = tlsModule().connect({ ...socketOptions, socket: wire });
    // Listens for as long as the socket lives: an error without a listener ends the process.
    socket.on("error", (error) => handshaking.failed(explained(error)));
    socket.once("secureConnect", () =>
      settle(socket, handshaking, () => {
        const isTrusted = roots.length === 0 || leadsToRoot(shownChain(socket), roots);
        return isTrusted ? socket.getPeerX509Certificate() : notSigned();
      }));
  };
}

/**
 * Completes a handshake with the peer's certificate, or fails it with an error. An exception fails it as well: thrown in an event
 * handler it would end the process.
 */
function settle(
  socket: TLSSocket,
  handshaking: Handshaking,
  verify: () => X509Certificate | Error | undefined,
): void {
  try {
    const verified = verify();
    if (!(verified instanceof Error)) return handshaking.secured(socket, verified);
    handshaking.failed(verified);
  } catch (error) {
    handshaking.failed(asError(error));
  }
  socket.destroy();
}

function notSigned(): Error {
  return certificateError("CERT_SIGNATURE_FAILURE", "no root has signed it");
}

/** Deno has one name for several things that are wrong with a certificate (checked on 2.9.6). */
function explained(error: Error & { code?: string }): Error {
  if (error.code !== "UNABLE_TO_VERIFY_LEAF_SIGNATURE") return error;
  return certificateError(
    error.code,
    "nobody known has signed it, or it has expired, or is not valid yet: Deno does not tell which",
    error,
  );
}

function certificateError(code: string, message: string, cause?: Error): Error {
  const error = new Error(`the certificate is not accepted: ${message}`, { cause });
  return Object.assign(error, { code });
}

/**
 * Whom the certificate must be for. An address is verified, but not told to the server: RFC 6066 knows names only, and in ASCII. Deno verifies
 * other names, too, and tells nothing of them; and for an empty one it would verify "localhost" (checked on 2.9.6).
 */
function named(serverName: string): ConnectionOptions {
  const name = encodeHostname(serverName);
  return isIPAddress(name) || isIPv6Address(name) ? { host: name } : { servername: name };
}

function serverHandshake(options: TLSServerOptions): BeginHandshake {
  const { certificates, caCerts = [] } = options;
  const { clientCertificate = caCerts.length > 0 ? "require" : undefined } = options;
  if (options.cert === undefined && options.key === undefined && certificates === undefined) {
    throw new TypeError("A TLS server needs a certificate: cert and key, or certificates");
  }
  checkClientCertificate(clientCertificate, caCerts);
  const serverOptions: TlsOptions = {
    ...tlsMaterial(options),
    requestCert: clientCertificate !== undefined,
    rejectUnauthorized: clientCertificate === "require",
    ALPNProtocols: checkedProtocols(options.alpnProtocols),
    // No time of its own: neither zero nor nothing means that.
    handshakeTimeout: -1,
  };
  const roots = certificateRoots(caCerts);
  const choice = certificates && new CertificateChoice(certificates, options);
  return (wire, handshaking) => {
    const own = { ...serverOptions };
    if (choice !== undefined) {
      own.SNICallback = (serverName, chosen) =>
        choice.choose({
          serverName,
          answer: (context) => {
            chosen(null, context);
            // Over a stream like this one the engine sends what it has when it receives something (checked on Deno 2.9.6).
            wire.emit("data", NOTHING);
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
 * Verifies a client by the port's own roots. Deno shares sessions between all servers of a process, so a resumed session may carry a
 * certificate that another port has verified by other roots, or none at all (checked on 2.9.6).
 *
 * @returns The client's certificate; `undefined` without one, or where none was asked for; an error to refuse the client with.
 */
function verifyClient(
  socket: TLSSocket,
  clientCertificate: TLSServerOptions["clientCertificate"],
  roots: readonly X509Certificate[],
): X509Certificate | Error | undefined {
  if (clientCertificate === undefined) return undefined;
  const chain = shownChain(socket);
  const [certificate] = chain;
  if (certificate === undefined) {
    return clientCertificate === "request" ? undefined : certificateError(
      "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
      "the client has shown none, in this session or in the one that it resumes",
    );
  }
  return unauthorized(socket) ?? (leadsToRoot(chain, roots) ? certificate : notSigned());
}

/** What is wrong with the client's certificate. */
function unauthorized(socket: TLSSocket): Error | null {
  // The types have it as an error; what is there is the error's code.
  const code: unknown = socket.authorizationError;
  if (!code) return null;
  return explained(certificateError(String(code), String(code)));
}

function checkClientCertificate(clientCertificate: unknown, caCerts: readonly string[]): void {
  if (clientCertificate === undefined) return;
  if (clientCertificate !== "require" && clientCertificate !== "request") {
    throw new RangeError(
      `clientCertificate must be "require" or "request", got ${quote(clientCertificate)}`,
    );
  }
  if (caCerts.length === 0) {
    throw new TypeError("clientCertificate needs caCerts: whom to trust to sign them");
  }
}
