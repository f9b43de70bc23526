/**
 * Sockets from file descriptors, through `node:net`. Deno's own sockets cannot be created from a
 * descriptor.
 *
 * @module
 */

import type { Server, Socket } from "node:net";
import { UNIXAddress } from "../../addresses.ts";
import { cannotAdopt, checkAdoption, notConnected } from "../../stream/adoption.ts";
import type {
  AddressFamily,
  AdoptStreamConnectionOptions,
  AdoptStreamPortOptions,
} from "../../interfaces/mod.ts";
import type { StreamAcceptor } from "../../stream/stream_acceptor.ts";
import type { StreamDriver } from "../../stream/stream_driver.ts";
import { netModule } from "./builtin_modules.ts";
import { adoptHandle, listenNow } from "./server.ts";
import { ServerAcceptor } from "./server_acceptor.ts";
import { SocketDriver } from "./socket_driver.ts";
import { tcpAcceptor, tcpDriver } from "./tcp.ts";

/**
 * Returns a function that creates an acceptor from a listening descriptor. It succeeds only once.
 *
 * @param fileDescriptor The number of the descriptor, which the acceptor closes.
 * @param addressFamily The address family that the socket must have.
 * @param backlog The number of connections that may wait.
 * @param options Options of TCP connections.
 * @throws {RangeError | TypeError} If an argument is out of range or has the wrong type.
 */
export function adopting(
  fileDescriptor: number,
  addressFamily: AddressFamily,
  backlog: number,
  options: AdoptStreamPortOptions,
): () => StreamAcceptor {
  checkAdoption(fileDescriptor, addressFamily, options);
  let adopted = false;
  return () => {
    // A descriptor is adopted only once. After its port has closed, the same number may belong to
    // another file.
    if (adopted) {
      throw cannotAdopt(fileDescriptor, "it was already adopted, and its port has closed");
    }
    const listening = listenNow(adoptHandle(fileDescriptor), backlog);
    if (listening === null) throw cannotAdopt(fileDescriptor, "it is not a listening socket");
    adopted = true;
    const { server } = listening;
    const family = familyOf(server.address());
    if (family !== addressFamily) {
      server.close();
      throw cannotAdopt(fileDescriptor, `its address family is ${family}, not ${addressFamily}`);
    }
    return family === "UNIX"
      ? new ServerAcceptor(server, new UNIXAddress(""), { backlog, driverFor: unixDriver })
      : tcpAcceptor(listening, backlog, options);
  };
}

/**
 * Creates a driver from the descriptor of a connected socket.
 *
 * @param fileDescriptor The number of the descriptor, which the driver closes.
 * @param addressFamily The address family that the socket must have.
 * @param options Options of TCP connections.
 * @returns The driver of the connection.
 * @throws {ConnectError} If the descriptor is not a connection of that family.
 * @throws {RangeError | TypeError} If an argument is out of range or has the wrong type.
 */
export function adoptConnection(
  fileDescriptor: number,
  addressFamily: AddressFamily,
  options: AdoptStreamConnectionOptions,
): StreamDriver {
  checkAdoption(fileDescriptor, addressFamily, options);
  const socket = openSocket(fileDescriptor);
  const family = familyOf(socket.address());
  const driver = family === "UNIX" ? unixDriver(socket) : tcpDriver(socket, true, options);
  if (family === addressFamily && driver !== null) return driver;
  socket.destroy();
  const why = driver === null
    ? "it is not a connection"
    : `its address family is ${family}, not ${addressFamily}`;
  throw notConnected(fileDescriptor, new Error(why));
}

function openSocket(fileDescriptor: number): Socket {
  try {
    // `manualStart` delays reading until the driver listens for data. Node's types lack this
    // option, so it is passed in a variable.
    const options = { fd: fileDescriptor, allowHalfOpen: true, manualStart: true };
    return new (netModule().Socket)(options);
  } catch (error) {
    throw notConnected(fileDescriptor, error);
  }
}

function familyOf(address: ReturnType<Server["address"]> | object): AddressFamily {
  // Deno returns the address of a UNIX socket only if Deno itself has bound the socket, so any
  // other result than an IP address means a UNIX socket.
  if (address === null || typeof address === "string" || !("family" in address)) return "UNIX";
  return address.family === "IPv6" ? "INET6" : "INET";
}

function unixDriver(socket: Socket): SocketDriver {
  const unknown = new UNIXAddress("");
  return new SocketDriver(socket, { peer: unknown, host: unknown, isAccepted: true });
}
