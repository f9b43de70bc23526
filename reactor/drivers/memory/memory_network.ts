/**
 * A network in memory: the sockets of one machine, without an operating system.
 *
 * @module
 */

import { checkInteger, quote } from "../../../internal/validation.ts";
import { isIPAddress, isIPv6Address } from "../../addresses.ts";
import { isSameHost } from "../../datagram/same_host.ts";
import type { Address } from "../../interfaces/mod.ts";
import type { HostSockets } from "../../lifecycle/host_sockets.ts";
import { isLoopback, isWildcard, unmapped } from "./local_hosts.ts";
import { MemoryDatagramNetwork } from "./memory_datagram_network.ts";
import { MemoryTCPNetwork } from "./memory_tcp_network.ts";
import { MemoryUNIXNetwork } from "./memory_unix_network.ts";

// A gigabyte. A larger limit would be a mistake in the unit.
const MOST_BYTES = 2 ** 30;

/** Options of {@linkcode MemoryNetwork}. */
export interface MemoryNetworkOptions {
  /**
   * The number of bytes that can be in flight in each direction of a connection. A write takes the
   * bytes that fit, and waits if there is no room.
   *
   * @default {65536}
   */
  capacity?: number | undefined;
  /**
   * The size of the largest chunk that arrives at once, in bytes. With 1, every byte arrives alone.
   *
   * @default {65536}
   */
  chunkSize?: number | undefined;
  /**
   * The IP addresses of the machine besides its loopback addresses. Other addresses can be neither
   * bound nor reached.
   *
   * @default {undefined} Every IP address belongs to the machine.
   */
  addresses?: readonly string[] | undefined;
}

/**
 * A network in memory: the TCP, UNIX and UDP sockets of one machine. Reactors that share it connect
 * to each other.
 *
 * It behaves as the loopback interface of Linux does, without delay and without loss. A connection
 * is refused if no socket listens, and gets no answer while the backlog of the socket is full.
 *
 * @example
 * ```ts
 * import { Factory, Protocol } from "@torsion/reactor";
 * import { Clock } from "@torsion/reactor/task";
 * import { InMemoryReactor, MemoryNetwork } from "@torsion/reactor/testing";
 *
 * const network = new MemoryNetwork({ chunkSize: 1 });
 * const reactor = new InMemoryReactor(new Clock(), { network });
 * reactor.listenTCP(80, Factory.forProtocol(Protocol), { interface: "192.0.2.1" });
 * console.log(String(network.boundAddresses())); // 192.0.2.1:80
 * ```
 */
export class MemoryNetwork {
  readonly #addresses: readonly string[] | undefined;
  readonly #tcp: MemoryTCPNetwork;
  readonly #unix: MemoryUNIXNetwork;
  readonly #udp: MemoryDatagramNetwork;

  /**
   * Creates a network without sockets.
   *
   * @param options The addresses of the machine, and the limits of its connections.
   * @throws {RangeError | TypeError} If `capacity` or `chunkSize` is not an integer of at least 1,
   *   or an address is not an IP address.
   */
  constructor(options: MemoryNetworkOptions = {}) {
    const { capacity, chunkSize, addresses } = options;
    if (capacity !== undefined) checkInteger("capacity", capacity, 1, MOST_BYTES);
    if (chunkSize !== undefined) checkInteger("chunkSize", chunkSize, 1, MOST_BYTES);
    const wrong = addresses?.find((each) => !isIPAddress(each) && !isIPv6Address(each));
    if (wrong !== undefined) {
      throw new RangeError(`addresses must contain only IP addresses, got ${quote(wrong)}`);
    }
    this.#addresses = addresses;
    const isLocal = (host: string) => this.#isLocal(host);
    this.#tcp = new MemoryTCPNetwork({ capacity, chunkSize, isLocal });
    this.#unix = new MemoryUNIXNetwork({ capacity, chunkSize });
    this.#udp = new MemoryDatagramNetwork({ isLocal });
  }

  /**
   * The number of stream connections. A connection counts from the attempt to connect until both
   * ends have closed it.
   */
  get connectionCount(): number {
    return this.#tcp.connectionCount + this.#unix.connectionCount;
  }

  /** Returns the addresses to which listening TCP and UNIX sockets and UDP sockets are bound. */
  boundAddresses(): Address[] {
    return [...this.#tcp.addresses(), ...this.#unix.addresses(), ...this.#udp.addresses()];
  }

  /**
   * Leaves the file of a UNIX socket whose server was killed. Connections to its path are refused,
   * and a new server replaces it. Connections to other unused paths fail with `ENOENT`.
   *
   * @param path The path of the socket.
   */
  leaveStaleSocket(path: string): void {
    this.#unix.leaveStale(path);
  }

  /**
   * Returns the sockets of this network, for a `DriverReactor`, or for peers without a reactor.
   *
   * @param schedule Runs one step of these sockets, such as the arrival of a chunk. It may run the
   *   step at once or later.
   */
  sockets(schedule: (step: () => void) => void): HostSockets {
    return {
      bindTCP: (host, port, backlog) => this.#tcp.bind(host, port, backlog, schedule),
      dialTCP: (host, port, options) => this.#tcp.dial(host, port, options, schedule),
      bindUNIX: (path, backlog, _mode, wantPID) =>
        this.#unix.bind(path, backlog, wantPID, schedule),
      dialUNIX: (path, checkPID) => this.#unix.dial(path, checkPID, schedule),
      bindUDP: (host, port, shared) => this.#udp.bind(host, port, shared, schedule),
    };
  }

  #isLocal(host: string): boolean {
    const address = unmapped(host);
    return this.#addresses === undefined || isWildcard(address) || isLoopback(address) ||
      this.#addresses.some((each) => isSameHost(each, address));
  }
}
