/**
 * The default reactor: Deno's own sockets, timers and signals.
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
import { ChildProcess } from "../../process/child_process.ts";
import { connectionLimits } from "../../stream/connection_limits.ts";
import { datagramLimits } from "../../datagram/datagram_limits.ts";
import type {
  AddressFamily,
  AdoptStreamConnectionOptions,
  AdoptStreamPortOptions,
  ConnectUNIXDatagramOptions,
  ConnectUNIXOptions,
  IClientFactory,
  IConnectedDatagramProtocol,
  IConnector,
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
import { adoptConnection, adopting } from "../node/adopted_socket.ts";
import { nodeTLS } from "../node/tls_contexts.ts";
import { ConnectedUNIXDatagramPort, UNIXDatagramPort } from "../../datagram/unix_datagram_port.ts";
import { checkInteger } from "../../../internal/validation.ts";
import { spawnChild } from "./child.ts";
import { prepareForShortage } from "./descriptors.ts";
import { DenoNameResolver } from "./name_resolver.ts";
import { listenToSignal, prepareSignals } from "./signals.ts";
import { standardIOBinding } from "./stdio.ts";
import { DenoHostEnvironment } from "./host_environment.ts";
import { denoSockets } from "./sockets.ts";
import { startDenoThread } from "./thread.ts";
import { bindUNIXDatagram, checkUNIXDatagrams, checkUNIXPeer } from "./unix_datagram.ts";
import { checkUNIXPath } from "../../stream/unix_path.ts";
import { lastingPath } from "./unix_path.ts";

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
export class DenoReactor extends DriverReactor implements IReactor {
  readonly hostEnvironment: IHostEnvironment = new DenoHostEnvironment();

  constructor() {
    super({
      sockets: denoSockets,
      nameResolver: new DenoNameResolver(),
      startThread: startDenoThread,
      tls: nodeTLS,
      signalSource: { listen: listenToSignal, unlisten: Deno.removeSignalListener },
      // The signal of Ctrl-Break (SIGBREAK) exists only on Windows.
      stopSignals: Deno.build.os === "windows"
        ? ["SIGINT", "SIGTERM", "SIGBREAK"]
        : ["SIGINT", "SIGTERM"],
    });
  }

  override run(options: RunOptions = {}): Promise<void> {
    prepareForShortage();
    prepareSignals();
    return super.run(options);
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
  override listenUNIX(
    path: string,
    factory: IProtocolFactory,
    options: ListenUNIXOptions = {},
  ): IListeningPort<IUNIXAddress> {
    checkUNIXPath("listenUNIX() path", path);
    return super.listenUNIX(lastingPath(path), factory, options);
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
  override connectUNIX(
    path: string,
    factory: IClientFactory,
    options: ConnectUNIXOptions = {},
  ): IConnector<IUNIXAddress> {
    return super.connectUNIX(path, factory, options);
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
    const port = new UNIXDatagramPort(contextOf(this), protocol, limits, bind);
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
    const bind = adopting(fileDescriptor, addressFamily, backlog, options);
    return this.listenStream(factory, options, bind);
  }

  adoptStreamConnection(
    fileDescriptor: number,
    addressFamily: AddressFamily,
    factory: IProtocolFactory,
    options: AdoptStreamConnectionOptions = {},
  ): void {
    checkFactory("adopt a connection", factory);
    const owner = new AdoptedConnection(contextOf(this), connectionLimits(options));
    const driver = adoptConnection(fileDescriptor, addressFamily, options);
    this.use();
    owner.open(driver, factory);
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
