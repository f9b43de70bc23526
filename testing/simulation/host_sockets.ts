/**
 * The sockets of a simulated host, as its reactor uses them.
 *
 * @module
 */

import { codeOf } from "../../internal/foreign_value.ts";
import { internetAddress, isIPv6Address, UNIXAddress } from "../../reactor/addresses.ts";
import { udpAddress } from "../../reactor/datagram/udp_address.ts";
import {
  destinationOf,
  isWildcard,
  overlap,
  unmapped,
} from "../../reactor/drivers/memory/local_hosts.ts";
import type {
  Address,
  ConnectTCPOptions,
  IInternetAddress,
  IUNIXAddress,
  ListenTCPOptions,
} from "../../reactor/interfaces/mod.ts";
import type { HostSockets } from "../../reactor/lifecycle/host_sockets.ts";
import type { Dial } from "../../reactor/stream/dial.ts";
import { localEnd } from "../../reactor/stream/socket_options.ts";
import { cannotListen, errorWithCode } from "../../reactor/stream/system_error.ts";
import { isAbstract } from "../../reactor/stream/unix_path.ts";
import {
  type AttemptOptions,
  ConnectAttempt,
  type Obstacle,
  type Route,
} from "./connect_attempt.ts";
import { DatagramSocket } from "./datagram_socket.ts";
import type { Machine } from "./machine.ts";
import type { Process } from "./process.ts";
import { StreamListener } from "./stream_listener.ts";

/** Opens the sockets of one process of a simulated host. */
export class SimulatedSockets implements HostSockets {
  readonly #machine: Machine;
  readonly #process: Process;

  /** @param machine The host. Its process at this time is the owner of the sockets. */
  constructor(machine: Machine) {
    this.#machine = machine;
    this.#process = machine.process;
  }

  bindTCP(
    name: string,
    port: number,
    backlog: number,
    { keepAlive }: ListenTCPOptions = {},
  ): StreamListener<IInternetAddress> {
    const host = name === "localhost" ? "127.0.0.1" : name;
    const { localEnds } = this.#machine;
    const free = this.#bind(
      (each) => internetAddress("TCP", host, each),
      host,
      port,
      this.#listening,
      (each) => localEnds.has(each),
    );
    const address = internetAddress("TCP", host, free);
    return new StreamListener(this.#machine, address, { host, port: free, backlog, keepAlive });
  }

