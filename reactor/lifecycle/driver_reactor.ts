/**
 * The base class of reactors with sockets.
 *
 * @module
 */

import type { Deferred } from "../../defer/mod.ts";
import { checkInteger, checkString, checkTimeout } from "../../internal/validation.ts";
import { internetAddress, isIPAddress, isIPv6Address, UNIXAddress } from "../addresses.ts";
import { datagramLimits } from "../datagram/datagram_limits.ts";
import { checkInterface, UDPPort } from "../datagram/udp_port.ts";
import { UnsupportedError } from "../errors.ts";
import type {
  Address,
  ConnectStreamOptions,
  ConnectTCPOptions,
  ConnectTLSOptions,
  ConnectUNIXOptions,
  IClientFactory,
  IConnector,
  IDatagramProtocol,
  IHostnameResolver,
  IInternetAddress,
  IListeningPort,
  IMulticastTransport,
  IProtocolFactory,
  IReactorMulticast,
  IReactorPluggableNameResolver,
  IReactorTCP,
  IReactorThreads,
  IReactorTLS,
  IReactorUDP,
  IReactorUNIX,
  IThreadPool,
  IUDPTransport,
  IUNIXAddress,
  ListenMulticastOptions,
  ListenStreamOptions,
  ListenTCPOptions,
  ListenTLSOptions,
  ListenUDPOptions,
  ListenUNIXOptions,
  WorkerTask,
} from "../interfaces/mod.ts";
import { dialByName } from "../names/dial_by_name.ts";
import { resolveName } from "../names/resolve_name.ts";
import type { ConnectionContext } from "../stream/connection_context.ts";
import { type ConnectionLimits, connectionLimits } from "../stream/connection_limits.ts";
import { Connector } from "../stream/connector.ts";
import type { Dial } from "../stream/dial.ts";
import { checkSocketOptions } from "../stream/socket_options.ts";
import type { StreamAcceptor } from "../stream/stream_acceptor.ts";
import { StreamPort } from "../stream/stream_port.ts";
import { streamPortLimits } from "../stream/stream_port_limits.ts";
import { checkLockable, checkUNIXPath } from "../stream/unix_path.ts";
import { ReactorThreads } from "../threads/reactor_threads.ts";
import type { StartThread } from "../threads/worker_thread.ts";
import { dialSecured, type TLSWrapper } from "../tls/handshake.ts";
import { TLSDriver } from "../tls/tls_driver.ts";
import type { TLSContext, TLSProvider } from "../tls/tls_engine.ts";
import { checkNameResolver } from "./argument_checks.ts";
import type { HostSockets } from "./host_sockets.ts";
import { MicrotaskQueue } from "./microtask_queue.ts";
import { ReactorBase, type ReactorBaseOptions } from "./reactor_base.ts";

/** Options of {@linkcode DriverReactor}. */
export interface DriverReactorOptions extends ReactorBaseOptions {
  /** The sockets of the host. */
  sockets: HostSockets;
  /** The name resolver, until another one is installed. */
  nameResolver: IHostnameResolver;
  /** Starts a thread of the thread pool. */
  startThread: StartThread;
  /** The TLS implementation. Without it, the TLS methods throw `UnsupportedError`. */
  tls?: TLSProvider | undefined;
}

/**
 * Returns the parts of a reactor that its connections and ports use, for subclasses that make
 * connections and ports of their own.
 */
export let contextOf: (reactor: DriverReactor) => ConnectionContext;

/**
 * A reactor over the sockets of any host: TCP, TLS, UNIX sockets, UDP, name resolution and threads.
 * The host is an option; the rest of the behaviour is the same on every host.
 */
