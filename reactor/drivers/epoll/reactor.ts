/**
 * A reactor on Linux's epoll.
 *
 * @module
 */

import { checkInteger } from "../../../internal/validation.ts";
import type {
  IClientFactory,
  IConnector,
  IInternetAddress,
  IListeningPort,
  IProtocolFactory,
  RunOptions,
} from "../../interfaces/mod.ts";
import { UnsupportedError } from "../../errors.ts";
import { HostReactor } from "../deno/host_reactor.ts";
import {
  type ListeningSocket,
  type ListeningSocketOptions,
  openListeningSocket,
} from "./listening_socket.ts";
import { Poller } from "./poller.ts";
import {
  checkEpollOptions,
  type EpollConnectTCPOptions,
  type EpollConnectTLSOptions,
  type EpollListenTCPOptions,
  type EpollListenTLSOptions,
} from "./socket_options.ts";
import { epollSockets } from "./sockets.ts";
import { firstOf, libraryNames } from "./system_calls.ts";
import { WakeRing } from "./wake_ring.ts";

/** Options of {@linkcode EpollReactor}. */
export interface EpollReactorOptions {
  /**
   * The file name of the C library.
   *
   * @default {The C library of the system: that of GNU, or musl.}
   */
  library?: string | undefined;
  /**
   * The number of file descriptors that may wait to be sent on a UNIX connection: an integer from 1
   * to 65535. `sendFileDescriptor` throws at the limit, so that a peer that does not read cannot
   * make the process run out of descriptors.
   *
   * @default {256}
   */
  maxQueuedDescriptors?: number | undefined;
  /**
   * Whether io_uring(7) wakes an idle reactor. With `true`, it always does, and with `false`, a
   * thread always waits instead.
   *
   * @default {A thread for the first 500 waits, and then io_uring where the system allows it: an
   * event then costs less, but the first one takes some milliseconds.}
   */
  ioUring?: boolean | undefined;
}

/**
 * A reactor that calls Linux's own sockets and epoll(7), through the C library.
 *
 * Everything that runs on `DenoReactor` runs on it unchanged. For small messages, a server needs
 * less processor time than on `DenoReactor`, and less memory for each idle connection. The reactor
 * needs Linux on x86-64 or aarch64, and `--allow-ffi` in addition to the permissions of
 * `DenoReactor`, which it checks as Deno does.
 *
 * @example Install the reactor before anything uses the process's reactor.
 * ```ts no-eval
 * import { EpollReactor } from "@torsion/reactor/epoll";
 * import { installReactor, reactor } from "@torsion/reactor/reactor";
 *
 * installReactor(new EpollReactor());
 * await reactor.run();
 * ```
 */
export class EpollReactor extends HostReactor {
  readonly #poller: Poller;

  /**
   * Creates a reactor.
   *
   * @param options The C library, the limit of descriptors to send, and how an idle reactor waits.
   * @throws {UnsupportedError} If this is not Linux on x86-64 or aarch64, `--allow-ffi` is missing,
   *   the C library is not found, or io_uring is required and not available.
   * @throws {RangeError} If the limit is out of range.
   */
  constructor({ library, maxQueuedDescriptors = 256, ioUring }: EpollReactorOptions = {}) {
    checkInteger("maxQueuedDescriptors", maxQueuedDescriptors, 1, 65535);
    const names = library === undefined ? libraryNames() : [library];
    checkSystem(names);
    if (ioUring && !WakeRing.isAvailable(names)) {
      throw cannotCreate(
        "the system has no io_uring, is older than Linux 5.19, or forbids io_uring",
      );
    }
    const poller = new Poller(names, ioUring);
    poller.passing.limit = maxQueuedDescriptors;
    super(epollSockets(poller));
    this.#poller = poller;
  }

  /**
   * Runs the reactor. Until the returned promise settles, the C library stays open.
   *
   * @param options The signal that stops the reactor, and whether it handles process signals.
   * @returns A promise that resolves when the reactor has stopped.
   */
  override async run(options?: RunOptions): Promise<void> {
    // The C library stays open while the reactor runs, whether it has sockets or not.
    this.#poller.hold();
    try {
      await super.run(options);
    } finally {
      this.#poller.release();
    }
  }

