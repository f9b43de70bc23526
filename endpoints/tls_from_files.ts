/**
 * TLS endpoints whose keys and certificates are in files. They delegate to the endpoints that take
 * them as values.
 *
 * @module
 */

import { messageOf } from "../internal/foreign_value.ts";
import { connectUntilAborted } from "./connect_until_aborted.ts";
import { CancelledError, type Deferred, execute } from "../defer/mod.ts";
import { type HostnameAddress, internetAddress } from "../reactor/addresses.ts";
import { CannotListenError, ConnectError, ConnectingCancelledError } from "../reactor/errors.ts";
import type {
  Address,
  IHostEnvironment,
  IInternetAddress,
  IListeningPort,
  IProtocol,
  IProtocolFactory,
  IReactorHostEnvironment,
  IReactorTLS,
  ListenTLSOptions,
  TLSClientOptions,
  TLSOptions,
} from "../reactor/interfaces/mod.ts";
import type {
  EndpointOptions,
  IStreamClientEndpoint,
  IStreamServerEndpoint,
  ITypedProtocolFactory,
} from "../reactor/interfaces/endpoint.ts";
import { declareOverTLS, type WrapEndpoint } from "../reactor/stream/under_tls.ts";
import { listening } from "./listening.ts";
import { type CertificateFiles, readCertificate, readTrustRoots } from "./pem_files.ts";
import { tlsOverWrapped, TLSServerEndpoint } from "./tls.ts";
import { wrapClientTLS } from "./wrap_tls.ts";

/**
 * The files of this side's certificate, and of the roots by which the peer's certificate is
 * verified.
 */
export interface TLSFiles {
  /** The files of this side's certificate; `null` if it has none. */
  certificate: CertificateFiles | null;
  /** A directory or a file with trust roots; `null` for those of the system. */
  trustRoots: string | null;
}

/** Reads the files into {@linkcode TLSOptions}. */
async function read(hostEnvironment: IHostEnvironment, files: TLSFiles): Promise<TLSOptions> {
  const { certificate, trustRoots } = files;
  return {
    ...certificate === null ? {} : await readCertificate(hostEnvironment, certificate),
    ...trustRoots === null ? {} : { caCerts: await readTrustRoots(hostEnvironment, trustRoots) },
  };
}

// Recognizes the errors of files by their message, because a factory may throw errors of any class.
const ABOUT_FILES = /^Cannot use (cert|key|caCerts)\b/;

/**
 * Throws an error again. If it is about the content of the files, the new error names the files.
 */
function namingFiles({ certificate, trustRoots }: TLSFiles, cause: Error): never {
  if (!(cause instanceof TypeError && ABOUT_FILES.test(cause.message))) throw cause;
  const places = [
    ...certificate === null ? [] : [
      `key in ${certificate.privateKey}`,
      `cert in ${certificate.certificate ?? certificate.privateKey}`,
      ...certificate.chain === undefined ? [] : [`its chain in ${certificate.chain}`],
    ],
    ...trustRoots === null ? [] : [`caCerts in ${trustRoots}`],
  ];
  const where = places.length > 0 ? ` (${places.join(", ")})` : "";
  throw new TypeError(`${cause.message}${where}`, { cause });
}

/** A server endpoint for TLS. It reads its files each time it listens. */
export class TLSFileServerEndpoint implements IStreamServerEndpoint<IInternetAddress> {
  readonly #reactor: IReactorTLS & IReactorHostEnvironment;
  readonly #port: number;
  readonly #files: TLSFiles;
  readonly #options: ListenTLSOptions;
  readonly #wrap: WrapEndpoint | null;

