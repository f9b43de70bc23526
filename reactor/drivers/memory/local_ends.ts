import { canonicalHost } from "../../datagram/same_host.ts";
import { errorWithCode } from "../../stream/system_error.ts";
import { PortNumbers } from "./port_numbers.ts";

/** The local ends of a machine's open TCP connections. */
export class LocalEnds {
  readonly #numbers: PortNumbers;
  /** The hosts of the ends, by port number. */
  readonly #hosts = new Map<number, Set<string>>();
  #size = 0;

  /** @param numbers The port numbers to use in turn. */
  constructor(numbers: PortNumbers = new PortNumbers()) {
    this.#numbers = numbers;
  }

  /** The number of ends. */
  get size(): number {
    return this.#size;
  }

  /** Returns whether an end has a port number, on any host. */
  has(port: number): boolean {
    return this.#hosts.has(port);
  }

  /**
   * Takes an end.
   *
   * @param host The local address.
   * @param port The port number; 0 for a free port.
   * @param isTaken Returns whether a port number is in use by another socket.
   * @returns The port number.
   * @throws {Error} With the code `EADDRINUSE`, if the end is in use, or `EADDRNOTAVAIL`, if no
   *   port number is free.
   */
  take(host: string, port: number, isTaken: (port: number) => boolean): number {
    const number = port > 0 ? port : this.#numbers.take((each) => this.has(each) || isTaken(each));
    if (number === null) throw errorWithCode("EADDRNOTAVAIL", "all local port numbers are in use");
    const hosts = this.#hosts.get(number) ?? new Set();
    const name = canonicalHost(host);
    if (hosts.has(name) || (port > 0 && isTaken(port))) {
      throw errorWithCode("EADDRINUSE", `the local address ${host}:${port} is in use`);
    }
    this.#hosts.set(number, hosts.add(name));
    this.#size++;
    return number;
  }

  /** Returns an end, which is free again. */
  release(host: string, port: number): void {
    const hosts = this.#hosts.get(port);
    if (!hosts?.delete(canonicalHost(host))) return;
    this.#size--;
    if (hosts.size === 0) this.#hosts.delete(port);
  }
}
