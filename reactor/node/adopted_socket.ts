/**
 * Sockets that this process got as file descriptors, by `node:net`: Deno's own cannot be made of one.
 *
 * @module
 */

import type { Server, Socket } from "node:net";
import { UNIXAddress } from "../addresses.ts";
import { CannotListenError } from "../errors.ts";
import type { AddressFamily, AdoptStreamPortOptions, IAddress } from "../interfaces.ts";
import type { StreamAcceptor } from "../stream_acceptor.ts";
import { checkInteger, checkKeepAliveIdle, quote } from "../validation.ts";
import { adoptHandle, listenNow } from "./server.ts";
import { ServerAcceptor } from "./server_acceptor.ts";
import { SocketDriver } from "./socket_driver.ts";
import { tcpAcceptor } from "./tcp.ts";

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
  checkInteger("fileDescriptor", fileDescriptor, 0, 2147483647);
  if (!FAMILIES.includes(addressFamily)) {
    throw new RangeError(
      `addressFamily must be one of ${FAMILIES.map(quote).join(", ")}, got ${quote(addressFamily)}`,
    );
  }
  if (options.keepAlive !== undefined) checkKeepAliveIdle("keepAlive", options.keepAlive);
  let adopted = false;
  return () => {
    // The number may be another socket's by now.
    if (adopted) throw cannotAdopt(fileDescriptor, "it has been listened on, and was closed");
    const listening = listenNow(adoptHandle(fileDescriptor), backlog);
    if (listening === null) throw cannotAdopt(fileDescriptor, "it is no socket that listens");
    adopted = true;
    const { server } = listening;
    const family = familyOf(server);
    if (family !== addressFamily) {
      server.close();
      throw cannotAdopt(fileDescriptor, `its address family is ${family}, not ${addressFamily}`);
    }
    return family === "UNIX"
      ? new ServerAcceptor(server, new UNIXAddress(""), { backlog, driverFor: unixDriver })
      : tcpAcceptor(listening, backlog, options);
  };
}

function familyOf(server: Server): AddressFamily {
  const address = server.address();
  // That of a UNIX socket Deno tells only of one that it has bound itself.
  if (address === null || typeof address === "string") return "UNIX";
  return address.family === "IPv6" ? "INET6" : "INET";
}

function unixDriver(socket: Socket): SocketDriver {
  const unknown = new UNIXAddress("");
  return new SocketDriver(socket, { peer: unknown, host: unknown, isAccepted: true });
}

function cannotAdopt(fileDescriptor: number, why: string): CannotListenError {
  return new CannotListenError(new DescriptorAddress(fileDescriptor), { cause: new Error(why) });
}
