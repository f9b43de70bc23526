/**
 * TCP by `node:net`.
 *
 * @module
 */

import type { LookupFunction, Socket } from "node:net";
import { internetAddress, isIPAddress, isIPv6Address } from "../../addresses.ts";
import type { Dial } from "../../stream/dial.ts";
import { cannotListen, connectError } from "../deno/system_error.ts";
import { bindTCP } from "../deno/tcp.ts";
import type {
  ConnectTCPOptions,
  IInternetAddress,
  TCPSocketOptions,
} from "../../interfaces/mod.ts";
import type { StreamAcceptor } from "../../stream/stream_acceptor.ts";
import { checkInteger, checkKeepAliveIdle, quote } from "../../../internal/validation.ts";
import { netModule } from "./net_module.ts";
import { bindHandle, type ListeningServer, listenNow } from "./server.ts";
import { ServerAcceptor } from "./server_acceptor.ts";
import { TCPSocketDriver } from "./socket_driver.ts";

/** Whether it takes `node:net` to do what is asked for. */
export function needsSocket(options: ConnectTCPOptions): boolean {
  const { resetOnAbort = false, keepAlive, bindAddress } = options;
  return resetOnAbort || keepAlive !== undefined || bindAddress !== undefined;
}

/**
 * Checks what only `node:net` can do.
 *
 * @throws {RangeError | TypeError} when an option is out of range.
 */
export function checkSocketOptions({ keepAlive, bindAddress }: ConnectTCPOptions): void {
  if (keepAlive !== undefined) checkKeepAliveIdle("keepAlive", keepAlive);
  if (bindAddress === undefined) return;
  const [host, port] = localEnd(bindAddress);
  if (!isIPAddress(host) && !isIPv6Address(host)) {
    throw new RangeError(`bindAddress must be a numeric address, got ${quote(host)}`);
  }
  checkInteger("bindAddress port", port, 0, 65535);
}

/**
 * Binds a TCP port.
 *
 * Node's handle tells badly what went wrong: of the system's errors it knows few, and that an
 * address is in use it says only when somebody listens. So when it fails, Deno's own listener is
 * asked for the same, and fails with the right error. (Asking Deno first, and binding again what it
 * has had, would turn away who connects in between.)
 *
 * @throws {CannotListenError} when the address cannot be had.
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
  throw cannotListen(where, new Error("the address was in use, and has just become free"));
}

/** An acceptor over a TCP server that listens. */
export function tcpAcceptor(
  { server, handle }: ListeningServer,
  backlog: number,
  options: TCPSocketOptions,
): StreamAcceptor<IInternetAddress> {
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new TypeError("Cannot accept: the server does not listen on TCP");
  }
  const where = internetAddress("TCP", address.address, address.port);
  return new ServerAcceptor(server, where, {
    backlog,
    driverFor: (socket) => tcpDriver(socket, true, options),
    lookAgain: () => handle.listen(backlog),
  });
}

/**
 * A dial to a TCP port. Node resolves the name, and tries one address after the other, the next one
 * 250 ms after the last (RFC 8305), or when that has failed. A lookup cannot be recalled: one that
 * nobody waits for any more still holds the process until the system answers.
 *
 * @param lookup What resolves the name, instead of node.
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
      askToBind(options.bindAddress);
    } catch (error) {
      queueMicrotask(() => {
        sink.failed(connectError(destination, error));
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
    // When it is this side that ends the attempt, the socket is silent but for its end.
    const failed = (error: Error) => sink.failed(connectError(destination, error));
    const released = () => sink.released();
    socket.once("error", failed);
    socket.once("close", released);
    socket.once("connect", () => {
      const driver = tcpDriver(socket, false, options);
      if (driver === null) {
        socket.destroy(new Error("the connection was lost as soon as it was there"));
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
 * A driver over a TCP connection.
 *
 * @param socket The connection, paused.
 * @param isAccepted Whether it has been accepted, and just now.
 * @param options What it is asked for.
 * @returns `null` when the connection has gone already, and its addresses with it.
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
 * Has Deno ask for the permission to bind here: from within `connect` its refusal comes in a turn
 * of its own, and ends the program.
 */
function askToBind(bindAddress: ConnectTCPOptions["bindAddress"]): void {
  if (bindAddress === undefined) return;
  const handle = bindHandle(...localEnd(bindAddress));
  // What else there is to say, `connect` says.
  if (typeof handle !== "number") handle.close();
}

function localEnd(bindAddress: string | readonly [string, number]): readonly [string, number] {
  return typeof bindAddress === "string" ? [bindAddress, 0] : bindAddress;
}

function localOptions(
  bindAddress: ConnectTCPOptions["bindAddress"],
): { localAddress?: string; localPort?: number; family?: number } {
  if (bindAddress === undefined) return {};
  const [localAddress, localPort] = localEnd(bindAddress);
  // Of the addresses that a name has, only those of the same family can be reached from there.
  return { localAddress, localPort, family: isIPv6Address(localAddress) ? 6 : 4 };
}
