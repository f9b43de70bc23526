/**
 * Sockets that the process has inherited or received.
 *
 * @module
 */

import { messageOf } from "../../../internal/foreign_value.ts";
import type {
  AddressFamily,
  AdoptStreamConnectionOptions,
  AdoptStreamPortOptions,
} from "../../interfaces/mod.ts";
import { cannotAdopt, checkAdoption, notConnected } from "../../stream/adoption.ts";
import type { StreamAcceptor } from "../../stream/stream_acceptor.ts";
import type { StreamDriver } from "../../stream/stream_driver.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  O_NONBLOCK,
  SO_TYPE,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./constants.ts";
import type { Poller } from "./poller.ts";
import { type AddressSpace, decodeTCP, decodeUNIX, familyOf } from "./socket_address.ts";
import { getOption, localAddress, peerAddress } from "./socket_calls.ts";
import { setSocketOptions } from "./socket_options.ts";
import type { SystemCalls } from "./system_calls.ts";
import { tcpAcceptor, TCPSocket } from "./tcp.ts";
import { unixAcceptor } from "./unix.ts";
import { UNIXSocket } from "./unix_socket.ts";

/**
 * Returns a function that creates an acceptor from a listening descriptor. It succeeds only once.
 *
 * @param poller The poller of the reactor.
 * @param fileDescriptor The number of the descriptor, which the acceptor closes.
 * @param addressFamily The address family that the socket must have.
 * @param backlog The number of connections that may wait.
 * @param options Options of TCP connections.
 * @throws {RangeError | TypeError} If an argument is out of range or has the wrong type.
 */
export function adopting(
  poller: Poller,
  fileDescriptor: number,
  addressFamily: AddressFamily,
  backlog: number,
  options: AdoptStreamPortOptions,
): () => StreamAcceptor {
  checkAdoption(fileDescriptor, addressFamily, options);
  let isAdopted = false;
  return () => {
    // A descriptor is adopted only once. After its port has closed, the same number may belong to
    // another file.
    if (isAdopted) {
      throw cannotAdopt(fileDescriptor, "it was already adopted, and its port has closed");
    }
    return poller.using((system) => {
      const { calls } = system;
      if (!isStream(system, fileDescriptor) || calls.listen(fileDescriptor, backlog) < 0) {
        throw cannotAdopt(fileDescriptor, "it is not a listening socket");
      }
      isAdopted = true;
      poller.passing.take(fileDescriptor);
      try {
        const local = localAddress(system, fileDescriptor);
        const family = nameOf(familyOf(local));
        if (family !== addressFamily) {
          throw new Error(`its address family is ${family}, not ${addressFamily}`);
        }
        takeOver(system, fileDescriptor);
        if (family === "UNIX") {
          return unixAcceptor(poller, fileDescriptor, decodeUNIX(local)).share();
        }
        setSocketOptions(system, fileDescriptor, options);
        return tcpAcceptor(poller, fileDescriptor, options).share();
      } catch (error) {
        calls.close(fileDescriptor);
        throw cannotAdopt(fileDescriptor, messageOf(error));
      }
    });
  };
}

/**
 * Creates a driver from the descriptor of a connected socket.
 *
 * @param poller The poller of the reactor.
 * @param fileDescriptor The number of the descriptor, which the driver closes.
 * @param addressFamily The address family that the socket must have.
 * @param options Options of TCP connections.
 * @throws {ConnectError} If the descriptor is not a connection of that family.
 * @throws {RangeError | TypeError} If an argument is out of range or has the wrong type.
 */
export function adoptConnection(
  poller: Poller,
  fileDescriptor: number,
  addressFamily: AddressFamily,
  options: AdoptStreamConnectionOptions,
): StreamDriver {
  checkAdoption(fileDescriptor, addressFamily, options);
  return poller.using((system) => {
    if (!isStream(system, fileDescriptor)) {
      throw notConnected(fileDescriptor, new Error("it is not a stream socket"));
    }
    poller.passing.take(fileDescriptor);
    try {
      const local = localAddress(system, fileDescriptor);
      const family = nameOf(familyOf(local));
      if (family !== addressFamily) {
        throw new Error(`its address family is ${family}, not ${addressFamily}`);
      }
      const host = family === "UNIX" ? decodeUNIX(local) : null;
      const peer = peerOf(system, fileDescriptor);
      takeOver(system, fileDescriptor);
      if (host !== null) return new UNIXSocket(poller, fileDescriptor, decodeUNIX(peer), host);
      const { keepAlive } = options;
      const address = decodeTCP(system, peer);
      setSocketOptions(system, fileDescriptor, options);
      return new TCPSocket(poller, fileDescriptor, address, null, keepAlive !== undefined);
    } catch (error) {
      system.calls.close(fileDescriptor);
      throw notConnected(fileDescriptor, error);
    }
  });
}

/** @throws {Error} If the socket is not connected. */
function peerOf(system: SystemCalls, fd: number): AddressSpace {
  try {
    return peerAddress(system, fd);
  } catch (cause) {
    throw new Error("it is not a connection", { cause });
  }
}

function isStream(system: SystemCalls, fd: number): boolean {
  try {
    return getOption(system, fd, SOL_SOCKET, SO_TYPE) === SOCK_STREAM;
  } catch {
    // The descriptor is closed, or not a socket: EBADF or ENOTSOCK.
    return false;
  }
}

/** Makes an inherited descriptor non-blocking, and hides it from programs that are started. */
function takeOver(system: SystemCalls, fd: number): void {
  const { calls } = system;
  const flags = system.checked("fcntl", calls.fcntl(fd, F_GETFL, 0));
  system.checked("fcntl", calls.fcntl(fd, F_SETFL, flags | O_NONBLOCK));
  system.checked("fcntl", calls.fcntl(fd, F_SETFD, FD_CLOEXEC));
}

function nameOf(family: number): AddressFamily | `number ${number}` {
  switch (family) {
    case AF_INET:
      return "INET";
    case AF_INET6:
      return "INET6";
    case AF_UNIX:
      return "UNIX";
    default:
      return `number ${family}`;
  }
}
