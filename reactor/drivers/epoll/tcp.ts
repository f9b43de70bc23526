/**
 * TCP sockets.
 *
 * @module
 */

import { internetAddress } from "../../addresses.ts";
import type {
  ConnectTCPOptions,
  IInternetAddress,
  ListenTCPOptions,
  TCPSocketOptions,
} from "../../interfaces/mod.ts";
import type { Dial, DialSink } from "../../stream/dial.ts";
import { localEnd } from "../../stream/socket_options.ts";
import type { StreamAcceptor } from "../../stream/stream_acceptor.ts";
import { cannotListen, connectError } from "../../stream/system_error.ts";
import {
  IP_BIND_ADDRESS_NO_PORT,
  IPPROTO_IP,
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_KEEPIDLE,
  TCP_NODELAY,
} from "./constants.ts";
import { DialingSocket } from "./dialing_socket.ts";
import { ipAddressOf } from "./host_name.ts";
import { checkNetAccess } from "./permissions.ts";
import type { Poller } from "./poller.ts";
import { SocketAcceptor } from "./socket_acceptor.ts";
import { decodeTCP, encodeInternet } from "./socket_address.ts";
import { bindTo, localAddress, openSocket, setOption, withSocket } from "./socket_calls.ts";
import { type EpollListenOptions, setSocketOptions } from "./socket_options.ts";
import { StreamSocket } from "./stream_socket.ts";
import type { SystemCalls } from "./system_calls.ts";

/**
 * Binds a TCP port.
 *
 * @param host An IP address, or the name of a host on this machine.
 * @throws {CannotListenError} If the address cannot be bound.
 */
export function bindTCP(
  poller: Poller,
  host: string,
  port: number,
  backlog: number,
  options: ListenTCPOptions,
): StreamAcceptor<IInternetAddress> {
  try {
    const place = { host, port, backlog };
    return poller.using((system) =>
      listenOnTCP(system, place, options, (fd) => tcpAcceptor(poller, fd, options))
    );
  } catch (error) {
    throw cannotListen(internetAddress("TCP", host, port), error);
  }
}

/** Where a socket listens. */
export interface ListeningPlace {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
  readonly backlog: number;
}

/**
 * Calls a function with a new listening TCP socket, which stays open only if the function returns.
 *
 * @returns The result of the function.
 * @throws {SystemFailure} If the address cannot be bound.
 * @throws {Deno.errors.NotCapable} If the permission for the address is missing.
 */
export function listenOnTCP<T>(
  system: SystemCalls,
  { host, port, backlog }: ListeningPlace,
  options: TCPSocketOptions & EpollListenOptions,
  f: (fd: number) => T,
): T {
  checkNetAccess(host, port);
  const address = encodeInternet(system, ipAddressOf(system, host), port);
  return withSocket(system, address.family, SOCK_STREAM, (fd) => {
    setOption(system, fd, SOL_SOCKET, SO_REUSEADDR, true);
    // Accepted connections inherit the options of the listening socket.
    setSocketOptions(system, fd, options);
    bindTo(system, fd, address);
    system.checked("listen", system.calls.listen(fd, backlog));
    return f(fd);
  });
}

/**
 * Returns the acceptor of a listening TCP socket.
 *
 * @param poller The poller of the reactor.
 * @param fd The socket, which the acceptor closes.
 * @param options The options of its connections, which the socket has.
 */
export function tcpAcceptor(
  poller: Poller,
  fd: number,
  options: TCPSocketOptions,
): SocketAcceptor<IInternetAddress> {
  const { system } = poller;
  const address = decodeTCP(system, localAddress(system, fd));
  const isWildcard = /^[0.:]*$/.test(address.host);
  const keepsAlive = options.keepAlive !== undefined;
  return new SocketAcceptor(poller, fd, address, (accepted, space) => {
    const peer = decodeTCP(system, space);
    return new TCPSocket(poller, accepted, peer, isWildcard ? null : address, keepsAlive);
  });
}

