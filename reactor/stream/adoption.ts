/**
 * The arguments and the errors of adopting a file descriptor, the same for every driver.
 *
 * @module
 */

import { CannotListenError, type ConnectError } from "../errors.ts";
import type { AddressFamily, IAddress, TCPSocketOptions } from "../interfaces/mod.ts";
import { checkInteger, checkKeepAliveIdle, quote } from "../../internal/validation.ts";
import { connectError } from "./system_error.ts";

const FAMILIES: readonly AddressFamily[] = ["INET", "INET6", "UNIX"];

/** The number of a file descriptor, for errors about a socket whose address is unknown. */
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
 * Checks the arguments of adopting a descriptor.
 *
 * @throws {RangeError | TypeError} If one is out of range or has the wrong type.
 */
export function checkAdoption(
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

/** Creates the error of a descriptor that cannot become a port. */
export function cannotAdopt(fileDescriptor: number, why: string): CannotListenError {
  return new CannotListenError(new DescriptorAddress(fileDescriptor), { cause: new Error(why) });
}

/** Creates the error of a descriptor that cannot become a connection. */
export function notConnected(fileDescriptor: number, cause: unknown): ConnectError {
  return connectError(new DescriptorAddress(fileDescriptor), cause);
}
