/**
 * The sockets of a simulated host, as its reactor uses them.
 *
 * @module
 */

import { internetAddress, isIPv6Address, UNIXAddress } from "../../reactor/addresses.ts";
import { udpAddress } from "../../reactor/datagram/udp_address.ts";
import { CannotListenError } from "../../reactor/errors.ts";
import type { Address, IInternetAddress, IUNIXAddress } from "../../reactor/interfaces/mod.ts";
import type { Dial } from "../../reactor/stream/dial.ts";
import { ConnectAttempt, type Route } from "./connect_attempt.ts";
import { DatagramSocket } from "./datagram_socket.ts";
import { isWildcard, type Machine } from "./machine.ts";
import { StreamListener } from "./stream_listener.ts";

/** Opens the sockets of one simulated host. */
export class SimulatedSockets {
  readonly #machine: Machine;

  /** @param machine The host. */
  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Binds a TCP port. */
  bindTCP(host: string, port: number, backlog: number): StreamListener<IInternetAddress> {
    const machine = this.#machine;
    const isFree = (each: number) =>
      ![...machine.listeners].some((listener) => listener.isAt(host, each)) &&
      !(isWildcard(host) &&
        [...machine.listeners].some(({ address }) => "port" in address && address.port === each));
    const free = port === 0 ? machine.freePort(isFree) : port;
    const address = internetAddress("TCP", host === "localhost" ? "127.0.0.1" : host, free);
    this.#checkHost(address, host);
    if (!isFree(free)) throw cannotListen(address, "EADDRINUSE", "the address is in use");
    return new StreamListener(machine, address, host, free, backlog);
  }

  /** Returns a dial to a TCP port. */
  dialTCP(host: string, port: number): Dial {
    return this.#dial(() => {
      const machine = this.#machine;
      const local = machine.freePort(() => true);
      return {
        target: machine.machineAt(host),
        host: isWildcard(host) ? machine.sourceFor(host) : host,
        port,
        local: internetAddress("TCP", machine.sourceFor(host), local),
        remote: internetAddress("TCP", host, port),
      };
    });
  }

  /** Binds a UNIX socket. */
  bindUNIX(path: string): StreamListener<IUNIXAddress> {
    const address = new UNIXAddress(path);
    if (this.#machine.listenerAt("", path) !== null) {
      throw cannotListen(address, "EADDRINUSE", "the address is in use");
    }
    return new StreamListener(this.#machine, address, "", path, 511);
  }

  /** Returns a dial to a UNIX socket of the same host. */
  dialUNIX(path: string): Dial {
    return this.#dial(() => ({
      target: this.#machine,
      host: "",
      port: path,
      local: new UNIXAddress(""),
      remote: new UNIXAddress(path),
    }));
  }

  /** Binds a UDP port. */
  bindUDP(host: string, port: number, shared: boolean): DatagramSocket {
    const machine = this.#machine;
    const isFree = (each: number) =>
      ![...machine.datagramSockets].some(({ address, isShared }) =>
        address.port === each && isIPv6Address(address.host) === isIPv6Address(host) &&
        (address.host === host || isWildcard(address.host) || isWildcard(host)) &&
        !(shared && isShared)
      );
    const free = port === 0 ? machine.freePort(isFree) : port;
    const address = udpAddress(host, free);
    this.#checkHost(address, host);
    if (!isFree(free)) throw cannotListen(address, "EADDRINUSE", "the address is in use");
    return new DatagramSocket(machine, address, shared);
  }

  #dial(route: () => Route): Dial {
    return (sink) => {
      const attempt = new ConnectAttempt(this.#machine, route(), sink);
      attempt.start();
      return () => attempt.cancel();
    };
  }

  #checkHost(address: Address, host: string): void {
    if (this.#machine.hasAddress(host)) return;
    const { name, addresses } = this.#machine;
    throw cannotListen(
      address,
      "EADDRNOTAVAIL",
      `the host ${name} has only the addresses ${addresses.join(" and ")}`,
    );
  }
}

function cannotListen(address: Address, code: string, why: string): CannotListenError {
  return new CannotListenError(address, { code, cause: new Error(why) });
}
