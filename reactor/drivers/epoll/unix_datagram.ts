/**
 * UNIX datagram sockets.
 *
 * @module
 */

import { UNIXAddress } from "../../addresses.ts";
import { unixSendError } from "../../datagram/unix_send_error.ts";
import type { DatagramDriver } from "../../datagram/datagram_driver.ts";
import type { DatagramError } from "../../errors.ts";
import type { IUNIXAddress } from "../../interfaces/mod.ts";
import { cannotListen } from "../../stream/system_error.ts";
import type { SocketFile } from "../deno/unix_file.ts";
import { checkPathLength } from "../deno/unix_path.ts";
import { AF_UNIX, SOCK_DGRAM } from "./constants.ts";
import { DatagramSocket } from "./datagram_socket.ts";
import { checkUNIXAccess } from "./permissions.ts";
import type { Poller } from "./poller.ts";
import { type AddressSpace, decodeUNIX, encodeUNIX, type SocketAddress } from "./socket_address.ts";
import { withSocket } from "./socket_calls.ts";
import { bindUNIXPath } from "./unix_binding.ts";

/**
 * Binds a UNIX datagram socket.
 *
 * @param poller The poller of the reactor.
 * @param path The path, or an abstract name; null for a socket that only sends.
 * @param mode The mode of the socket's file.
 * @param maxPacketSize The size of the largest datagram to receive, in bytes.
 * @throws {CannotListenError} If the path cannot be bound.
 */
export function bindUNIXDatagram(
  poller: Poller,
  path: string | null,
  mode: number,
  maxPacketSize: number,
): DatagramDriver<IUNIXAddress> {
  const address = new UNIXAddress(path ?? "");
  try {
    if (path !== null) {
      checkPathLength(path);
      checkUNIXAccess(path);
    }
    return poller.using((system) =>
      withSocket(system, AF_UNIX, SOCK_DGRAM, (fd) => {
        const file = path === null ? null : bindUNIXPath(system, fd, path, mode);
        return new UNIXDatagramSocket(poller, fd, address, maxPacketSize, file);
      })
    );
  } catch (error) {
    throw cannotListen(address, error);
  }
}

/** The driver of a UNIX datagram socket. */
class UNIXDatagramSocket extends DatagramSocket<IUNIXAddress> {
  readonly address: IUNIXAddress;
  // The system reports a socket as writable even if the queue of the receiver is full, so there is
  // no event to wait for. As in Twisted, the datagram is dropped.
  protected override readonly waitsForRoom = false;
  protected override readonly refusesLate = false;
  readonly #spaceSize: number;
  readonly #file: SocketFile | null;
  /** Memory for datagrams that are larger than the shared memory. */
  #ownSpace: Uint8Array<ArrayBuffer> | null = null;
  /** The last path, for the system: most datagrams go to the same path as the last. */
  #lastPath: string | null = null;
  #lastEncoded: SocketAddress | null = null;

  constructor(
    poller: Poller,
    fd: number,
    address: IUNIXAddress,
    maxPacketSize: number,
    file: SocketFile | null,
  ) {
    super(poller, fd);
    this.address = address;
    this.#spaceSize = maxPacketSize + 1;
    this.#file = file;
  }

  override close(): void {
    // The file is removed while the socket is open: until then, no other file can have its inode
    // number.
    if (!this.isClosed) this.#file?.remove();
    super.close();
  }

  protected override encode({ name }: IUNIXAddress): SocketAddress {
    if (this.#lastEncoded !== null && this.#lastPath === name) return this.#lastEncoded;
    checkPathLength(name);
    checkUNIXAccess(name);
    this.#lastPath = name;
    return this.#lastEncoded = encodeUNIX(name);
  }

  protected override decode(space: AddressSpace): IUNIXAddress {
    return decodeUNIX(space);
  }

  protected override sendError(cause: unknown, to: IUNIXAddress, size: number): DatagramError {
    return unixSendError(cause, to, size);
  }

  protected override datagramSpace(): Uint8Array<ArrayBuffer> {
    const shared = this.poller.memory.space(true);
    if (this.#spaceSize <= shared.length) return shared;
    return this.#ownSpace ??= new Uint8Array(this.#spaceSize);
  }
}
