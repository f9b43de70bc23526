import {
  HostnameAddress,
  internetAddress,
  PipeAddress,
  UNIXAddress,
} from "../reactor/addresses.ts";
import { CannotListenError, ConnectError } from "../reactor/errors.ts";
import type {
  ConnectTCPOptions,
  ConnectTLSOptions,
  ConnectUNIXDatagramOptions,
  ConnectUNIXOptions,
  IAddress,
  IClientFactory,
  IConnectedDatagramProtocol,
  IDatagramProtocol,
  IInternetAddress,
  IMulticastTransport,
  IProtocolFactory,
  IUDPTransport,
  IUNIXAddress,
  IUNIXDatagramTransport,
  ListenMulticastOptions,
  ListenTCPOptions,
  ListenTLSOptions,
  ListenUDPOptions,
  ListenUNIXDatagramOptions,
  ListenUNIXOptions,
} from "../reactor/interfaces/mod.ts";
import { MemoryReactorClock } from "./memory_reactor_clock.ts";

/** Options of a {@linkcode RaisingMemoryReactor}. */
export interface RaisingMemoryReactorOptions {
  /**
   * The error that the methods that listen throw, and `adoptStreamPort`.
   *
   * @default {undefined} A `CannotListenError` with the code `EADDRINUSE`.
   */
  listenException?: Error | undefined;
  /**
   * The error that the methods that connect throw, and `adoptStreamConnection`.
   *
   * @default {undefined} A `ConnectError`.
   */
  connectException?: Error | undefined;
}

/**
 * A {@linkcode MemoryReactorClock} whose methods throw an error when they should listen or connect.
 * Twisted's `RaisingMemoryReactor`, which has no other methods.
 *
 * A real reactor throws such an error for an invalid argument, or if it cannot listen. An attempt
 * to connect that fails later is `FakeConnector.fail()` on a {@linkcode MemoryReactor}.
 *
 * @example
 * ```ts
 * import { TCP4ServerEndpoint } from "@torsion/reactor/endpoints";
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 * import { failureResultOf, RaisingMemoryReactor } from "@torsion/reactor/testing";
 *
 * const reactor = new RaisingMemoryReactor();
 * const endpoint = new TCP4ServerEndpoint(reactor, 80);
 * const error = failureResultOf(endpoint.listen(Factory.forProtocol(Protocol)));
 * console.log(error.message); // Cannot listen on 0.0.0.0:80: the address is in use
 * ```
 */
export class RaisingMemoryReactor extends MemoryReactorClock {
  readonly #listenException: Error | undefined;
  readonly #connectException: Error | undefined;

  /**
   * Creates a reactor.
   *
   * @param options The errors to throw.
   */
  constructor(options: RaisingMemoryReactorOptions = {}) {
    super();
    this.#listenException = options.listenException;
    this.#connectException = options.connectException;
  }

  /** Throws `listenException`. */
  override listenTCP(
    port: number,
    _factory: IProtocolFactory,
    options: ListenTCPOptions = {},
  ): never {
    this.#refusePort("TCP", port, options);
  }

  /** Throws `connectException`. */
  override connectTCP(
    host: string,
    port: number,
    _factory: IClientFactory,
    _options?: ConnectTCPOptions,
  ): never {
    this.#refuseConnect(new HostnameAddress(host, port));
  }

  /** Throws `listenException`. */
  override listenTLS(port: number, _factory: IProtocolFactory, options: ListenTLSOptions): never {
    this.#refusePort("TCP", port, options);
  }

  /** Throws `connectException`. */
  override connectTLS(
    host: string,
    port: number,
    _factory: IClientFactory,
    _options?: ConnectTLSOptions,
  ): never {
    this.#refuseConnect(new HostnameAddress(host, port));
  }

  /** Throws `listenException`. */
  override listenUNIX(
    path: string,
    _factory: IProtocolFactory,
    _options?: ListenUNIXOptions,
  ): never {
    this.#refuseListen(new UNIXAddress(path));
  }

  /** Throws `connectException`. */
  override connectUNIX(
    path: string,
    _factory: IClientFactory,
    _options?: ConnectUNIXOptions,
  ): never {
    this.#refuseConnect(new UNIXAddress(path));
  }

  /** Throws `listenException`. */
  override listenUDP(
    port: number,
    _protocol: IDatagramProtocol<IUDPTransport, IInternetAddress>,
    options: ListenUDPOptions = {},
  ): never {
    this.#refusePort("UDP", port, options);
  }

  /** Throws `listenException`. */
  override listenMulticast(
    port: number,
    _protocol: IDatagramProtocol<IMulticastTransport, IInternetAddress>,
    options: ListenMulticastOptions = {},
  ): never {
    this.#refusePort("UDP", port, options);
  }

  /** Throws `listenException`. */
  override listenUNIXDatagram(
    path: string,
    _protocol: IDatagramProtocol<IUNIXDatagramTransport, IUNIXAddress>,
    _options?: ListenUNIXDatagramOptions,
  ): never {
    this.#refuseListen(new UNIXAddress(path));
  }

  /** Throws `connectException`. */
  override connectUNIXDatagram(
    path: string,
    _protocol: IConnectedDatagramProtocol,
    _options?: ConnectUNIXDatagramOptions,
  ): never {
    this.#refuseConnect(new UNIXAddress(path));
  }

  /** Throws `listenException`. */
  override adoptStreamPort(fileDescriptor: number): never {
    this.#refuseListen(descriptor(fileDescriptor));
  }

  /** Throws `connectException`. */
  override adoptStreamConnection(fileDescriptor: number): never {
    this.#refuseConnect(descriptor(fileDescriptor));
  }

  /** Throws `listenException`. */
  override listenStandardIO(): never {
    this.#refuseListen(new PipeAddress());
  }

  #refusePort(
    type: "TCP" | "UDP",
    port: number,
    { interface: host = "0.0.0.0" }: HostOption,
  ): never {
    this.#refuseListen(internetAddress(type, host, port));
  }

  #refuseListen(address: IAddress): never {
    const cause = new Error("the address is in use");
    throw this.#listenException ?? new CannotListenError(address, { code: "EADDRINUSE", cause });
  }

  #refuseConnect(address: IAddress): never {
    throw this.#connectException ??
      new ConnectError(`Cannot connect to ${address}: the reactor does not connect`, {
        address: String(address),
      });
  }
}

/** The option that determines the address of a port. */
interface HostOption {
  readonly interface?: string | undefined;
}

function descriptor(fileDescriptor: number): IAddress {
  return new UNIXAddress(`file descriptor ${fileDescriptor}`);
}
