/**
 * Moves UDP's datagrams by `node:dgram`: Deno's own `Deno.listenDatagram` is there under
 * `--unstable-net` only, and lends less.
 *
 * What Deno's `node:dgram` does, seen on 2.9.6 and read in its source, and what is made of it here:
 *
 * - With a `lookup` that calls back at once, `bind` has bound when it returns; an error comes as an
 *   event, from within.
 * - It receives from the moment it is bound. What comes before the port wants it waits here.
 * - A receive that is under way cannot be unref'd any more. So none ever holds the process: the
 *   reactor does that while it runs.
 * - `close` ends a send that is under way unsent. The port waits for it.
 * - `connect` only remembers the address. The system does not know of it, and so never reports
 *   ECONNREFUSED; the port turns away what comes from others.
 * - Of all errors but EMSGSIZE a send only tells that there was one; a missing permission is among
 *   them.
 * - What a listener throws is swallowed. The port catches what the protocol throws, and throws
 *   nothing.
 * - `setRecvBufferSize` sets how much of a datagram is read, not the system's buffer. It is not
 *   used.
 *
 * @module
 */

import { messageOf } from "../../../internal/foreign_value.ts";
import type { RemoteInfo, Socket } from "node:dgram";
import { IPv4Address, IPv6Address, isIPv6Address } from "../../addresses.ts";
import type { DatagramDriverSink, UDPDriver } from "../../datagram/datagram_driver.ts";
import {
  CannotListenError,
  DatagramError,
  MessageLengthError,
  MulticastJoinError,
  UnsupportedError,
} from "../../errors.ts";
import type { IInternetAddress } from "../../interfaces/mod.ts";

// As much as Linux keeps for a socket by default (net.core.rmem_default), and as it counts: the
// bytes, and what it takes to keep them.
const HELD_LIMIT = 212992;
const HELD_OVERHEAD = 256;

/** What a UDP socket is bound with. */
export interface UDPBinding {
  /** The local IP address. */
  readonly host: string;
  /** The port number; 0 for any. */
  readonly port: number;
  /** Whether others may bind the same port, all of them having asked for this. */
  readonly shared: boolean;
  /** Says what is missing when a datagram may not be sent to an address; null when nothing is. */
  readonly missingPermission: (to: IInternetAddress) => string | null;
}

/**
 * Binds a UDP socket.
 *
 * @throws {CannotListenError} when the address cannot be had.
 */
export function bindUDP(binding: UDPBinding): UDPDriver {
  const isIPv6 = isIPv6Address(binding.host);
  // Loaded when it is first needed, and node's `process` with it, without which the module's events
  // get lost: 20 ms.
  const { createSocket } = globalThis.process.getBuiltinModule("node:dgram");
  const socket = createSocket({
    type: isIPv6 ? "udp6" : "udp4",
    reuseAddr: binding.shared,
    // What comes here is an IP address.
    lookup: (host, _options, done) => done(null, host, isIPv6 ? 6 : 4),
  });
  // Before the first receive begins.
  socket.unref();
  try {
    bindAtOnce(socket, binding);
  } catch (cause) {
    socket.close();
    const where = addressOf(isIPv6, binding.host, binding.port);
    throw new CannotListenError(where, { code: codeOf(cause), cause });
  }
  return new NodeUDPDriver(socket, isIPv6, binding);
}

/** @throws {Error} what the system or Deno's permissions have against it. */
function bindAtOnce(socket: Socket, { host, port }: UDPBinding): void {
  const errors: Error[] = [];
  const failed = (error: Error): void => {
    errors.push(error);
  };
  socket.on("error", failed);
  socket.bind({ port, address: host });
  socket.off("error", failed);
  const [error] = errors;
  if (error !== undefined) throw error;
}

/** A driver over a socket that is bound. */
class NodeUDPDriver implements UDPDriver {
  readonly address: IInternetAddress;
  readonly #socket: Socket;
  readonly #isIPv6: boolean;
  readonly #missingPermission: UDPBinding["missingPermission"];
  #sink: DatagramDriverSink<IInternetAddress> | null = null;
  /** What came before the port wanted it; null once it does. */
  #held: [Uint8Array, IInternetAddress][] | null = [];
  #heldSize = 0;

  constructor(socket: Socket, isIPv6: boolean, { missingPermission }: UDPBinding) {
    this.#socket = socket;
    this.#isIPv6 = isIPv6;
    this.#missingPermission = missingPermission;
    const { address, port } = socket.address();
    this.address = addressOf(isIPv6, address, port);
    socket.on("message", (message, from) => this.#received(message, from));
    socket.on("error", (error) => this.#sink?.receiveFailed(error));
    socket.on("close", () => this.#sink?.released());
  }

  attach(sink: DatagramDriverSink<IInternetAddress>): void {
    this.#sink = sink;
  }

  startReceiving(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const [datagram, from] of held) this.#sink?.received(datagram, from);
  }

  /** See {@linkcode UDPDriver.send}. Deno copies the bytes at once. */
  send(datagram: Uint8Array, to: IInternetAddress): void {
    this.#socket.send(datagram, to.port, to.host, (error) => {
      this.#sink?.sent(error === null ? null : this.#sendError(error, to, datagram.length));
    });
  }