  /**
   * @param reactor The reactor that will listen.
   * @param port The port number; 0 for any free port.
   * @param files The files.
   * @param options Options of the port, and the other options of TLS.
   * @param wrap Wraps the endpoint for the connections under TLS; `null` to use it as it is.
   */
  constructor(
    reactor: IReactorTLS & IReactorHostEnvironment,
    port: number,
    files: TLSFiles,
    options: ListenTLSOptions,
    wrap: WrapEndpoint | null = null,
  ) {
    this.#reactor = reactor;
    this.#port = port;
    this.#files = files;
    this.#options = options;
    this.#wrap = wrap;
    declareOverTLS(this, (outer) => {
      const both: WrapEndpoint = (plain) => outer(wrap === null ? plain : wrap(plain));
      return new TLSFileServerEndpoint(reactor, port, files, options, both);
    });
  }

  /** Returns the address to listen on, such as `0.0.0.0:443`. */
  toString(): string {
    return String(this.#where());
  }

  /** Starts to listen. Fails with `CannotListenError` when a file cannot be read. */
  listen(
    factory: IProtocolFactory,
    options?: EndpointOptions,
  ): Deferred<IListeningPort<IInternetAddress>> {
    return listening(this, () => this.#listen(factory), options);
  }

  #listen(factory: IProtocolFactory): Deferred<IListeningPort<IInternetAddress>> {
    return execute(() => read(this.#reactor.hostEnvironment, this.#files))
      .addErrback((cause) => {
        if (cause instanceof CancelledError) throw cause;
        throw new CannotListenError(this.#where(), { cause });
      })
      .addCallback((tls) => {
        const options = { ...this.#options, ...tls };
        const endpoint = this.#wrap === null
          ? new TLSServerEndpoint(this.#reactor, this.#port, options)
          : tlsOverWrapped(this.#reactor, this.#port, options, this.#wrap);
        return endpoint.listen(factory).addErrback((error) => namingFiles(this.#files, error));
      });
  }

  #where(): Address {
    return internetAddress("TCP", this.#options.interface ?? "0.0.0.0", this.#port);
  }
}

/** A client endpoint for TLS over another endpoint. It reads its files each time it connects. */
export class TLSFileClientEndpoint implements IStreamClientEndpoint {
  readonly #hostEnvironment: IHostEnvironment;
  readonly #wrapped: IStreamClientEndpoint;
  readonly #to: HostnameAddress;
  readonly #files: TLSFiles;
  readonly #options: TLSClientOptions;

  /**
   * @param hostEnvironment The host's file system.
   * @param wrapped The endpoint for the connection under TLS.
   * @param to The server's address, for error messages.
   * @param files The files.
   * @param options The other options of TLS.
   */
  constructor(
    hostEnvironment: IHostEnvironment,
    wrapped: IStreamClientEndpoint,
    to: HostnameAddress,
    files: TLSFiles,
    options: TLSClientOptions,
  ) {
    this.#hostEnvironment = hostEnvironment;
    this.#wrapped = wrapped;
    this.#to = to;
    this.#files = files;
    this.#options = options;
  }

  /**
   * Returns the server's address, such as `example.org:443`, or `example.org:443 over /run/tunnel`.
   */
  toString(): string {
    const [to, over] = [String(this.#to), String(this.#wrapped)];
    return to === over ? to : `${to} over ${over}`;
  }

  /** Starts to connect. Fails with `ConnectError` when a file cannot be read. */
  connect<P extends IProtocol>(
    factory: ITypedProtocolFactory<P>,
    options?: EndpointOptions,
  ): Deferred<P> {
    const connecting = execute(() => read(this.#hostEnvironment, this.#files))
      .addErrback((cause) => {
        if (cause instanceof CancelledError) throw new ConnectingCancelledError(this.#to);
        const address = String(this.#to);
        throw new ConnectError(`Cannot connect to ${address}: ${messageOf(cause)}`, {
          address,
          cause,
        });
      })
      .addCallback((tls) =>
        wrapClientTLS({ ...this.#options, ...tls }, this.#wrapped).connect(factory)
          .addErrback((error) => namingFiles(this.#files, error))
      );
    return connectUntilAborted(() => connecting, options);
  }
}
