/**
 * The driver of UDP sockets, through `node:dgram`. Deno's own `Deno.listenDatagram` needs
 * `--unstable-net` and has fewer features.
 *
 * Behaviour of Deno's `node:dgram`, observed on 2.9.6 and read in its source, and its treatment
 * here:
 *
 * - With a `lookup` that calls back at once, the socket is bound when `bind` returns. An error
 *   comes as an event during the call.
 * - The socket receives from the moment it is bound. Datagrams that arrive before the port wants
 *   them are queued here.
 * - A pending receive cannot be unref'd, so no receive ever keeps the process alive. The reactor
 *   does that while it runs.
 * - `close` discards a pending send. The port waits for the send first.
 * - `connect` only remembers the address. The system does not know of it, and never reports
 *   ECONNREFUSED; the port drops datagrams from other addresses.
 * - A failed send reports only the error EMSGSIZE. All others have no code, a missing permission
 *   included.
 * - Exceptions of event listeners are swallowed. The port catches those of the protocol, and throws
 *   none.
 * - `setRecvBufferSize` sets how many bytes of a datagram are read, not the size of the system's
 *   buffer. It is not used.
 *
 * @module
 */

import { codeOf } from "../../../internal/foreign_value.ts";
import type { RemoteInfo, Socket } from "node:dgram";
import { isIPv6Address } from "../../addresses.ts";
import { udpAddress } from "../../datagram/udp_address.ts";
import { changeMembership, changeSetting, tooLong } from "../../datagram/udp_errors.ts";
import { cannotListen } from "../../stream/system_error.ts";
import type { DatagramDriverSink, UDPDriver } from "../../datagram/datagram_driver.ts";
import { DatagramError, UnsupportedError } from "../../errors.ts";
import type { IInternetAddress } from "../../interfaces/mod.ts";

// The limit in bytes on datagrams that wait while the port does not receive: the default receive
// buffer of a socket on Linux (net.core.rmem_default). Like Linux, it counts an overhead for each
// datagram.
const HELD_LIMIT = 212992;
const HELD_OVERHEAD = 256;

/** The parameters of a UDP socket. */
export interface UDPBinding {
  /** The local IP address. */
  readonly host: string;
  /** The port number; 0 for a free port. */
  readonly port: number;
  /** Whether other sockets may bind the same port with this option. */
  readonly shared: boolean;
  /** Returns the permission that is missing for sending to an address; null if none is missing. */
  readonly missingPermission: (to: IInternetAddress) => string | null;
}

/**
 * Binds a UDP socket.
 *
 * @throws {CannotListenError} If the address cannot be bound.
 */
export function bindUDP(binding: UDPBinding): UDPDriver {
  const isIPv6 = isIPv6Address(binding.host);
  // The module takes 20 ms to load, so it is loaded with the first socket. It is loaded through
  // node's `process`, because the module's events would otherwise be lost.
  const { createSocket } = globalThis.process.getBuiltinModule("node:dgram");
  const socket = createSocket({
    type: isIPv6 ? "udp6" : "udp4",
    reuseAddr: binding.shared,
    // No name is looked up: the host is always an IP address, which is returned unchanged.
    lookup: (host, _options, done) => done(null, host, isIPv6 ? 6 : 4),
  });
  // The socket is unreferenced at once, because unref() has no effect after the first receive has
  // started.
  socket.unref();
  try {
    bindAtOnce(socket, binding);
  } catch (cause) {
    socket.close();
    throw cannotListen(udpAddress(binding.host, binding.port), cause);
  }
  return new NodeUDPDriver(socket, isIPv6, binding);
}

/** @throws {Error} If the system or Deno's permissions refuse the address. */
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

/** The driver of a bound socket. */
class NodeUDPDriver implements UDPDriver {
  readonly address: IInternetAddress;
  readonly #socket: Socket;
  readonly #isIPv6: boolean;
  readonly #missingPermission: UDPBinding["missingPermission"];
  #sink: DatagramDriverSink<IInternetAddress> | null = null;
  /** Datagrams that arrived before the port started receiving; null after it has started. */
  #held: [Uint8Array, IInternetAddress][] | null = [];
  #heldSize = 0;