  dialTCP(
    name: string,
    port: number,
    { bindAddress, keepAlive }: ConnectTCPOptions = {},
  ): Dial {
    const host = destinationOf(unmapped(name));
    return this.#dial({
      destination: internetAddress("TCP", name, port),
      findRoute: () => this.#routeTo(host, port, bindAddress),
      releaseRoute: ({ local }) => {
        if (local.type === "TCP") this.#machine.localEnds.release(local.host, local.port);
      },
      keepAlive,
    });
  }

  bindUNIX(
    path: string,
    backlog = 511,
    _mode = 0o666,
    isLocked = false,
  ): StreamListener<IUNIXAddress> {
    const address = new UNIXAddress(path);
    this.#checkAlive(address);
    if (this.#machine.listenerAt("", path) !== null) {
      throw cannotListen(address, errorWithCode("EADDRINUSE", "the address is in use"));
    }
    if (!isAbstract(path)) this.#machine.socketFiles.add(path);
    return new StreamListener(this.#machine, address, { host: "", port: path, backlog, isLocked });
  }

  dialUNIX(path: string, checkPID = false): Dial {
    return this.#dial({
      destination: new UNIXAddress(path),
      findRoute: () => this.#routeToPath(path, checkPID),
      releaseRoute: () => {},
    });
  }

  bindUDP(host: string, port: number, shared: boolean): DatagramSocket {
    const rivals = [...this.#machine.datagramSockets]
      .filter(({ isShared }) => !(shared && isShared && port !== 0)).map(({ address }) => address);
    const free = this.#bind((each) => udpAddress(host, each), host, port, rivals, () => false);
    return new DatagramSocket(this.#machine, udpAddress(host, free), shared);
  }

  /**
   * Returns the port number to bind.
   *
   * @param addressOf Returns the address for errors.
   * @param host The local IP address.
   * @param port The wanted port number; 0 for a free one.
   * @param bound The addresses that are bound.
   * @param isUsed Returns whether a port number is in use in another way.
   */
  #bind(
    addressOf: (port: number) => Address,
    host: string,
    port: number,
    bound: readonly IInternetAddress[],
    isUsed: (port: number) => boolean,
  ): number {
    const fail = (code: string, why: string) =>
      cannotListen(addressOf(port), errorWithCode(code, why));
    this.#checkAlive(addressOf(port));
    const { name, addresses } = this.#machine;
    if (!this.#machine.hasAddress(host)) {
      throw fail(
        "EADDRNOTAVAIL",
        `the host ${name} has only the addresses ${addresses.join(", ")}`,
      );
    }
    const isTaken = (number: number) =>
      bound.some((each) => each.port === number && overlap(each.host, host));
    if (port !== 0) {
      if (isTaken(port)) throw fail("EADDRINUSE", "the address is in use");
      return port;
    }
    const free = this.#machine.freePort((number) => isTaken(number) || isUsed(number));
    if (free === null) throw fail("EADDRINUSE", "all port numbers for temporary use are in use");
    return free;
  }

  /** The addresses of the listening TCP sockets. */
  get #listening(): IInternetAddress[] {
    return [...this.#machine.listeners]
      .flatMap(({ address }) => address.type === "TCP" ? [address] : []);
  }

  #dial(options: AttemptOptions): Dial {
    return (sink) => {
      const attempt = new ConnectAttempt(this.#machine, this.#process, options, sink);
      attempt.start();
      return () => attempt.cancel();
    };
  }

  #routeTo(
    host: string,
    port: number,
    bindAddress: ConnectTCPOptions["bindAddress"],
  ): Route | Obstacle {
    const machine = this.#machine;
    const target = machine.machineAt(host);
    const source = machine.sourceFor(host);
    if (source === null) return "ENETUNREACH";
    if (target === null) return "EHOSTUNREACH";
    const [wanted, wantedPort] = localEnd(bindAddress ?? source);
    const own = isWildcard(wanted) ? source : wanted;
    if (!machine.hasAddress(own) || isIPv6Address(own) !== isIPv6Address(host)) {
      return "EADDRNOTAVAIL";
    }
    const local = this.#takeLocalEnd(own, wantedPort);
    if (typeof local === "string") return local;
    const remote = internetAddress("TCP", host, port);
    return { target, host, port, local: internetAddress("TCP", own, local), remote };
  }

  #takeLocalEnd(host: string, port: number): number | Obstacle {
    const listening = this.#listening;
    const isTaken = (number: number) => listening.some((each) => each.port === number);
    try {
      return this.#machine.localEnds.take(host, port, isTaken);
    } catch (error) {
      return codeOf(error) === "EADDRINUSE" ? "EADDRINUSE" : "EADDRNOTAVAIL";
    }
  }

  #routeToPath(path: string, checkPID: boolean): Route | Obstacle {
    const machine = this.#machine;
    const listener = machine.listenerAt("", path);
    if (checkPID && !listener?.isLocked) return "no lock";
    if (listener === null) {
      return isAbstract(path) || machine.socketFiles.has(path) ? "ECONNREFUSED" : "ENOENT";
    }
    return {
      target: machine,
      host: "",
      port: path,
      local: new UNIXAddress(""),
      remote: new UNIXAddress(path),
    };
  }

  #checkAlive(address: Address): void {
    if (this.#process.isAlive) return;
    const why = `the process of the host ${this.#machine.name} has ended`;
    throw cannotListen(address, errorWithCode("ESRCH", why));
  }
}
