/**
 * What the reactors on Deno share: everything except the sockets.
 *
 * @module
 */

import {
  checkFactory,
  checkProcessProtocol,
  checkStandardStreams,
} from "../../lifecycle/argument_checks.ts";
import { AdoptedConnection } from "../../stream/adopted_connection.ts";
import { UNIXAddress } from "../../addresses.ts";
import { contextOf, DriverReactor } from "../../lifecycle/driver_reactor.ts";
import type { HostSockets } from "../../lifecycle/host_sockets.ts";
import { ChildProcess } from "../../process/child_process.ts";
import { connectionLimits } from "../../stream/connection_limits.ts";
import type { DatagramDriver } from "../../datagram/datagram_driver.ts";
import { datagramLimits } from "../../datagram/datagram_limits.ts";
import type {
  AddressFamily,
  AdoptStreamConnectionOptions,
  AdoptStreamPortOptions,
  ConnectUNIXDatagramOptions,
  IConnectedDatagramProtocol,
  IDatagramProtocol,
  IHostEnvironment,
  IListeningPort,
  IPipeAddress,
  IProcessProtocol,
  IProcessTransport,
  IProtocolFactory,
  IReactor,
  IUNIXAddress,
  IUNIXDatagramConnectedTransport,
  IUNIXDatagramTransport,
  ListenUNIXDatagramOptions,
  ListenUNIXOptions,
  RunOptions,
  SpawnProcessOptions,
  StandardIOOptions,
} from "../../interfaces/mod.ts";
import { nodeTLS } from "../node/tls_contexts.ts";
import { ConnectedUNIXDatagramPort, UNIXDatagramPort } from "../../datagram/unix_datagram_port.ts";
import { checkInteger } from "../../../internal/validation.ts";
import { spawnChild } from "./child.ts";
import { prepareForShortage } from "./descriptors.ts";
import { DenoNameResolver } from "./name_resolver.ts";
import { listenToSignal, prepareSignals } from "./signals.ts";
import { standardIOBinding } from "./stdio.ts";
import { DenoHostEnvironment } from "./host_environment.ts";
import { startDenoThread } from "./thread.ts";
import { checkUNIXPeer } from "./unix_datagram.ts";
import type { StreamAcceptor } from "../../stream/stream_acceptor.ts";
import type { StreamDriver } from "../../stream/stream_driver.ts";
import { checkUNIXPath } from "../../stream/unix_path.ts";
import { lastingPath } from "./unix_path.ts";

/** The sockets of a reactor on Deno, with those that the process has inherited. */
export interface AdoptingSockets extends HostSockets {
  /**
   * Returns a function that creates an acceptor from a listening descriptor. It succeeds only once.
   *
   * @param fileDescriptor The number of the descriptor, which the acceptor closes.
   * @param addressFamily The address family that the socket must have.
   * @param backlog The number of connections that may wait.
   * @param options Options of TCP connections.
   * @throws {RangeError | TypeError} If an argument is out of range or has the wrong type.
   */
  adoptPort(
    fileDescriptor: number,
    addressFamily: AddressFamily,
    backlog: number,
    options: AdoptStreamPortOptions,
  ): () => StreamAcceptor;
  /**
   * Creates a driver from the descriptor of a connected socket.
   *
   * @param fileDescriptor The number of the descriptor, which the driver closes.
   * @param addressFamily The address family that the socket must have.
   * @param options Options of TCP connections.
   * @throws {ConnectError} If the descriptor is not a connection of that family.
   * @throws {RangeError | TypeError} If an argument is out of range or has the wrong type.
   */
  adoptConnection(
    fileDescriptor: number,
    addressFamily: AddressFamily,
    options: AdoptStreamConnectionOptions,
  ): StreamDriver;
  /**
   * Checks that UNIX datagrams are available. Absent where they always are.
   *
   * @throws {UnsupportedError} If they are not.
   */
  checkUNIXDatagrams?(): void;
  /**
   * Binds a UNIX datagram socket.
   *
   * @param path The path, or an abstract name; null for a socket that only sends.
   * @param mode The mode of the socket's file.
   * @param maxPacketSize The size of the largest datagram to receive, in bytes.
   * @throws {CannotListenError} If the path cannot be bound.
   */
  bindUNIXDatagram(
    path: string | null,
    mode: number,
    maxPacketSize: number,
  ): DatagramDriver<IUNIXAddress>;
}

