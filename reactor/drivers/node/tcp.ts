/**
 * TCP through `node:net`.
 *
 * @module
 */

import type { LookupFunction, Socket } from "node:net";
import { internetAddress, isIPv6Address } from "../../addresses.ts";
import type { Dial } from "../../stream/dial.ts";
import { cannotListen } from "../../stream/system_error.ts";
import { connectOrLookupError } from "../deno/lookup_error.ts";
import { bindTCP } from "../deno/tcp.ts";
import type {
  ConnectTCPOptions,
  IInternetAddress,
  TCPSocketOptions,
} from "../../interfaces/mod.ts";
import type { StreamAcceptor } from "../../stream/stream_acceptor.ts";
import { localEnd } from "../../stream/socket_options.ts";
import { netModule } from "./builtin_modules.ts";
import { bindHandle, type ListeningServer, listenNow } from "./server.ts";
import { ServerAcceptor } from "./server_acceptor.ts";
import { TCPSocketDriver } from "./socket_driver.ts";

/** Returns whether the options need `node:net`. */
export function needsSocket(options: ConnectTCPOptions): boolean {
  const { resetOnAbort = false, keepAlive, bindAddress } = options;
  return resetOnAbort || keepAlive !== undefined || bindAddress !== undefined;
}

/**
 * Binds a TCP port.
 *
 * Node's handle reports few of the system's errors, and notices an address in use only if another
 * socket listens on it. So when it fails, Deno's own listener tries the same and throws the
 * accurate error. (To try Deno first, and then bind again with node, would refuse clients that
 * connect in between.)
 *
 * @throws {CannotListenError} If the address cannot be bound.
 */
export function bindSocket(
  hostname: string,
  port: number,
  backlog: number,
  options: TCPSocketOptions,
): StreamAcceptor<IInternetAddress> {
  const where = internetAddress("TCP", hostname, port);
  try {
    const listening = listenNow(bindHandle(hostname, port), backlog);
    if (listening !== null) return tcpAcceptor(listening, backlog, options);
  } catch (error) {
    throw cannotListen(where, error);
  }
  bindTCP(hostname, port, backlog).close();
  throw cannotListen(where, new Error("the address was in use until just now; try again"));
}

/** Creates the acceptor of a listening TCP server. */
export function tcpAcceptor(
  { server, handle }: ListeningServer,
  backlog: number,
  options: TCPSocketOptions,
): StreamAcceptor<IInternetAddress> {
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new TypeError(
      "Cannot accept TCP connections: the server listens on a UNIX socket or not at all",
    );
  }
  const where = internetAddress("TCP", address.address, address.port);
  return new ServerAcceptor(server, where, {
    backlog,
    driverFor: (socket) => tcpDriver(socket, true, options),
    lookAgain: () => handle.listen(backlog),
  });
}

/**
 * Returns a dial to a TCP port. Node resolves the name and tries its addresses in turn, each 250 ms
 * after the last one (RFC 8305) or when that has failed. A lookup cannot be aborted: it keeps the
 * process alive until the system answers, even after a cancelled dial.
 *
 * @param hostname The name or address of the server.
 * @param port The port number.
 * @param options Options of the connection.
 * @param lookup Resolves the name in place of node.
 */
export function dialSocket(
  hostname: string,
  port: number,
  options: ConnectTCPOptions,
  lookup?: LookupFunction,
): Dial {
  const destination = internetAddress("TCP", hostname, port);
  return (sink) => {
    try {
      checkBindPermission(options.bindAddress);
    } catch (error) {
      queueMicrotask(() => {
        sink.failed(connectOrLookupError(destination, error));
        sink.released();
      });
      return () => {};
    }
    const socket = netModule().connect({
      host: hostname,
      port,
      allowHalfOpen: true,
      ...localOptions(options.bindAddress),
      ...(lookup === undefined ? {} : { lookup }),
    });
    // No error follows a cancelled dial: the socket then emits only its `close` event.
    const failed = (error: Error) => sink.failed(connectOrLookupError(destination, error));
    const released = () => sink.released();
    socket.once("error", failed);
    socket.once("close", released);
    socket.once("connect", () => {
      const driver = tcpDriver(socket, false, options);
      if (driver === null) {
        socket.destroy(new Error("the connection was lost as soon as it was open"));
        return;
      }
      socket.off("error", failed);
      socket.off("close", released);
      sink.connected(driver);
      sink.released();
    });
    return () => socket.destroy();
  };
}

/**
 * Creates the driver of a TCP connection.
 *
 * @param socket The connection, paused.
 * @param isAccepted Whether the connection was just accepted.
 * @param options Options of the connection.
 * @returns The driver, or `null` if the connection is already lost, and its addresses with it.
 */
export function tcpDriver(
  socket: Socket,
  isAccepted: boolean,
  { keepAlive }: TCPSocketOptions,
): TCPSocketDriver | null {
  const { remoteAddress, remotePort = 0, localAddress, localPort = 0 } = socket;
  if (remoteAddress === undefined || localAddress === undefined) return null;
  const peer = internetAddress("TCP", remoteAddress, remotePort);
  const host = internetAddress("TCP", localAddress, localPort);
  return new TCPSocketDriver(socket, { peer, host, isAccepted }, keepAlive);
}

/**
 * Checks the permission to bind the local address before connecting. Without this check, `connect`
 * would throw in a later turn, which would end the program.
 */
function checkBindPermission(bindAddress: ConnectTCPOptions["bindAddress"]): void {
  if (bindAddress === undefined) return;
  const handle = bindHandle(...localEnd(bindAddress));
  // A number is the error code of a failed bind. It is ignored here, because `connect` reports the
  // same error.
  if (typeof handle !== "number") handle.close();
}

function localOptions(
  bindAddress: ConnectTCPOptions["bindAddress"],
): { localAddress?: string; localPort?: number; family?: number } {
  if (bindAddress === undefined) return {};
  const [localAddress, localPort] = localEnd(bindAddress);
  // The lookup of the peer's name is limited to the family of the local address, because other
  // addresses cannot be reached from it.
  return { localAddress, localPort, family: isIPv6Address(localAddress) ? 6 : 4 };
}