export abstract class DriverReactor extends ReactorBase
  implements
    IReactorTCP,
    IReactorTLS,
    IReactorUNIX,
    IReactorUDP,
    IReactorMulticast,
    IReactorPluggableNameResolver,
    IReactorThreads {
  static {
    contextOf = (reactor) => reactor.#context;
  }

  readonly #sockets: HostSockets;
  readonly #tls: TLSProvider | undefined;
  readonly #context: ConnectionContext;
  readonly #threads: ReactorThreads;
  #nameResolver: IHostnameResolver;

  /**
   * Creates a reactor.
   *
   * @param options The host: its sockets, resolver, threads, signals and timer.
   */
  constructor(options: DriverReactorOptions) {
    super(options);
    const { sockets, tls, nameResolver, startThread } = options;
    this.#sockets = sockets;
    this.#tls = tls;
    this.#nameResolver = nameResolver;
    this.#threads = new ReactorThreads(this, this.resources, startThread);
    this.#context = {
      reactor: this,
      resources: this.resources,
      microtasks: new MicrotaskQueue((run) => this.loopTimer.soon(run)),
      timeout: (delay, f) => this.loopTimer.timeout(delay, f),
      ...tls === undefined ? {} : { tls },
    };
  }

  listenTCP(
    port: number,
    factory: IProtocolFactory,
    options: ListenTCPOptions = {},
  ): IListeningPort<IInternetAddress> {
    checkInteger("listenTCP() port", port, 0, 65535);
    return this.#listen(factory, options, this.#binding(port, options));
  }

  connectTCP(
    host: string,
    port: number,
    factory: IClientFactory,
    options: ConnectTCPOptions = {},
  ): IConnector<IInternetAddress> {
    checkString("connectTCP() host", host);
    checkInteger("connectTCP() port", port, 1, 65535);
    const destination = internetAddress("TCP", host, port);
    return this.#connect(destination, factory, options, this.#dialing(host, port, options));
  }

  listenTLS(
    port: number,
    factory: IProtocolFactory,
    options: ListenTLSOptions,
  ): IListeningPort<IInternetAddress> {
    checkInteger("listenTLS() port", port, 0, 65535);
    const context = this.#provider("listen").server(options);
    return this.#listen(factory, options, this.#binding(port, options), context);
  }

  connectTLS(
    host: string,
    port: number,
    factory: IClientFactory,
    options: ConnectTLSOptions = {},
  ): IConnector<IInternetAddress> {
    checkString("connectTLS() host", host);
    checkInteger("connectTLS() port", port, 1, 65535);
    const destination = internetAddress("TCP", host, port);
    const serverName = options.serverName ?? host;
    const context = this.#provider("connect").client({ ...options, serverName });
    const dial = this.#dialing(host, port, options);
    return this.#connect(destination, factory, options, dial, context);
  }

  listenUNIX(
    path: string,
    factory: IProtocolFactory,
    options: ListenUNIXOptions = {},
  ): IListeningPort<IUNIXAddress> {
    const { backlog = 511, mode = 0o666, wantPID = false } = options;
    checkUNIXPath("listenUNIX() path", path);
    checkInteger("backlog", backlog, 1, 65535);
    checkInteger("mode", mode, 0, 0o777);
    checkLockable("wantPID", wantPID, path);
    const bind = () => this.#sockets.bindUNIX(path, backlog, mode, wantPID);
    return this.#listen(factory, options, bind);
  }

  connectUNIX(
    path: string,
    factory: IClientFactory,
    options: ConnectUNIXOptions = {},
  ): IConnector<IUNIXAddress> {
    const { checkPID = false } = options;
    checkUNIXPath("connectUNIX() path", path);
    checkLockable("checkPID", checkPID, path);
    const dial = this.#sockets.dialUNIX(path, checkPID, this);
    return this.#connect(new UNIXAddress(path), factory, options, dial);
  }

  listenUDP(
    port: number,
    protocol: IDatagramProtocol<IUDPTransport, IInternetAddress>,
    options: ListenUDPOptions = {},
  ): IUDPTransport {
    return this.#listenUDP("listenUDP", port, protocol, options);
  }

  listenMulticast(
    port: number,
    protocol: IDatagramProtocol<IMulticastTransport, IInternetAddress>,
    options: ListenMulticastOptions = {},
  ): IMulticastTransport {
    return this.#listenUDP("listenMulticast", port, protocol, options);
  }

  get nameResolver(): IHostnameResolver {
    return this.#nameResolver;
  }

  installNameResolver(resolver: IHostnameResolver): IHostnameResolver {
    checkNameResolver(resolver);
    this.use();
    const previous = this.#nameResolver;
    this.#nameResolver = resolver;
    return previous;
  }

  resolve(name: string, timeout?: number | readonly number[]): Deferred<string> {
    this.use();
    return resolveName(this, this.#nameResolver, name, timeout);
  }

  callInThread<A extends unknown[]>(task: WorkerTask<A>, ...args: NoInfer<A>): void {
    this.getThreadPool().callInThread(task, ...args);
  }

  suggestThreadPoolSize(size: number): void {
    this.use();
    this.#threads.pool().adjustPoolsize({ max: size });
  }

  getThreadPool(): IThreadPool {
    this.use();
    return this.#threads.pool();
  }

  /**
   * Listens over a stream transport of a subclass. Every option works as on any other port.
   *
   * @param factory Builds a protocol for each connection.
   * @param options Options of the port and of its connections.
   * @param bind Binds the address. It is called now, and again by each later `startListening()`. It
   *   throws `CannotListenError` if the address cannot be bound.
   * @returns The listening port.
   * @throws {RangeError | TypeError} If the factory or an option is invalid. Errors of `bind` are
   *   thrown as well.
   */
  protected listenStream<A extends Address>(
    factory: IProtocolFactory,
    options: ListenStreamOptions,
    bind: () => StreamAcceptor<A>,
  ): IListeningPort<A> {
    return this.#listen(factory, options, bind);
  }

  /**
   * Connects over a stream transport of a subclass. Every option works as on any other connection.
   *
   * @param destination The address that the connector reports as its destination.
   * @param factory Builds the protocol, and is notified of failures.
   * @param options Options of the attempt and of the connection.
   * @param dial Opens one connection. It is called for each attempt.
   * @returns The connector, which has started to connect.
   * @throws {RangeError | TypeError} If the factory or an option is invalid.
   */
  protected connectStream<A extends Address>(
    destination: A,
    factory: IClientFactory,
    options: ConnectStreamOptions,
    dial: Dial,
  ): IConnector<A> {
    return this.#connect(destination, factory, options, dial);
  }

  #listenUDP(
    method: string,
    port: number,
    protocol: IDatagramProtocol<never, IInternetAddress>,
    options: ListenMulticastOptions,
  ): UDPPort {
    const { interface: host = "0.0.0.0", listenMultiple = false } = options;
    checkInteger(`${method}() port`, port, 0, 65535);
    checkInterface(host);
    const limits = datagramLimits(options);
    this.use();
    const bind = () => this.#sockets.bindUDP(host, port, listenMultiple);
    const udpPort = new UDPPort(this.#context, protocol, limits, bind);
    udpPort.startListening();
    return udpPort;
  }

  /** Returns a function that binds a TCP port. */
  #binding(port: number, options: ListenTCPOptions): () => StreamAcceptor<IInternetAddress> {
    const { backlog = 511, interface: host = "0.0.0.0" } = options;
    checkInteger("backlog", backlog, 1, 65535);
    checkSocketOptions(options);
    return () => this.#sockets.bindTCP(host, port, backlog, options);
  }

  /** Returns a dial to a TCP port. */
  #dialing(host: string, port: number, options: ConnectTCPOptions): Dial {
    checkSocketOptions(options);
    const dialTo = (address: string) => this.#sockets.dialTCP(address, port, options);
    // If the host resolves the name itself, it also tries the addresses. Only another resolver
    // needs the library's own connection race.
    const resolver = this.#nameResolver;
    const isDirect = isIPAddress(host) || isIPv6Address(host) ||
      this.#sockets.resolvesNamesLike?.(resolver);
    return isDirect ? dialTo(host) : dialByName(this, resolver, host, port, dialTo);
  }

  #provider(action: string): TLSProvider {
    if (this.#tls !== undefined) return this.#tls;
    throw new UnsupportedError(
      `Cannot ${action} with TLS: this reactor does not support TLS; DenoReactor does`,
    );
  }

  /** Returns a function that adds a TLS layer to a driver. */
  #securing(context: TLSContext, { linger }: ConnectionLimits): TLSWrapper {
    const { timeout } = this.#context;
    return (driver) => new TLSDriver(driver, context, this, { linger, timeout });
  }

  #listen<A extends Address>(
    factory: IProtocolFactory,
    options: ListenStreamOptions,
    bind: () => StreamAcceptor<A>,
    tls?: TLSContext,
  ): IListeningPort<A> {
    this.use();
    const limits = streamPortLimits(options);
    const secure = tls === undefined ? null : this.#securing(tls, limits.connection);
    const port = new StreamPort(this.#context, factory, limits, bind, secure);
    port.startListening();
    return port;
  }

  #connect<A extends Address>(
    destination: A,
    factory: IClientFactory,
    options: ConnectStreamOptions,
    dial: Dial,
    tls?: TLSContext,
  ): IConnector<A> {
    this.use();
    const { timeout = 30, signal } = options;
    checkTimeout("timeout", timeout);
    const limits = connectionLimits(options);
    const secured = tls === undefined
      ? dial
      : dialSecured(dial, this.resources, this.#securing(tls, limits));
    const connector = new Connector(
      this.#context,
      factory,
      destination,
      limits,
      timeout,
      secured,
      signal,
    );
    connector.connect();
    return connector;
  }
}