/** Returns a dial to a TCP port. The host is an IP address. */
export function dialTCP(
  poller: Poller,
  host: string,
  port: number,
  options: ConnectTCPOptions,
): Dial {
  const destination = internetAddress("TCP", host, port);
  const errorFor = (failure: unknown): Error => connectError(destination, failure);
  const driverFor = (fd: number): StreamSocket =>
    new TCPSocket(poller, fd, destination, null, options.keepAlive !== undefined);
  return (sink) =>
    startDial(sink, errorFor, () =>
      poller.using((system) => {
        checkNetAccess(host, port);
        const address = encodeInternet(system, host, port);
        const fd = openSocket(system, address.family, SOCK_STREAM);
        const dialing = new DialingSocket(poller, fd, sink, { driverFor, errorFor });
        return [dialing, () => {
          setSocketOptions(system, fd, options);
          bindLocalEnd(system, fd, options.bindAddress);
          dialing.connect(address);
        }];
      }));
}

/**
 * Starts a connection attempt.
 *
 * @param sink The receiver of the outcome.
 * @param errorFor Returns the error for the connector.
 * @param open Opens the socket. Returns it, and a function that starts to connect.
 * @returns A function that cancels the attempt.
 */
function startDial(
  sink: DialSink,
  errorFor: (failure: unknown) => Error,
  open: () => [DialingSocket, () => void],
): () => void {
  let isCancelled = false;
  let dialing: DialingSocket | null = null;
  try {
    const [socket, connect] = open();
    dialing = socket;
    connect();
  } catch (failure) {
    // The connector expects the outcome after this call.
    queueMicrotask(() => {
      if (!isCancelled) sink.failed(errorFor(failure));
      if (dialing === null) sink.released();
      else dialing.cancel();
    });
    return () => {
      isCancelled = true;
    };
  }
  const started = dialing;
  return () => started.cancel();
}

function bindLocalEnd(
  system: SystemCalls,
  fd: number,
  bindAddress: ConnectTCPOptions["bindAddress"],
): void {
  if (bindAddress === undefined) return;
  const [host, port] = localEnd(bindAddress);
  checkNetAccess(host, port);
  // The system chooses a free port when it knows the destination: it may use one port for several
  // destinations. A given port may be in use by a connection that has ended (TIME_WAIT).
  if (port === 0) setOption(system, fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, true);
  else setOption(system, fd, SOL_SOCKET, SO_REUSEADDR, true);
  bindTo(system, fd, encodeInternet(system, host, port));
}

/** The driver of a TCP connection. */
export class TCPSocket extends StreamSocket {
  readonly #peer: IInternetAddress;
  #host: IInternetAddress | null;
  readonly keepsAlive: boolean;

  /**
   * Takes ownership of a connected socket.
   *
   * @param poller The poller of the reactor.
   * @param fd The socket.
   * @param peer The address of the peer.
   * @param host The address of this side; `null` to ask the system for it when it is needed.
   * @param keepsAlive Whether keep-alive probes are on.
   */
  constructor(
    poller: Poller,
    fd: number,
    peer: IInternetAddress,
    host: IInternetAddress | null,
    keepsAlive: boolean,
  ) {
    super(poller, fd);
    this.#peer = peer;
    this.#host = host;
    this.keepsAlive = keepsAlive;
  }

  getPeer(): IInternetAddress {
    return this.#peer;
  }

  getHost(): IInternetAddress {
    const { system } = this.poller;
    return this.#host ??= decodeTCP(system, localAddress(system, this.fd));
  }

  override close(): void {
    if (!this.isClosed) this.#keepHost();
    super.close();
  }

  /** Reads the address of this side, which is available after the connection, too. */
  #keepHost(): void {
    try {
      this.getHost();
    } catch {
      // The system has no memory for the answer. The connection is closed all the same.
      this.#host = internetAddress("TCP", "0.0.0.0", 0);
    }
  }

  setNoDelay(enabled: boolean): void {
    this.#set(IPPROTO_TCP, TCP_NODELAY, enabled);
  }

  setKeepAlive(enabled: boolean): void {
    this.#set(SOL_SOCKET, SO_KEEPALIVE, enabled);
  }

  setKeepAliveIdle(seconds: number): void {
    this.#set(IPPROTO_TCP, TCP_KEEPIDLE, seconds);
    this.setKeepAlive(true);
  }

  #set(level: number, option: number, setting: number | boolean): void {
    if (!this.isClosed) setOption(this.poller.system, this.fd, level, option, setting);
  }
}
