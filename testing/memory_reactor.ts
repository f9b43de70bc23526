/**
 * A reactor that records the calls that listen and connect.
 *
 * Its system events and datagram ports are the real ones. Its stream ports and connectors are not:
 * a real one opens a connection over a driver, on which the peer acts in turns of the event loop.
 * Here a test decides about each attempt, and sees the effect before the next line.
 * `InMemoryReactor` really connects.
 *
 * @module
 */

import type { Deferred } from "../defer/mod.ts";
import { checkNameResolver } from "../reactor/lifecycle/argument_checks.ts";
import { internetAddress, PipeAddress, UNIXAddress } from "../reactor/addresses.ts";
import { checkInterface } from "../reactor/datagram/udp_port.ts";
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
  IDatagramProtocol,
  IHostnameResolver,
  IInternetAddress,
  IMulticastTransport,
  IPipeAddress,
  IProcessProtocol,
  IProtocolFactory,
  IReactorHostEnvironment,
  IReactorMulticast,
  IReactorPluggableNameResolver,
  IReactorProcess,
  IReactorSocket,
  IReactorStdio,
  IReactorTCP,
  IReactorThreads,
  IReactorTLS,
  IReactorUDP,
  IReactorUNIX,
  IReactorUNIXDatagram,
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
  SpawnProcessOptions,
  StandardIOOptions,
  WorkerTask,
} from "../reactor/interfaces/mod.ts";
import { resolveName } from "../reactor/names/resolve_name.ts";
import { TableNameResolver } from "../reactor/names/table_name_resolver.ts";
import { connectionLimits } from "../reactor/stream/connection_limits.ts";
import { streamPortLimits } from "../reactor/stream/stream_port_limits.ts";
import { checkInteger, checkString, checkTimeout } from "../internal/validation.ts";
import { Clock } from "../task/mod.ts";
import { FakeTCPConnector, type FakeTLSConnector, FakeUNIXConnector } from "./fake_connector.ts";
import { FakeUDPPort } from "./fake_datagram_transport.ts";
import { FakeHostEnvironment } from "./fake_host_environment.ts";
import {
  FakeAdoptedPort,
  FakePort,
  FakeTCPPort,
  type FakeTLSPort,
  FakeUNIXPort,
} from "./fake_port.ts";
import { FakeProcess } from "./fake_process.ts";
import { FakeThreadPool } from "./fake_thread_pool.ts";
import { MemoryReactorCore } from "./memory_reactor_core.ts";
import { callAtOnce } from "./recorded_triggers.ts";
import {
  type RecordedUNIXDatagramClient,
  type RecordedUNIXDatagramPort,
  recordUNIXDatagramClient,
  recordUNIXDatagramPort,
} from "./recorded_unix_datagrams.ts";

/** The record of a call of `adoptStreamConnection`. */
export interface RecordedStreamConnection {
  /** The file descriptor that was passed in. */
  readonly fileDescriptor: number;
  /** The address family that was passed in. */
  readonly addressFamily: AddressFamily;
  /** The factory that was passed in. */
  readonly factory: IProtocolFactory;
  /** The options that were passed in. */
  readonly options: AdoptStreamConnectionOptions;
}

/**
 * A reactor for tests that records every call and opens nothing. Attempts to connect stay pending
 * until the test completes them, or the code under test cancels them. Twisted's `MemoryReactor`.
 *
 * Each list has what the calls have returned, in order: a port or connector, which also has the
 * arguments of its call. The test makes connections with {@linkcode FakeConnector.succeed} and
 * {@linkcode FakePort.connect}, or builds a protocol with the recorded factory and connects it to a
 * `StringTransport` itself.
 *
 * It has no clock: {@linkcode MemoryReactorClock} has one, and every interface of a reactor.
 *
 * @example
 * ```ts
 * import { Factory, Protocol } from "@torsion/reactor/protocol";
 * import { MemoryReactor } from "@torsion/reactor/testing";
 *
 * const reactor = new MemoryReactor();
 * reactor.listenTCP(2000, Factory.forProtocol(Protocol), { interface: "127.0.0.1" });
 *
 * const [server] = reactor.tcpServers;
 * console.log(server?.port, server?.options.interface); // 2000 127.0.0.1
 * ```
 *
 * @example A client that tries again
 * ```ts
 * import { ClientFactory, Protocol } from "@torsion/reactor/protocol";
 * import type { IConnector } from "@torsion/reactor/reactor";
 * import { MemoryReactor } from "@torsion/reactor/testing";
 *
 * class Persistent extends ClientFactory {
 *   override protocol = Protocol;
 *   override clientConnectionFailed(connector: IConnector) {
 *     connector.connect();
 *   }
 * }
 *
 * const reactor = new MemoryReactor();
 * reactor.connectTCP("192.0.2.1", 80, new Persistent());
 * const [client] = reactor.tcpClients;
 * client?.fail(); // refused
 * console.log(client?.attempts, client?.state); // 2 connecting
 * ```
 */
