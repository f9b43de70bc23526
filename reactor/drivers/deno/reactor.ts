/**
 * The default reactor: Deno's own sockets, timers and signals.
 *
 * @module
 */

import type {
  ConnectUNIXOptions,
  IClientFactory,
  IConnector,
  IListeningPort,
  IProtocolFactory,
  IUNIXAddress,
  ListenUNIXOptions,
} from "../../interfaces/mod.ts";
import { HostReactor } from "./host_reactor.ts";
import { denoSockets } from "./sockets.ts";

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
export class DenoReactor extends HostReactor {
  constructor() {
    super(denoSockets);
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
    return super.listenUNIX(path, factory, options);
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
}
