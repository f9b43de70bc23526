/**
 * TLS options, checked and made into what `node:tls` takes.
 *
 * @module
 */

import type { X509Certificate } from "node:crypto";
import type { ConnectionOptions, SecureContext, TlsOptions, TLSSocket } from "node:tls";
import type {
  TLSCertificate,
  TLSClientOptions,
  TLSOptions,
  TLSServerOptions,
} from "../interfaces.ts";
import type { TlsContext, TlsProvider } from "../tls_engine.ts";
import { asError } from "../user_code.ts";
import { checkDelay, checkFunction, quote } from "../validation.ts";
import { type BeginHandshake, type Handshaking, NodeTlsEngine } from "./tls_engine.ts";
import { cryptoModule, tlsModule } from "./tls_module.ts";

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
  const { serverName, unsafelyIgnoreCertificateErrors = false } = options;
  if (serverName === undefined && !unsafelyIgnoreCertificateErrors) {
    throw new TypeError(
      "serverName is needed: the name or the address that the server's certificate must be for",
    );
  }
  const socketOptions: ConnectionOptions = {
    ...serverName === undefined ? {} : named(serverName),
    // Given always: without it, an environment variable could switch verification off.
    rejectUnauthorized: !unsafelyIgnoreCertificateErrors,
    ALPNProtocols: [...options.alpnProtocols ?? []],
    secureContext: tlsModule().createSecureContext(material(options)),
  };
  return (wire, handshaking) => {
    const socket = tlsModule().connect({ ...socketOptions, socket: wire });
    const failed = (error: Error) => handshaking.failed(error);
    socket.once("error", failed);
    socket.once("secureConnect", () => {
      socket.off("error", failed);
      handshaking.secured(socket, socket.getPeerX509Certificate());
    });
  };
}

/** An address is verified, but not told to the server: RFC 6066 knows names only. */
function named(serverName: string): ConnectionOptions {
  return /^[\d.]+$|:/.test(serverName) ? { host: serverName } : { servername: serverName };
}

function serverHandshake(options: TLSServerOptions): BeginHandshake {
  const { certificates, caCerts = [] } = options;
  const { clientCertificate = caCerts.length > 0 ? "require" : undefined } = options;
  if (options.cert === undefined && certificates === undefined) {
    throw new TypeError("A TLS server needs a certificate: cert and key, or certificates");
  }
  checkClientCertificate(clientCertificate, caCerts);
  const serverOptions: TlsOptions = {
    ...material(options),
    requestCert: clientCertificate !== undefined,
    rejectUnauthorized: clientCertificate === "require",
    ALPNProtocols: [...options.alpnProtocols ?? []],
    // No time of its own: neither zero nor nothing means that.
    handshakeTimeout: -1,
  };
  if (certificates !== undefined) {
    serverOptions.SNICallback = certificateChoice(certificates, caCerts);
  }
  return (wire, handshaking) => {
    const server = tlsModule().createServer(serverOptions);
    server.once("secureConnection", (socket) => admit(socket, handshaking));
    server.once("tlsClientError", (error, socket) => {
      handshaking.failed(unauthorized(socket) ?? error);
    });
    server.emit("connection", wire);
  };
}

/** A certificate that was asked for, but not insisted on, has not been looked at yet. */
function admit(socket: TLSSocket, handshaking: Handshaking): void {
  const certificate = socket.getPeerX509Certificate();
  const refused = certificate === undefined ? null : unauthorized(socket);
  if (refused === null) handshaking.secured(socket, certificate);
  else {
    socket.destroy();
    handshaking.failed(refused);
  }
}

/** What is wrong with the client's certificate. */
function unauthorized(socket: TLSSocket): Error | null {
  // The types have it as an error; what is there is the error's code.
  const code: unknown = socket.authorizationError;
  if (!code) return null;
  return Object.assign(new Error(`the client's certificate is not accepted: ${code}`), { code });
}

/** Asks for the certificate at each handshake; what comes back is made ready once. */
function certificateChoice(
  certificates: NonNullable<TLSServerOptions["certificates"]>,
  caCerts: readonly string[],
): NonNullable<TlsOptions["SNICallback"]> {
  checkFunction("certificates", certificates);
  const ready = new WeakMap<TLSCertificate, SecureContext>();
  const contextOf = (certificate: TLSCertificate): SecureContext => {
    let context = ready.get(certificate);
    if (context === undefined) {
      const { cert, key } = certificate;
      context = tlsModule().createSecureContext(material({ cert, key, caCerts }));
      ready.set(certificate, context);
    }
    return context;
  };
  return (serverName, choose) => {
    Promise.try(certificates, serverName).then((certificate) => {
      return certificate === undefined ? undefined : contextOf(certificate);
    }).then((context) => choose(null, context), (error) => choose(asError(error)));
  };
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

/** Certificates and keys, looked at now: in a handshake it would be the peer that hears of what is wrong with them. */
function material(options: TLSOptions): { ca?: string[]; cert?: string; key?: string } {
  const { cert, key, caCerts = [] } = options;
  for (const [i, caCert] of caCerts.entries()) parse(`caCerts[${i}]`, caCert);
  const roots = caCerts.length > 0 ? { ca: [...caCerts] } : {};
  if (cert === undefined && key === undefined) return roots;
  if (cert === undefined || key === undefined) {
    throw new TypeError(`A certificate needs its key: ${cert ? "key" : "cert"} is missing`);
  }
  const certificate = parse("cert", cert);
  if (!certificate.checkPrivateKey(privateKey(key))) {
    throw new TypeError(`key is not the key of cert, which is for ${quote(certificate.subject)}`);
  }
  return { ...roots, cert, key };
}

function parse(name: string, pem: string): X509Certificate {
  try {
    return new (cryptoModule().X509Certificate)(pem);
  } catch (cause) {
    throw new TypeError(`${name} is not a certificate in PEM`, { cause });
  }
}

function privateKey(pem: string): ReturnType<ReturnType<typeof cryptoModule>["createPrivateKey"]> {
  try {
    return cryptoModule().createPrivateKey(pem);
  } catch (cause) {
    throw new TypeError("key is not a private key in PEM", { cause });
  }
}