export class MemoryReactor extends MemoryReactorCore
  implements
    IReactorTCP,
    IReactorTLS,
    IReactorUDP,
    IReactorMulticast,
    IReactorUNIX,
    IReactorUNIXDatagram,
    IReactorSocket,
    IReactorPluggableNameResolver,
    IReactorHostEnvironment,
    IReactorProcess,
    IReactorStdio,
    IReactorThreads {
  /** The ports of `listenTCP`. */
  readonly tcpServers: FakeTCPPort[] = [];
  /** The connectors of `connectTCP`. */
  readonly tcpClients: FakeTCPConnector[] = [];
  /** The ports of `listenTLS`. Twisted's reactors have `listenSSL`. */
  readonly sslServers: FakeTLSPort[] = [];
  /** The connectors of `connectTLS`. Twisted's reactors have `connectSSL`. */
  readonly sslClients: FakeTLSConnector[] = [];
  /** The ports of `listenUNIX`. */
  readonly unixServers: FakeUNIXPort[] = [];
  /** The connectors of `connectUNIX`. */
  readonly unixClients: FakeUNIXConnector[] = [];
  /** The connectors of all calls that connect. */
  readonly connectors: (FakeTCPConnector | FakeTLSConnector | FakeUNIXConnector)[] = [];
  /** The ports of `listenUDP` and `listenMulticast`. */
  readonly udpPorts: FakeUDPPort[] = [];
  /** The calls of `listenUNIXDatagram`. */
  readonly unixDatagramPorts: RecordedUNIXDatagramPort[] = [];
  /** The calls of `connectUNIXDatagram`. */
  readonly unixDatagramClients: RecordedUNIXDatagramClient[] = [];
  /** The ports of `adoptStreamPort`. */
  readonly adoptedPorts: FakeAdoptedPort[] = [];
  /** The calls of `adoptStreamConnection`. */
  readonly adoptedStreamConnections: RecordedStreamConnection[] = [];
  /** The ports of `listenStandardIO`. */
  readonly stdioPorts: FakePort<IPipeAddress, StandardIOOptions>[] = [];
  /** The processes of `spawnProcess`. */
  readonly processes: FakeProcess[] = [];
  /** The thread pool, which records the tasks. */
  readonly threadPool: FakeThreadPool = new FakeThreadPool(() => this.running);

  readonly hostEnvironment: FakeHostEnvironment = new FakeHostEnvironment();

  /** The clock. It stands still unless a subclass moves it. */
  protected readonly clock: Clock = new Clock();
  #nameResolver: IHostnameResolver = new TableNameResolver({});
  #nextPort = 49152;
  #nextPID = 4712;

  // Members for streams.

  listenTCP(
    port: number,
    factory: IProtocolFactory,
    options: ListenTCPOptions = {},
  ): FakeTCPPort {
    const address = this.#portAddress("listenTCP", port, options);
    return listening(this.tcpServers, new FakeTCPPort(port, this.#call(address, factory, options)));
  }

  connectTCP(
    host: string,
    port: number,
    factory: IClientFactory,
    options: ConnectTCPOptions = {},
  ): FakeTCPConnector {
    checkDestination("connectTCP", host, port, options);
    const connector = new FakeTCPConnector(host, port, factory, options, false, this.clock);
    return this.#connecting(this.tcpClients, connector);
  }

  /** Listens for TLS connections. Keys and certificates are not checked. */
  listenTLS(port: number, factory: IProtocolFactory, options: ListenTLSOptions): FakeTLSPort {
    const address = this.#portAddress("listenTLS", port, options);
    const call = { ...this.#call(address, factory, options), secure: true };
    return listening(this.sslServers, new FakeTCPPort(port, call));
  }

  /** Connects with TLS. Keys and certificates are not checked. */
  connectTLS(
    host: string,
    port: number,
    factory: IClientFactory,
    options: ConnectTLSOptions = {},
  ): FakeTLSConnector {
    checkDestination("connectTLS", host, port, options);
    const connector = new FakeTCPConnector(host, port, factory, options, true, this.clock);
    return this.#connecting(this.sslClients, connector);
  }

  listenUNIX(
    path: string,
    factory: IProtocolFactory,
    options: ListenUNIXOptions = {},
  ): FakeUNIXPort {
    checkString("listenUNIX() path", path);
    const call = this.#call(new UNIXAddress(path), factory, options);
    return listening(this.unixServers, new FakeUNIXPort(path, call));
  }

  connectUNIX(
    path: string,
    factory: IClientFactory,
    options: ConnectUNIXOptions = {},
  ): FakeUNIXConnector {
    checkString("connectUNIX() path", path);
    checkConnectOptions(options);
    const connector = new FakeUNIXConnector(path, factory, options, this.clock);
    return this.#connecting(this.unixClients, connector);
  }

  /** Adopts a port. The address of a TCP port is 0.0.0.0:1234 or [::]:1234, as in Twisted. */
  adoptStreamPort(
    fileDescriptor: number,
    addressFamily: AddressFamily,
    factory: IProtocolFactory,
    options: AdoptStreamPortOptions = {},
  ): FakeAdoptedPort {
    checkInteger("adoptStreamPort() fileDescriptor", fileDescriptor, 0, 0x7fffffff);
    const call = this.#call(adoptedAddress(addressFamily), factory, options);
    return listening(this.adoptedPorts, new FakeAdoptedPort(fileDescriptor, addressFamily, call));
  }

  adoptStreamConnection(
    fileDescriptor: number,
    addressFamily: AddressFamily,
    factory: IProtocolFactory,
    options: AdoptStreamConnectionOptions = {},
  ): void {
    checkInteger("adoptStreamConnection() fileDescriptor", fileDescriptor, 0, 0x7fffffff);
    connectionLimits(options);
    this.adoptedStreamConnections.push({ fileDescriptor, addressFamily, factory, options });
  }

  listenStandardIO(
    factory: IProtocolFactory,
    options: StandardIOOptions = {},
  ): FakePort<IPipeAddress, StandardIOOptions> {
    const call = this.#call(new PipeAddress(), factory, options);
    return listening(this.stdioPorts, new FakePort(call));
  }

  // Members for datagrams.

  listenUDP(
    port: number,
    protocol: IDatagramProtocol<IUDPTransport, IInternetAddress>,
    options: ListenUDPOptions = {},
  ): FakeUDPPort {
    return this.#listenUDP("listenUDP", port, protocol, options);
  }

  listenMulticast(
    port: number,
    protocol: IDatagramProtocol<IMulticastTransport, IInternetAddress>,
    options: ListenMulticastOptions = {},
  ): FakeUDPPort {
    return this.#listenUDP("listenMulticast", port, protocol, options);
  }

  /** Binds a UNIX datagram socket. `--unstable-net` is not needed. */
  listenUNIXDatagram(
    path: string,
    protocol: IDatagramProtocol<IUNIXDatagramTransport, IUNIXAddress>,
    options: ListenUNIXDatagramOptions = {},
  ): IUNIXDatagramTransport {
    checkString("listenUNIXDatagram() path", path);
    const record = recordUNIXDatagramPort(path, protocol, options);
    this.unixDatagramPorts.push(record);
    return record.transport;
  }

  /** Connects a UNIX datagram socket. `--unstable-net` is not needed. */
  connectUNIXDatagram(
    path: string,
    protocol: IConnectedDatagramProtocol,
    options: ConnectUNIXDatagramOptions = {},
  ): IUNIXDatagramConnectedTransport {
    checkString("connectUNIXDatagram() path", path);
    const record = recordUNIXDatagramClient(path, protocol, options);
    this.unixDatagramClients.push(record);
    return record.transport;
  }

  // Members for names, threads and processes.

  /** The installed resolver. The first one knows no names. */
  get nameResolver(): IHostnameResolver {
    return this.#nameResolver;
  }

  installNameResolver(resolver: IHostnameResolver): IHostnameResolver {
    checkNameResolver(resolver);
    const previous = this.#nameResolver;
    this.#nameResolver = resolver;
    return previous;
  }

  resolve(name: string, timeout?: number | readonly number[]): Deferred<string> {
    return resolveName(this.clock, this.#nameResolver, name, timeout);
  }

  /** Calls `f(...args)` at once, because this reactor has no turns. Errors go to the caller. */
  callFromThread<A extends unknown[]>(f: (...args: A) => unknown, ...args: A): void {
    callAtOnce("callFromThread", f, args);
  }

  callInThread<A extends unknown[]>(task: WorkerTask<A>, ...args: NoInfer<A>): void {
    this.threadPool.callInThread(task, ...args);
  }

  suggestThreadPoolSize(size: number): void {
    checkInteger("suggestThreadPoolSize() size", size, 0, Number.MAX_SAFE_INTEGER);
    this.threadPool.adjustPoolsize({ max: size });
  }

  getThreadPool(): FakeThreadPool {
    return this.threadPool;
  }

  spawnProcess(
    processProtocol: IProcessProtocol,
    executable: string,
    options: SpawnProcessOptions = {},
  ): FakeProcess {
    checkString("spawnProcess() executable", executable);
    const process = new FakeProcess(processProtocol, executable, options, this.#nextPID++);
    this.processes.push(process);
    processProtocol.makeConnection(process);
    return process;
  }

  #listenUDP(
    method: string,
    port: number,
    protocol: IDatagramProtocol<IMulticastTransport, IInternetAddress>,
    options: ListenMulticastOptions,
  ): FakeUDPPort {
    const { interface: host = "0.0.0.0" } = options;
    checkInteger(`${method}() port`, port, 0, 65535);
    checkInterface(host);
    const address = { host, port: this.#boundPort(port) };
    const udpPort = new FakeUDPPort(port, protocol, options, address);
    this.udpPorts.push(udpPort);
    return udpPort;
  }

  #portAddress(method: string, port: number, options: ListenTCPOptions): IInternetAddress {
    const { interface: host = "0.0.0.0", backlog = 511 } = options;
    checkInteger(`${method}() port`, port, 0, 65535);
    checkInteger("backlog", backlog, 1, 65535);
    return internetAddress("TCP", host, this.#boundPort(port));
  }

  #boundPort(port: number): number {
    return port === 0 ? this.#nextPort++ : port;
  }

  /** Checks the options of a port, and returns the arguments for its record. */
  #call<A extends Address, O extends ListenStreamOptions>(
    address: A,
    factory: IProtocolFactory,
    options: O,
  ): { address: A; factory: IProtocolFactory; options: O; clock: Clock } {
    streamPortLimits(options);
    return { address, factory, options, clock: this.clock };
  }

  #connecting<C extends FakeTCPConnector | FakeTLSConnector | FakeUNIXConnector>(
    records: C[],
    connector: C,
  ): C {
    records.push(connector);
    this.connectors.push(connector);
    connector.connect();
    return connector;
  }
}

/** Records a port, unless its factory cannot be started. */
function listening<P extends FakePort>(records: P[], port: P): P {
  port.startListening();
  records.push(port);
  return port;
}

function adoptedAddress(addressFamily: AddressFamily): Address {
  if (addressFamily === "UNIX") return new UNIXAddress("");
  return internetAddress("TCP", addressFamily === "INET" ? "0.0.0.0" : "::", 1234);
}

function checkDestination(
  method: string,
  host: string,
  port: number,
  options: ConnectTCPOptions,
): void {
  checkString(`${method}() host`, host);
  checkInteger(`${method}() port`, port, 1, 65535);
  checkConnectOptions(options);
}

function checkConnectOptions(options: ConnectStreamOptions): void {
  checkTimeout("timeout", options.timeout ?? 30);
  connectionLimits(options);
}