/**
 * A reactor on Deno, over any sockets: Deno's resolver, threads, TLS, signals, child processes and
 * standard streams.
 */
export abstract class HostReactor extends DriverReactor implements IReactor {
  readonly hostEnvironment: IHostEnvironment = new DenoHostEnvironment();
  readonly #sockets: AdoptingSockets;

  /**
   * Creates a reactor.
   *
   * @param sockets The sockets.
   */
  constructor(sockets: AdoptingSockets) {
    super({
      sockets,
      nameResolver: new DenoNameResolver(),
      startThread: startDenoThread,
      tls: nodeTLS,
      signalSource: { listen: listenToSignal, unlisten: Deno.removeSignalListener },
      // The signal of Ctrl-Break (SIGBREAK) exists only on Windows.
      stopSignals: Deno.build.os === "windows"
        ? ["SIGINT", "SIGTERM", "SIGBREAK"]
        : ["SIGINT", "SIGTERM"],
    });
    this.#sockets = sockets;
  }

  override run(options: RunOptions = {}): Promise<void> {
    prepareForShortage();
    prepareSignals();
    return super.run(options);
  }

  override listenUNIX(
    path: string,
    factory: IProtocolFactory,
    options: ListenUNIXOptions = {},
  ): IListeningPort<IUNIXAddress> {
    checkUNIXPath("listenUNIX() path", path);
    return super.listenUNIX(lastingPath(path), factory, options);
  }

  listenUNIXDatagram(
    path: string,
    protocol: IDatagramProtocol<IUNIXDatagramTransport, IUNIXAddress>,
    options: ListenUNIXDatagramOptions = {},
  ): IUNIXDatagramTransport {
    this.#sockets.checkUNIXDatagrams?.();
    const { mode = 0o666 } = options;
    checkUNIXPath("listenUNIXDatagram() path", path);
    checkInteger("mode", mode, 0, 0o777);
    const limits = datagramLimits(options);
    this.use();
    const boundPath = lastingPath(path);
    const bind = () => this.#sockets.bindUNIXDatagram(boundPath, mode, limits.maxPacketSize);
    const port = new UNIXDatagramPort(contextOf(this), protocol, limits, bind);
    port.startListening();
    return port;
  }

  connectUNIXDatagram(
    path: string,
    protocol: IConnectedDatagramProtocol,
    options: ConnectUNIXDatagramOptions = {},
  ): IUNIXDatagramConnectedTransport {
    this.#sockets.checkUNIXDatagrams?.();
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
      return this.#sockets.bindUNIXDatagram(boundPath, mode, limits.maxPacketSize);
    };
    const port = new ConnectedUNIXDatagramPort(contextOf(this), protocol, limits, peer, bind);
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
    const bind = this.#sockets.adoptPort(fileDescriptor, addressFamily, backlog, options);
    return this.listenStream(factory, options, bind);
  }

  adoptStreamConnection(
    fileDescriptor: number,
    addressFamily: AddressFamily,
    factory: IProtocolFactory,
    options: AdoptStreamConnectionOptions = {},
  ): void {
    checkFactory("adopt a connection", factory);
    const limits = connectionLimits(options);
    const driver = this.#sockets.adoptConnection(fileDescriptor, addressFamily, options);
    this.use();
    new AdoptedConnection(contextOf(this), limits, factory, fileDescriptor).open(driver);
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
    const child = new ChildProcess(contextOf(this), limits, processProtocol, executable, driver);
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
    return this.listenStream(factory, { ...options, linger: options.linger ?? Infinity }, bind);
  }
}