  /**
   * Listens on a TCP port, with further options of Linux's sockets.
   *
   * @param port The port number; 0 lets the system choose one.
   * @param factory The factory that creates a protocol for each connection.
   * @param options Limits, timeouts and options of the sockets.
   * @returns The listening port.
   * @throws {CannotListenError} If the address cannot be bound.
   * @throws {RangeError | TypeError} If an argument or an option is out of range.
   */
  override listenTCP(
    port: number,
    factory: IProtocolFactory,
    options: EpollListenTCPOptions = {},
  ): IListeningPort<IInternetAddress> {
    checkEpollOptions(options);
    return super.listenTCP(port, factory, options);
  }

  /**
   * Connects to a TCP port, with further options of Linux's sockets.
   *
   * @param host A host name or an IP address.
   * @param port The port number.
   * @param factory The factory that receives the result of the attempt and creates the protocol.
   * @param options Limits, timeouts and options of the sockets.
   * @returns The connector.
   * @throws {RangeError | TypeError} If an argument or an option is out of range.
   */
  override connectTCP(
    host: string,
    port: number,
    factory: IClientFactory,
    options: EpollConnectTCPOptions = {},
  ): IConnector<IInternetAddress> {
    checkEpollOptions(options);
    return super.connectTCP(host, port, factory, options);
  }

  /**
   * Listens for TLS connections on a TCP port, with further options of Linux's sockets.
   *
   * @param port The port number; 0 lets the system choose one.
   * @param factory The factory that creates a protocol for each connection.
   * @param options Limits, timeouts and options of the sockets.
   * @returns The listening port.
   * @throws {CannotListenError} If the address cannot be bound.
   * @throws {RangeError | TypeError} If an argument or an option is out of range.
   */
  override listenTLS(
    port: number,
    factory: IProtocolFactory,
    options: EpollListenTLSOptions,
  ): IListeningPort<IInternetAddress> {
    checkEpollOptions(options);
    return super.listenTLS(port, factory, options);
  }

  /**
   * Connects to a TLS server, with further options of Linux's sockets.
   *
   * @param host A host name or an IP address.
   * @param port The port number.
   * @param factory The factory that receives the result of the attempt and creates the protocol.
   * @param options Limits, timeouts and options of the sockets.
   * @returns The connector.
   * @throws {RangeError | TypeError} If an argument or an option is out of range.
   */
  override connectTLS(
    host: string,
    port: number,
    factory: IClientFactory,
    options: EpollConnectTLSOptions = {},
  ): IConnector<IInternetAddress> {
    checkEpollOptions(options);
    return super.connectTLS(host, port, factory, options);
  }

  /**
   * Opens a listening TCP socket for other processes, such as the workers of a `Supervisor`, which
   * inherit its descriptor. This process does not accept connections from it.
   *
   * @param port The port number; 0 lets the system choose one.
   * @param options The interface, the backlog, and options that accepted connections inherit.
   * @returns The socket.
   * @throws {CannotListenError} If the address cannot be bound.
   * @throws {RangeError | TypeError} If an argument or an option is out of range.
   *
   * @example
   * ```ts no-eval
   * import { EpollReactor } from "@torsion/reactor/epoll";
   * import { Supervisor } from "@torsion/reactor/supervisor";
   *
   * const reactor = new EpollReactor();
   * using socket = reactor.openListeningSocket(2000);
   * const args = ["run", "worker.ts", `${socket.descriptor}`];
   * const supervisor = new Supervisor(reactor, { executable: Deno.execPath(), args, env: null });
   * supervisor.startService();
   * await reactor.run();
   * ```
   */
  openListeningSocket(port: number, options: ListeningSocketOptions = {}): ListeningSocket {
    return openListeningSocket(this.#poller, port, options);
  }
}

/** @throws {UnsupportedError} If the reactor cannot run here. The message says why. */
function checkSystem(libraries: readonly string[]): void {
  const { os, arch } = Deno.build;
  if (os !== "linux" || (arch !== "x86_64" && arch !== "aarch64")) {
    throw cannotCreate(`it needs Linux on x86-64 or aarch64, and this is ${os} on ${arch}`);
  }
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    throw cannotCreate("it needs the permission --allow-ffi");
  }
  try {
    firstOf(libraries, (name) => Deno.dlopen(name, {}).close());
  } catch (cause) {
    const names = libraries.join(" or ");
    throw cannotCreate(`the C library ${names} cannot be opened`, cause);
  }
}

function cannotCreate(why: string, cause?: unknown): UnsupportedError {
  return new UnsupportedError(`Cannot create an EpollReactor: ${why}`, { cause });
}