  constructor(socket: Socket, isIPv6: boolean, { missingPermission }: UDPBinding) {
    this.#socket = socket;
    this.#isIPv6 = isIPv6;
    this.#missingPermission = missingPermission;
    const { address, port } = socket.address();
    this.address = udpAddress(address, port);
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

  /** Sends a datagram. Deno copies the bytes at once. */
  send(datagram: Uint8Array, to: IInternetAddress): void {
    this.#socket.send(datagram, to.port, to.host, (error) => {
      this.#sink?.sent(error === null ? null : this.#sendError(error, to, datagram.length));
    });
  }

  close(): void {
    this.#socket.close();
  }

  /** Does nothing: no receive keeps the process alive, and a send is short. */
  unref(): void {}

  setBroadcast(enabled: boolean): void {
    this.#set("allow broadcasts", () => this.#socket.setBroadcast(enabled));
  }

  /** Joins a group. Deno reports any error of the system as EINVAL. */
  joinGroup(group: string, interfaceAddress: string): void {
    this.#change("join", group, interfaceAddress, (by) => this.#socket.addMembership(group, by));
  }

  leaveGroup(group: string, interfaceAddress: string): void {
    this.#change("leave", group, interfaceAddress, (by) => this.#socket.dropMembership(group, by));
  }

  setMulticastTTL(ttl: number): void {
    if (this.#isIPv6) {
      throw new UnsupportedError(
        `Cannot set the multicast TTL on ${this.address}: ` +
          "Deno's node:dgram ignores it for IPv6; use an IPv4 port",
      );
    }
    if (ttl === 0) {
      throw new UnsupportedError(
        `Cannot set the multicast TTL on ${this.address} to 0: Deno's node:dgram supports 1 to 255`,
      );
    }
    this.#set(`set the multicast TTL to ${ttl}`, () => this.#socket.setMulticastTTL(ttl));
  }

  setMulticastLoopback(enabled: boolean): void {
    this.#set("set the multicast loopback", () => this.#socket.setMulticastLoopback(enabled));
  }

  setMulticastInterface(interfaceAddress: string): void {
    this.#set(
      `send to multicast groups through ${interfaceAddress}`,
      () => this.#socket.setMulticastInterface(this.#interface(interfaceAddress) ?? "0.0.0.0"),
    );
  }

  #received(message: Uint8Array, from: RemoteInfo): void {
    const address = udpAddress(from.address, from.port);
    // The datagram is copied, because Deno returns it as a view of a buffer of 64 KiB.
    const datagram = new Uint8Array(message);
    if (this.#held === null) {
      this.#sink?.received(datagram, address);
      return;
    }
    const size = datagram.length + HELD_OVERHEAD;
    // The datagram is dropped, as the system drops datagrams when its receive buffer is full.
    if (this.#heldSize + size > HELD_LIMIT) return;
    this.#heldSize += size;
    this.#held.push([datagram, address]);
  }

  #sendError(cause: Error, to: IInternetAddress, size: number): DatagramError {
    const code = codeOf(cause);
    const details = { code, syscall: "send", address: String(to), cause };
    if (code === "EMSGSIZE") return tooLong(to, size, details);
    if (to.host.includes("%")) {
      return new DatagramError(
        `Cannot send to ${to}: Deno's node:dgram does not support a scope in an address; ` +
          "for groups, use setOutgoingInterface()",
        details,
      );
    }
    const missing = this.#missingPermission(to);
    if (missing !== null) {
      return new DatagramError(`Cannot send to ${to}: ${missing}`, { ...details, code: "EACCES" });
    }
    return new DatagramError(
      `Cannot send to ${to}: the system refused, and Deno's node:dgram reports no reason; ` +
        "possible causes are a missing route, or a broadcast without setBroadcastAllowed(true)",
      details,
    );
  }

  #set(what: string, f: () => unknown): void {
    changeSetting(this.address, what, f);
  }

  #change(
    what: "join" | "leave",
    group: string,
    interfaceAddress: string,
    f: (interfaceAddress: string | undefined) => void,
  ): void {
    changeMembership(this.address, what, group, interfaceAddress, () => {
      f(this.#interface(interfaceAddress));
    });
  }

  /** Returns the interface in node's form: for IPv6, the scope of an address. */
  #interface(interfaceAddress: string): string | undefined {
    if (interfaceAddress === "") return undefined;
    return this.#isIPv6 && !interfaceAddress.includes(":")
      ? `::%${interfaceAddress}`
      : interfaceAddress;
  }
}
