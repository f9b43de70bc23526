/**
 * TLS options, checked and made into what `node:tls` takes.
 *
 * @module
 */

import type { ConnectionOptions, TlsOptions, TLSSocket } from "node:tls";
import { isIPAddress, isIPv6Address } from "../../addresses.ts";
import type { TLSClientOptions, TLSOptions, TLSServerOptions } from "../../interfaces/mod.ts";
import { encodeHostname } from "../../names/hostname.ts";
import type { TLSContext, TLSProvider } from "../../tls/tls_engine.ts";
import { asError } from "../../../defer/guarded_call.ts";
import { checkDelay, quote } from "../../../internal/validation.ts";
import type { Certificate } from "../../tls/certificate.ts";
import {
  CertificateError,
  hideCertificates,
  type PeerTrust,
  shownCertificate,
  shownChain,
  verifyChain,
} from "./certificate_chain.ts";
import { CertificateChoice } from "./certificate_choice.ts";
import { type BeginHandshake, type Handshaking, NodeTLSEngine } from "./tls_engine.ts";
import { checkedProtocols, tlsMaterial, trustedRoots } from "./tls_material.ts";
import { tlsModule } from "./tls_module.ts";

const NOTHING = new Uint8Array(0);

/** TLS by `node:tls`. */
export const nodeTLS: TLSProvider = {
  server: (options) => context(options, serverHandshake(options)),
  client: (options) => context(options, clientHandshake(options)),
};

function context(options: TLSOptions, begin: BeginHandshake): TLSContext {
  const { handshakeTimeout = 10 } = options;
  if (handshakeTimeout !== Infinity) checkDelay("handshakeTimeout", handshakeTimeout);
  return { handshakeTimeout, newEngine: () => new NodeTLSEngine(begin) };
}

function clientHandshake(options: TLSClientOptions): BeginHandshake {
  const { serverName, unsafelyIgnoreCertificateErrors = false, caCerts = [] } = options;
  if (serverName === undefined && !unsafelyIgnoreCertificateErrors) {
    throw new TypeError(
      "serverName is needed: the name or the address that the server's certificate must be for",
    );
  }
  const host = serverName === undefined ? undefined : encodeHostname(serverName);
  const socketOptions: ConnectionOptions = {
    ...host === undefined ? {} : named(host),
    // Given always: without it, an environment variable could switch verification off.
    rejectUnauthorized: !unsafelyIgnoreCertificateErrors,
    // Names are checked by `verifyChain`.
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
    // Listens for as long as the socket lives: an error without a listener ends the process.
    socket.on("error", (error) => handshaking.failed(explained(error)));
    socket.once("secureConnect", () =>
      settle(
        socket,
        handshaking,
        () => trust === null ? shownCertificate(socket) : verifyChain(shownChain(socket), trust),
      ));
  };
}

/**
 * Completes a handshake with the peer's certificate, or fails it with an error. An exception fails
 * it as well: thrown in an event handler it would end the process.
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

/** Deno has one name for several things that are wrong with a certificate (checked on 2.9.6). */
function explained(error: Error & { code?: string }): Error {
  if (error.code !== "UNABLE_TO_VERIFY_LEAF_SIGNATURE") return error;
  const reason =
    "no known authority has signed it, or with a key or an algorithm that Deno does not " +
    "support, or it has expired, or is not valid yet: Deno does not report which";
  return new CertificateError({ code: error.code, reason }, error);
}

/**
 * Whom the certificate must be for. An address is verified, but not told to the server: RFC 6066
 * knows names only, and in ASCII.
 */
function named(host: string): ConnectionOptions {
  return isIPAddress(host) || isIPv6Address(host) ? { host } : { servername: host };
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
            // Over a stream like this one the engine sends what it has when it receives something
            // (checked on Deno 2.9.6).
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
 * Verifies a client by the port's own roots. Deno shares sessions between all servers of a process,
 * so a resumed session may carry a certificate that another port has verified by other roots, or
 * none at all (checked on 2.9.6).
 *
 * @returns The client's certificate; null without one, or where none was asked for.
 * @throws {CertificateError} to refuse the client with.
 */
function verifyClient(
  socket: TLSSocket,
  clientCertificate: TLSServerOptions["clientCertificate"],
  roots: readonly Certificate[],
): Certificate | null {
  if (clientCertificate === undefined) return null;
  const chain = shownChain(socket);
  if (chain.length === 0) {
    if (clientCertificate === "request") return null;
    throw new CertificateError({
      code: "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
      reason: "the client has shown none, in this session or in the one that it resumes",
    });
  }
  const refused = unauthorized(socket);
  if (refused !== null) throw refused;
  return verifyChain(chain, { purpose: "client", roots });
}

/** What is wrong with the client's certificate. */
function unauthorized(socket: TLSSocket): Error | null {
  // The types have it as an error; what is there is the error's code.
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
    throw new TypeError("clientCertificate needs caCerts: whom to trust to sign them");
  }
}
