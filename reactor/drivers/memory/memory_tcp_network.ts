import {
  internetAddress,
  IPv4Address,
  IPv6Address,
  isIPAddress,
  isIPv6Address,
} from "../../addresses.ts";
import type { ConnectTCPOptions, IInternetAddress } from "../../interfaces/mod.ts";
import type { Dial } from "../../stream/dial.ts";
import { localEnd } from "../../stream/socket_options.ts";
import type { StreamAcceptor } from "../../stream/stream_acceptor.ts";
import { cannotListen, errorWithCode } from "../../stream/system_error.ts";
import { destinationOf, isWildcard, overlap, reaches, sourceFor, unmapped } from "./local_hosts.ts";
import { LocalEnds } from "./local_ends.ts";
import { MemoryAcceptor } from "./memory_acceptor.ts";
import { memoryDial, type MemoryRoute, refusal } from "./memory_dial.ts";
import { memoryPipe, type Schedule } from "./memory_driver.ts";
import { PortNumbers } from "./port_numbers.ts";

/** What the TCP sockets of a network have in common. */
export interface MemoryTCPOptions {
  /** The number of bytes in flight in each direction of a connection. */
  readonly capacity: number | undefined;
  /** The size of the largest chunk that a read delivers. */
  readonly chunkSize: number | undefined;
  /** Returns whether an IP address belongs to the machine. */
  readonly isLocal: (host: string) => boolean;
}

/** The TCP sockets of one machine, in memory. */
export class MemoryTCPNetwork {
  readonly #options: MemoryTCPOptions;
  readonly #listening = new Set<MemoryAcceptor<IInternetAddress>>();
  readonly #numbers = new PortNumbers();
  readonly #clients = new LocalEnds();

  /** @param options The limits and addresses. */
  constructor(options: MemoryTCPOptions) {
    this.#options = options;
  }

  /** The number of open connections, including those that are not accepted yet. */
  get connectionCount(): number {
    return this.#clients.size;
  }

  /** Returns the addresses of the listening sockets. */
  addresses(): IInternetAddress[] {
    return [...this.#listening].map(({ address }) => address);
  }

  /**
   * Binds a listening socket.
   *
   * @param name The local IP address, or `localhost`.
   * @param port The port number; 0 for a free port.
   * @param backlog The number of connections that may wait to be accepted.
   * @param schedule Runs the steps of the socket.
   * @throws {CannotListenError} If the address cannot be bound.
   */
  bind(
    name: string,
    port: number,
    backlog: number,
    schedule: Schedule,
  ): StreamAcceptor<IInternetAddress> {
    const host = name === "localhost" ? "127.0.0.1" : name;
    const fail = (code: string, why: string) =>
      cannotListen(internetAddress("TCP", host, port), errorWithCode(code, why));
    if (!isIPAddress(host) && !isIPv6Address(host)) {
      throw fail("ENOTFOUND", "the interface must be an IP address");
    }
    if (!this.#options.isLocal(host)) {
      throw fail("EADDRNOTAVAIL", "the address does not belong to this machine");
    }
    const number = port > 0 ? port : this.#numbers.take((each) => this.#isUsed(each));
    if (number === null || this.#isListening(host, number)) {
      throw fail("EADDRINUSE", "the address is in use");
    }
    const address = tcpAddress(host, number);
    const acceptor = new MemoryAcceptor(
      address,
      backlog,
      schedule,
      () => this.#listening.delete(acceptor),
    );
    this.#listening.add(acceptor);
    return acceptor;
  }

  /**
   * Returns a dial.
   *
   * @param host The IP address.
   * @param port The port number.
   * @param options The local end.
   * @param schedule Runs the steps of the client.
   */
  dial(host: string, port: number, options: ConnectTCPOptions, schedule: Schedule): Dial {
    const findRoute = () => this.#route(host, port, options.bindAddress, schedule);
    return memoryDial(internetAddress("TCP", host, port), schedule, findRoute);
  }

  #route(
    host: string,
    port: number,
    bindAddress: ConnectTCPOptions["bindAddress"],
    schedule: Schedule,
  ): MemoryRoute {
    const { isLocal, capacity, chunkSize } = this.#options;
    const to = destinationOf(host);
    if (!isLocal(to)) throw errorWithCode("ENETUNREACH", "there is no route to the address");
    const [bound, boundPort] = localEnd(bindAddress ?? sourceFor(to));
    const from = isWildcard(bound) ? sourceFor(to) : bound;
    if (!isLocal(from) || isIPv6Address(from) !== isIPv6Address(to)) {
      throw errorWithCode("EADDRNOTAVAIL", `the local address ${from} cannot be used`);
    }
    const acceptor = this.#listenerAt(to, port);
    const number = this.#clients.take(from, boundPort, (each) => this.#isListening(from, each));
    const release = () => this.#clients.release(from, number);
    return {
      acceptor,
      release,
      open: (server) =>
        memoryPipe({
          capacity,
          chunkSize,
          schedule: [schedule, server],
          addresses: [tcpAddress(from, number), tcpAddress(to, port)],
          isTCP: true,
          released: release,
        }),
    };
  }

  /** Returns the socket that listens at an address: one on that address, or one on all. */
  #listenerAt(host: string, port: number): MemoryAcceptor<IInternetAddress> {
    const reached = [...this.#listening].filter(({ address }) =>
      address.port === port && reaches(address.host, host)
    );
    const acceptor = reached.find(({ address }) => !isWildcard(address.host)) ?? reached[0];
    if (acceptor === undefined) throw refusal();
    return acceptor;
  }

  #isUsed(port: number): boolean {
    return this.#clients.has(port) || this.addresses().some((address) => address.port === port);
  }

  #isListening(host: string, port: number): boolean {
    return this.addresses().some((each) => each.port === port && overlap(each.host, host));
  }
}

function tcpAddress(host: string, port: number): IInternetAddress {
  const address = unmapped(host);
  return isIPv6Address(address)
    ? new IPv6Address("TCP", address, port)
    : new IPv4Address("TCP", address, port);
}
