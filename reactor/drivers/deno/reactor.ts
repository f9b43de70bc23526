/**
 * The default reactor: Deno's own sockets, timers and signals.
 *
 * @module
 */

import {
  checkFactory,
  checkNameResolver,
  checkProcessProtocol,
  checkStandardStreams,
} from "../../lifecycle/argument_checks.ts";
import { AdoptedConnection } from "../../stream/adopted_connection.ts";
import { internetAddress, isIPAddress, isIPv6Address, UNIXAddress } from "../../addresses.ts";
import { ReactorBase } from "../../lifecycle/reactor_base.ts";
import { ChildProcess } from "../../process/child_process.ts";
import type { ConnectionContext } from "../../stream/connection_context.ts";
import { type ConnectionLimits, connectionLimits } from "../../stream/connection_limits.ts";
import type { Dial } from "../../stream/dial.ts";
import { Connector } from "../../stream/connector.ts";
import { datagramLimits } from "../../datagram/datagram_limits.ts";
import { dialByName } from "../../names/dial_by_name.ts";
import { MicrotaskQueue } from "../../lifecycle/microtask_queue.ts";
import { dialSecured, type TLSWrapper } from "../../tls/handshake.ts";
import type {
  Address,
  AddressFamily,
  AdoptStreamConnectionOptions,
  AdoptStreamPortOptions,
  ConnectStreamOptions,
  ConnectTCPOptions,
  ConnectTLSOptions,
  ConnectUNIXDatagramOptions,
  ConnectUNIXOptions,
  IClientFactory,
  IConnectedDatagramProtocol,
  IConnector,
  IDatagramProtocol,
  IHostEnvironment,
  IHostnameResolver,
  IInternetAddress,
  IListeningPort,
  IMulticastTransport,
  IPipeAddress,
  IProcessProtocol,
  IProcessTransport,
  IProtocolFactory,
  IReactor,
  IThreadPool,
  IUDPTransport,
  IUNIXAddress,
  IUNIXDatagramConnectedTransport,
  IUNIXDatagramTransport,
  ListenMulticastOptions,
  ListenStreamOptions,
  ListenTCPOptions,
  ListenTLSOptions,
  ListenUDPOptions,
  ListenUNIXDatagramOptions,
  ListenUNIXOptions,
  RunOptions,
  SpawnProcessOptions,
  StandardIOOptions,
  WorkerTask,
} from "../../interfaces/mod.ts";
import { adoptConnection, adopting } from "../node/adopted_socket.ts";
import { bindSocket, checkSocketOptions, dialSocket, needsSocket } from "../node/tcp.ts";
import { nodeTLS } from "../node/tls_contexts.ts";
import type { StreamAcceptor } from "../../stream/stream_acceptor.ts";
import { StreamPort } from "../../stream/stream_port.ts";
import { streamPortLimits } from "../../stream/stream_port_limits.ts";
import { ReactorThreads } from "../../threads/reactor_threads.ts";
import { TLSDriver } from "../../tls/tls_driver.ts";
import type { TLSContext } from "../../tls/tls_engine.ts";
import { checkInterface, UDPPort } from "../../datagram/udp_port.ts";
import { ConnectedUNIXDatagramPort, UNIXDatagramPort } from "../../datagram/unix_datagram_port.ts";
import { checkInteger, checkString, checkTimeout } from "../../../internal/validation.ts";
import { spawnChild } from "./child.ts";
import { prepareForShortage } from "./descriptors.ts";
import { DenoNameResolver } from "./name_resolver.ts";
import { listenToSignal, prepareSignals } from "./signals.ts";
import { standardIOBinding } from "./stdio.ts";
import { DenoHostEnvironment } from "./host_environment.ts";
import { bindTCP, dialTCP } from "./tcp.ts";
import { startDenoThread } from "./thread.ts";
import { bindDenoUDP } from "./udp.ts";
import { bindUNIX, dialUNIX } from "./unix.ts";
import { bindUNIXDatagram, checkUNIXDatagrams, checkUNIXPeer } from "./unix_datagram.ts";
import { checkLockable, checkUNIXPath, lastingPath } from "./unix_path.ts";

