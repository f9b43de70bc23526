/**
 * Sockets that this process got as file descriptors, by `node:net`: Deno's own cannot be made of
 * one.
 *
 * @module
 */

import type { Server, Socket } from "node:net";
import { UNIXAddress } from "../../addresses.ts";
import { connectError } from "../deno/system_error.ts";
import { CannotListenError, type ConnectError } from "../../errors.ts";
import type {
  AddressFamily,
  AdoptStreamConnectionOptions,
  AdoptStreamPortOptions,
  IAddress,
  TCPSocketOptions,
} from "../../interfaces/mod.ts";
import type { StreamAcceptor } from "../../stream/stream_acceptor.ts";
import type { StreamDriver } from "../../stream/stream_driver.ts";
import { checkInteger, checkKeepAliveIdle, quote } from "../../../internal/validation.ts";
import { netModule } from "./net_module.ts";
import { adoptHandle, listenNow } from "./server.ts";
import { ServerAcceptor } from "./server_acceptor.ts";
import { SocketDriver } from "./socket_driver.ts";
import { tcpAcceptor, tcpDriver } from "./tcp.ts";

const FAMILIES: readonly AddressFamily[] = ["INET", "INET6", "UNIX"];

/** A descriptor, in the place of the address that is not known. */
class DescriptorAddress implements IAddress {
  readonly #number: number;

  constructor(number: number) {
    this.#number = number;
  }

  equals(other: IAddress): boolean {
    return other instanceof DescriptorAddress && other.#number === this.#number;
  }

  toString(): string {
    return `file descriptor ${this.#number}`;
  }
}

/**
 * What makes an acceptor of a descriptor, once.
 *
 * @param fileDescriptor The descriptor. It belongs to the acceptor then.
 * @param addressFamily What its address is to be.
 * @param backlog How many connections may wait.
 * @param options What TCP's connections are asked for.
 * @throws {RangeError | TypeError} when one of them is out of range.
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
    // The number may be another socket's by now.
    if (adopted) throw cannotAdopt(fileDescriptor, "it has been listened on, and was closed");
    const listening = listenNow(adoptHandle(fileDescriptor), backlog);
    if (listening === null) throw cannotAdopt(fileDescriptor, "it is no socket that listens");
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
 * Takes a connection over.
 *
 * @param fileDescriptor The descriptor. It belongs to the driver then.
 * @param addressFamily What its address is to be.
 * @param options What TCP's connections are asked for.
 * @throws {ConnectError} when it is no connection of that family.
 * @throws {RangeError | TypeError} when one of them is out of range.
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
    ? "it is no connection"
    : `its address family is ${family}, not ${addressFamily}`;
  throw notConnected(fileDescriptor, new Error(why));
}

function openSocket(fileDescriptor: number): Socket {
  try {
    // Without a type: manualStart, which is node's own, keeps it from being read before anybody
    // listens.
    const options = { fd: fileDescriptor, allowHalfOpen: true, manualStart: true };
    return new (netModule().Socket)(options);
  } catch (error) {
    throw notConnected(fileDescriptor, error);
  }
}

function checkAdoption(
  fileDescriptor: number,
  addressFamily: AddressFamily,
  { keepAlive }: Pick<TCPSocketOptions, "keepAlive">,
): void {
  checkInteger("fileDescriptor", fileDescriptor, 0, 2147483647);
  if (!FAMILIES.includes(addressFamily)) {
    throw new RangeError(
      `addressFamily must be one of ${FAMILIES.map(quote).join(", ")}, got ${quote(addressFamily)}`,
    );
  }
  if (keepAlive !== undefined) checkKeepAliveIdle("keepAlive", keepAlive);
}

function familyOf(address: ReturnType<Server["address"]> | object): AddressFamily {
  // That of a UNIX socket Deno tells only of one that it has bound itself.
  if (address === null || typeof address === "string" || !("family" in address)) return "UNIX";
  return address.family === "IPv6" ? "INET6" : "INET";
}

function unixDriver(socket: Socket): SocketDriver {
  const unknown = new UNIXAddress("");
  return new SocketDriver(socket, { peer: unknown, host: unknown, isAccepted: true });
}

function cannotAdopt(fileDescriptor: number, why: string): CannotListenError {
  return new CannotListenError(new DescriptorAddress(fileDescriptor), { cause: new Error(why) });
}

function notConnected(fileDescriptor: number, cause: unknown): ConnectError {
  return connectError(new DescriptorAddress(fileDescriptor), cause);
}
