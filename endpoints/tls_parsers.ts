/**
 * The parsers for descriptions of TLS endpoints. For servers, `ssl` and `tls` are the same; for
 * clients, their arguments have different names, as in Twisted.
 *
 * Twisted's `sslmethod` and `dhParameters` do not exist, because Deno's TLS engine chooses secure
 * versions and key exchanges.
 *
 * @module
 */

import { HostnameAddress } from "../reactor/addresses.ts";
import type { IReactorHostEnvironment, IReactorTLS } from "../reactor/interfaces/mod.ts";
import { hostname, integer, oneOf, optional, seconds, text, words } from "./argument_types.ts";
import type { IReactorForNames } from "./connect_to_host.ts";
import type { EndpointArguments } from "./endpoint_arguments.ts";
import type {
  IStreamClientEndpointStringParserWithReactor,
  IStreamServerEndpointStringParser,
} from "./endpoint_registry.ts";
import { HostnameEndpoint } from "./hostname_endpoint.ts";
import type { IStreamServerEndpoint } from "../reactor/interfaces/endpoint.ts";
import type { CertificateFiles } from "./pem_files.ts";
import { CONNECT_TCP, LISTEN_TCP } from "./tcp_parsers.ts";
import { TLSFileClientEndpoint, TLSFileServerEndpoint } from "./tls_from_files.ts";

const HANDSHAKE = {
  alpnProtocols: optional(words),
  handshakeTimeout: optional(seconds),
};

const LISTEN_TLS = {
  ...LISTEN_TCP,
  ...HANDSHAKE,
  privateKey: optional(text),
  certKey: optional(text),
  extraCertChain: optional(text),
  caCertsDir: optional(text),
  clientCertificate: optional(oneOf("require", "request")),
  maxHandshakes: optional(integer(1, Number.MAX_SAFE_INTEGER)),
};

const CONNECT_SSL = {
  ...CONNECT_TCP,
  ...HANDSHAKE,
  privateKey: optional(text),
  certKey: optional(text),
  extraCertChain: optional(text),
  caCertsDir: optional(text),
  hostname: optional(hostname),
};

const CONNECT_TLS = {
  ...CONNECT_TCP,
  ...HANDSHAKE,
  privateKey: optional(text),
  certificate: optional(text),
  trustRoots: optional(text),
  endpoint: optional(text),
};

type ServerReactor = IReactorTLS & IReactorHostEnvironment;
type ClientReactor = IReactorForNames & IReactorHostEnvironment;

/**
 * `ssl:443:privateKey=key.pem:certKey=cert.pem`. One file may have both, under either name; without
 * a name it is `server.pem`.
 */
export const sslServerParser: IStreamServerEndpointStringParser<ServerReactor> = {
  prefix: "ssl",
  parseStreamServer,
};

/** `tls:443:privateKey=key.pem`: the same endpoint as with `ssl`, under the newer name. */
export const tlsServerParser: IStreamServerEndpointStringParser<ServerReactor> = {
  prefix: "tls",
  parseStreamServer,
};

/**
 * `ssl:example.org:443`, `ssl:example.org:443:caCertsDir=/etc/ssl/certs`,
 * `ssl:192.0.2.1:443:hostname=example.org`. The certificate must be valid for `hostname`, by
 * default the host. Twisted's `ssl` accepts any certificate unless `hostname` is given.
 */
export const sslClientParser: IStreamClientEndpointStringParserWithReactor<ClientReactor> = {
  prefix: "ssl",
  parseStreamClient: (reactor, args) => {
    const taken = args.take(["host", "port"], CONNECT_SSL);
    const { host, port, privateKey, certKey, extraCertChain, caCertsDir } = taken;
    const certificate = ownCertificate(privateKey, certKey, extraCertChain, args);
    const files = { certificate, trustRoots: caCertsDir ?? null };
    const tcp = pick(taken, "timeout", "bindAddress");
    const wrapped = new HostnameEndpoint(reactor, host, port, tcp);
    const { hostname: serverName = host } = taken;
    const options = { ...pick(taken, "alpnProtocols", "handshakeTimeout"), serverName };
    return new TLSFileClientEndpoint(
      reactor.hostEnvironment,
      wrapped,
      new HostnameAddress(host, port),
      files,
      options,
    );
  },
};

/**
 * `tls:example.org:443`, `tls:example.org:443:trustRoots=/etc/ssl/certs`,
 * `tls:example.org:443:endpoint=unix\:/run/tunnel`. With `endpoint`, the host is only the name for
 * which the certificate must be valid.
 */
export const tlsClientParser: IStreamClientEndpointStringParserWithReactor<ClientReactor> = {
  prefix: "tls",
  parseStreamClient: (reactor, args) => {
    const taken = args.take(["host", "port"], CONNECT_TLS);
    const { host, port, privateKey, certificate, trustRoots, endpoint } = taken;
    const tcp = pick(taken, "timeout", "bindAddress");
    const [misplaced] = Object.keys(tcp);
    if (endpoint !== undefined && misplaced !== undefined) {
      throw args.error(
        misplaced,
        `the argument "${misplaced}" must be given in the description in "endpoint"`,
      );
    }
    const wrapped = endpoint === undefined
      ? new HostnameEndpoint(reactor, host, port, tcp)
      : args.clientIn("endpoint");
    const files = {
      certificate: ownCertificate(privateKey, certificate, undefined, args),
      trustRoots: trustRoots ?? null,
    };
    const options = { ...pick(taken, "alpnProtocols", "handshakeTimeout"), serverName: host };
    return new TLSFileClientEndpoint(
      reactor.hostEnvironment,
      wrapped,
      new HostnameAddress(host, port),
      files,
      options,
    );
  },
};

function parseStreamServer(reactor: ServerReactor, args: EndpointArguments): IStreamServerEndpoint {
  const {
    port,
    certKey: certificate,
    privateKey = certificate ?? "server.pem",
    extraCertChain: chain,
    caCertsDir,
    ...options
  } = args.take(["port", "privateKey", "certKey"], LISTEN_TLS);
  const files = {
    certificate: { privateKey, certificate, chain },
    trustRoots: caCertsDir ?? null,
  };
  if (options.clientCertificate !== undefined && caCertsDir === undefined) {
    throw args.error(
      "clientCertificate",
      `the argument "clientCertificate" also requires "caCertsDir", ` +
        `the directory of the roots that sign the client certificates`,
    );
  }
  return new TLSFileServerEndpoint(reactor, port, files, options);
}

/**
 * Returns the files of a client's certificate, if the description names one. The certificate and
 * the key may be in the same file.
 */
function ownCertificate(
  privateKey: string | undefined,
  certificate: string | undefined,
  chain: string | undefined,
  args: EndpointArguments,
): CertificateFiles | null {
  const file = privateKey ?? certificate;
  if (file !== undefined) return { privateKey: file, certificate, chain };
  if (chain === undefined) return null;
  throw args.error("extraCertChain", `the argument "extraCertChain" also requires "certKey"`);
}

/** Returns an object with those of the properties that exist. */
function pick<T extends object, K extends keyof T>(from: T, ...names: K[]): Pick<T, K> {
  const there = names.filter((name) => name in from).map((name) => [name, from[name]]);
  // The cast is safe: only optional properties can be missing.
  return Object.fromEntries(there) as Pick<T, K>;
}