  close(): void {
    this.#socket.close();
  }

  /** Does nothing: no receive holds the process, and a send is short. */
  unref(): void {}

  setBroadcast(enabled: boolean): void {
    this.#set("allow broadcasts", () => this.#socket.setBroadcast(enabled));
  }

  /** See {@linkcode UDPDriver.joinGroup}. Deno says EINVAL whatever the system said. */
  joinGroup(group: string, interfaceAddress: string): void {
    this.#change("join", group, interfaceAddress, (by) => this.#socket.addMembership(group, by));
  }

  leaveGroup(group: string, interfaceAddress: string): void {
    this.#change("leave", group, interfaceAddress, (by) => this.#socket.dropMembership(group, by));
  }

  setMulticastTTL(ttl: number): void {
    if (this.#isIPv6) {
      throw new UnsupportedError(
        `Cannot set the multicast TTL on ${this.address}: Deno's node:dgram ignores it for IPv6; an IPv4 port can`,
      );
    }
    if (ttl === 0) {
      throw new UnsupportedError(
        `Cannot set the multicast TTL on ${this.address} to 0: Deno's node:dgram takes 1 to 255`,
      );
    }
    this.#set(`set the multicast TTL to ${ttl}`, () => this.#socket.setMulticastTTL(ttl));
  }

  setMulticastLoopback(enabled: boolean): void {
    this.#set("set the multicast loopback", () => this.#socket.setMulticastLoopback(enabled));
  }

  setMulticastInterface(interfaceAddress: string): void {
    this.#set(
      `send to multicast groups by ${interfaceAddress}`,
      () => this.#socket.setMulticastInterface(this.#interface(interfaceAddress) ?? "0.0.0.0"),
    );
  }

  #received(message: Uint8Array, from: RemoteInfo): void {
    const address = addressOf(this.#isIPv6, from.address, from.port);
    // A copy of its size: what Deno gives is the beginning of 64 KiB.
    const datagram = new Uint8Array(message);
    if (this.#held === null) {
      this.#sink?.received(datagram, address);
      return;
    }
    const size = datagram.length + HELD_OVERHEAD;
    // As the system does when its own buffer is full.
    if (this.#heldSize + size > HELD_LIMIT) return;
    this.#heldSize += size;
    this.#held.push([datagram, address]);
  }

  #sendError(cause: Error, to: IInternetAddress, size: number): DatagramError {
    const code = codeOf(cause);
    const details = { code, syscall: "send", address: String(to), cause };
    if (code === "EMSGSIZE") {
      return new MessageLengthError(
        `Cannot send ${size} bytes to ${to}: that is more than can be sent there`,
        details,
      );
    }
    if (to.host.includes("%")) {
      return new DatagramError(
        `Cannot send to ${to}: Deno's node:dgram takes no scope in an address; setOutgoingInterface() chooses one for groups`,
        details,
      );
    }
    const missing = this.#missingPermission(to);
    if (missing !== null) {
      return new DatagramError(`Cannot send to ${to}: ${missing}`, { ...details, code: "EACCES" });
    }
    return new DatagramError(
      `Cannot send to ${to}: the system refuses, and Deno's node:dgram does not say why; no route to it, and a broadcast that is not allowed, are such reasons`,
      details,
    );
  }

  #set(what: string, f: () => unknown): void {
    try {
      f();
    } catch (cause) {
      throw new DatagramError(
        `Cannot ${what} on ${this.address}: ${messageOf(cause)}`,
        this.#details(cause),
      );
    }
  }

  #change(
    what: "join" | "leave",
    group: string,
    interfaceAddress: string,
    f: (interfaceAddress: string | undefined) => void,
  ): void {
    try {
      f(this.#interface(interfaceAddress));
    } catch (cause) {
      const by = interfaceAddress === "" ? "any interface" : interfaceAddress;
      throw new MulticastJoinError(
        `Cannot ${what} the group ${group} by ${by} on ${this.address}: ${messageOf(cause)}`,
        this.#details(cause),
      );
    }
  }

  #details(cause: unknown): { code: string | undefined; address: string; cause: unknown } {
    return { code: codeOf(cause), address: String(this.address), cause };
  }

  /** The interface as node wants it: for IPv6, as the scope of an address. */
  #interface(interfaceAddress: string): string | undefined {
    if (interfaceAddress === "") return undefined;
    return this.#isIPv6 && !interfaceAddress.includes(":")
      ? `::%${interfaceAddress}`
      : interfaceAddress;
  }
}

function addressOf(isIPv6: boolean, host: string, port: number): IInternetAddress {
  return isIPv6 ? new IPv6Address("UDP", host, port) : new IPv4Address("UDP", host, port);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