/**
 * A reactor on Deno's own APIs: `Deno.listen`, `Deno.connect`, `Deno.addSignalListener`, and
 * `node:dgram` for UDP.
 *
 * It needs `--allow-net` for the addresses on which it listens, to which it connects and to which
 * it sends; `--allow-read` and `--allow-write` for the paths of UNIX sockets; `--allow-run` for the
 * programs that it starts; and no other permission.
 *
 * @example
 * ```ts
 * import { DenoReactor } from "@torsion/reactor";
 *
 * const reactor = new DenoReactor();
 * reactor.callLater(0.1, () => reactor.stop());
 * await reactor.run(); // a tenth of a second
 * ```
 */
export class DenoReactor extends ReactorBase implements IReactor {
  readonly #host: ConnectionContext;
  readonly #threads = new ReactorThreads(this, this.resources, startDenoThread);
  #nameResolver: IHostnameResolver = new DenoNameResolver();

  readonly hostEnvironment: IHostEnvironment = new DenoHostEnvironment();

  constructor() {
    super({
      signalSource: { listen: listenToSignal, unlisten: Deno.removeSignalListener },
      // The signal of Ctrl-Break (SIGBREAK) exists only on Windows.
      stopSignals: Deno.build.os === "windows"
        ? ["SIGINT", "SIGTERM", "SIGBREAK"]
        : ["SIGINT", "SIGTERM"],
    });
    this.#host = {
      reactor: this,
      resources: this.resources,
      microtasks: new MicrotaskQueue(),
      tls: nodeTLS,
    };
  }

  override run(options: RunOptions = {}): Promise<void> {
    prepareForShortage();
    prepareSignals();
    return super.run(options);
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
    return this.#listen(factory, options, this.#binding(port, options), nodeTLS.server(options));
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
    const context = nodeTLS.client({ ...options, serverName: options.serverName ?? host });
    return this.#connect(
      destination,
      factory,
      options,
      this.#dialing(host, port, options),
      context,
    );
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

  /**
   * Listens on a UNIX socket. Needs `--allow-net=unix:<path>`, `--allow-read=<path>` and
   * `--allow-write=<path>`. An abstract name needs `--allow-net` without a list.
   *
   * A `mode` that excludes other users applies from the first moment, with `--allow-sys` or under a
   * umask that excludes them itself, such as the usual 022. Otherwise this method throws. `wantPID`
   * needs `--allow-read` and `--allow-write` without a list, and `--allow-run` if a lock exists, to
   * check whether its holder is alive.
   *
   * Deno removes any file at the path when the port closes. A file that has replaced the socket is
   * moved aside meanwhile, within its folder, if `--allow-read` and `--allow-write` permit. If they
   * do not, the file is lost, which is logged.
   *
   * @param path The path of the socket, or an abstract name that starts with a zero byte.
   * @param factory Builds a protocol for each connection.
   * @param options Mode, backlog, lock and limits.
   * @returns The listening port.
   * @throws {CannotListenError} If the path cannot be bound.
   */
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
    const boundPath = lastingPath(path);
    return this.#listen(factory, options, () => bindUNIX(boundPath, mode, wantPID));
  }

  /**
   * Connects to a UNIX socket. Needs the permissions of {@linkcode listenUNIX}; `checkPID` also
   * needs `--allow-read=<path>.lock` and `--allow-run`.
   *
   * @param path The path of the socket, or an abstract name that starts with a zero byte.
   * @param factory Builds the protocol, and is notified of failures.
   * @param options Timeout, lock check and limits.
   * @returns The connector.
   */
  connectUNIX(
    path: string,
    factory: IClientFactory,
    options: ConnectUNIXOptions = {},
  ): IConnector<IUNIXAddress> {
    const { checkPID = false } = options;
    checkUNIXPath("connectUNIX() path", path);
    checkLockable("checkPID", checkPID, path);
    const dial = dialUNIX(this, path, checkPID);
    return this.#connect(new UNIXAddress(path), factory, options, dial);
  }

  listenUNIXDatagram(
    path: string,
    protocol: IDatagramProtocol<IUNIXDatagramTransport, IUNIXAddress>,
    options: ListenUNIXDatagramOptions = {},
  ): IUNIXDatagramTransport {
    checkUNIXDatagrams();
    const { mode = 0o666 } = options;
    checkUNIXPath("listenUNIXDatagram() path", path);
    checkInteger("mode", mode, 0, 0o777);
    const limits = datagramLimits(options);
    this.use();
    const boundPath = lastingPath(path);
    const bind = () => bindUNIXDatagram(boundPath, mode, limits.maxPacketSize);
    const port = new UNIXDatagramPort(this.#host, protocol, limits, bind);
    port.startListening();
    return port;
  }

  connectUNIXDatagram(
    path: string,
    protocol: IConnectedDatagramProtocol,
    options: ConnectUNIXDatagramOptions = {},
  ): IUNIXDatagramConnectedTransport {
    checkUNIXDatagrams();
    const { mode = 0o666, bindAddress } = options;
    checkUNIXPath("connectUNIXDatagram() path", path);
    if (bindAddress !== undefined) checkUNIXPath("bindAddress", bindAddress);
    checkInteger("mode", mode, 0, 0o777);
    const limits = datagramLimits(options);
    this.use();
    const boundPath = bindAddress === undefined ? null : lastingPath(bindAddress);
    const peer = new UNIXAddress(lastingPath(path));
    const bind = () => {
      checkUNIXPeer(peer.name);
      return bindUNIXDatagram(boundPath, mode, limits.maxPacketSize);
    };
    const port = new ConnectedUNIXDatagramPort(this.#host, protocol, limits, peer, bind);
    port.startListening();
    return port;
  }

  adoptStreamPort(
    fileDescriptor: number,
    addressFamily: AddressFamily,
    factory: IProtocolFactory,
    options: AdoptStreamPortOptions = {},
  ): IListeningPort {
    const { backlog = 511 } = options;
    checkInteger("backlog", backlog, 1, 65535);
    const bind = adopting(fileDescriptor, addressFamily, backlog, options);
    return this.#listen(factory, options, bind);
  }

  adoptStreamConnection(
    fileDescriptor: number,
    addressFamily: AddressFamily,
    factory: IProtocolFactory,
    options: AdoptStreamConnectionOptions = {},
  ): void {
    checkFactory("adopt a connection", factory);
    const owner = new AdoptedConnection(this.#host, connectionLimits(options));
    const driver = adoptConnection(fileDescriptor, addressFamily, options);
    this.use();
    owner.open(driver, factory);
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

  spawnProcess(
    processProtocol: IProcessProtocol,
    executable: string,
    options: SpawnProcessOptions = {},
  ): IProcessTransport {
    checkProcessProtocol(processProtocol);
    this.use();
    // There is no linger timeout for the pipes of a child process: the program itself can kill a
    // child that reads too slowly.
    const limits = connectionLimits({ ...options, linger: Infinity });
    const driver = spawnChild(executable, options);
    const child = new ChildProcess(this.#host, limits, processProtocol, executable, driver);
    child.open();
    return child;
  }

  listenStandardIO(
    factory: IProtocolFactory,
    options: StandardIOOptions = {},
  ): IListeningPort<IPipeAddress> {
    const { stdin = Deno.stdin, stdout = Deno.stdout } = options;
    checkStandardStreams(stdin, stdout);
    const bind = standardIOBinding(this, stdin, stdout);
    return this.#listen(factory, { ...options, linger: options.linger ?? Infinity }, bind);
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
    const bind = () => bindDenoUDP(host, port, listenMultiple);
    const udpPort = new UDPPort(this.#host, protocol, limits, bind);
    udpPort.startListening();
    return udpPort;
  }

  /** Returns a function that binds a TCP port. */
  #binding(port: number, options: ListenTCPOptions): () => StreamAcceptor<IInternetAddress> {
    const { backlog = 511, interface: hostname = "0.0.0.0" } = options;
    checkInteger("backlog", backlog, 1, 65535);
    checkSocketOptions(options);
    const bind = needsSocket(options) ? bindSocket : bindTCP;
    return () => bind(hostname, port, backlog, options);
  }

  /** Returns a dial to a TCP port. */
  #dialing(host: string, port: number, options: ConnectTCPOptions): Dial {
    checkSocketOptions(options);
    const dial = needsSocket(options) ? dialSocket : dialTCP;
    const dialTo = (address: string) => dial(address, port, options);
    // If the application has not installed a resolver, Deno resolves the name and tries its
    // addresses. Only a custom resolver needs the library's own connection race.
    const denoResolves = isIPAddress(host) || isIPv6Address(host) ||
      this.#nameResolver instanceof DenoNameResolver;
    return denoResolves ? dialTo(host) : dialByName(this, this.#nameResolver, host, port, dialTo);
  }

  /** Returns a function that adds a TLS layer to a driver. */
  #securing(context: TLSContext, { linger }: ConnectionLimits): TLSWrapper {
    return (driver) => new TLSDriver(driver, context, this, { linger });
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
    const port = new StreamPort(this.#host, factory, limits, bind, secure);
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
      this.#host,
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
