/**
 * A datagram transport that records. It is a real UDP port over a driver that sends nothing, so the
 * checks of datagrams, destinations and settings are those of real ports.
 *
 * @module
 */

import type { Deferred } from "../defer/mod.ts";
import { datagramLimits } from "../reactor/datagram/datagram_limits.ts";
import type { DatagramDriverSink } from "../reactor/datagram/datagram_driver.ts";
import { checkInterface, UDPPort } from "../reactor/datagram/udp_port.ts";
import { udpAddress } from "../reactor/datagram/udp_address.ts";
import { MemoryUDPDriver } from "../reactor/drivers/memory/memory_datagram_network.ts";
import type {
  DatagramDestination,
  DatagramOptions,
  DatagramPortStats,
  IDatagramProtocol,
  IInternetAddress,
  IMulticastTransport,
  ListenMulticastOptions,
} from "../reactor/interfaces/mod.ts";
import { ManualTaskQueue, stillContext } from "./still_context.ts";

/** Options of a {@linkcode FakeDatagramTransport}. */
export interface FakeDatagramTransportOptions extends DatagramOptions {
  /**
   * The IP address and the port to which the transport is bound, which also determine the
   * IP version.
   *
   * @default {{ host: "10.0.0.1", port: 12345 }}
   */
  hostAddress?: DatagramDestination | undefined;
  /**
   * The protocol that starts with the port, as with `listenUDP`.
   *
   * @default {null} The test calls `makeConnection` of the protocol.
   */
  protocol?: IDatagramProtocol<IMulticastTransport, IInternetAddress> | null | undefined;
}

/** A datagram that a protocol has written, and its destination. */
export type WrittenDatagram = [datagram: Uint8Array, addr: IInternetAddress];

/**
 * A UDP transport that stores the datagrams that a protocol writes, and sends none of them.
 * Twisted's `FakeDatagramTransport`, which has `write` alone.
 *
 * The test calls the methods of the protocol: `makeConnection(transport)`, then `datagramReceived`.
 *
 * @example
 * ```ts
 * import { DatagramProtocol } from "@torsion/reactor/protocol";
 * import { IPv4Address } from "@torsion/reactor/reactor";
 * import { FakeDatagramTransport } from "@torsion/reactor/testing";
 *
 * class Echo extends DatagramProtocol {
 *   override datagramReceived(datagram: Uint8Array, addr: IPv4Address) {
 *     this.transport.write(datagram, addr);
 *   }
 * }
 *
 * const transport = new FakeDatagramTransport();
 * const echo = new Echo();
 * echo.makeConnection(transport);
 * echo.datagramReceived(new Uint8Array([1, 2]), new IPv4Address("UDP", "192.0.2.1", 53));
 * const [[datagram, addr] = []] = transport.written;
 * console.log(datagram, `${addr}`); // Uint8Array(2) [ 1, 2 ] 192.0.2.1:53
 * ```
 */
export class FakeDatagramTransport implements IMulticastTransport {
  /**
   * The datagrams that were written, with their destinations as the port resolved them: the peer of
   * a connected port, or 255.255.255.255 for `"<broadcast>"`.
   */
  readonly written: WrittenDatagram[] = [];
  readonly #groups: string[] = [];
  readonly #tasks = new ManualTaskQueue();
  readonly #port: UDPPort;
  #isListening = false;

  /**
   * Creates an open transport.
   *
   * @param options The address, the limits and the protocol.
   * @throws {InvalidAddressError} If the host of `hostAddress` is not an IP address.
   */
  constructor(options: FakeDatagramTransportOptions = {}) {
    const { hostAddress = { host: "10.0.0.1", port: 12345 }, protocol = null } = options;
    checkInterface(hostAddress.host);
    const address = udpAddress(hostAddress.host, hostAddress.port);
    this.#port = new UDPPort(
      stillContext(this.#tasks),
      this.#forwarding(protocol),
      datagramLimits(options),
      () => new RecordingUDPDriver(address, this.written, this.#groups),
    );
    this.startListening();
  }

  /** Whether the transport is open: `true` until it is stopped. */
  get isListening(): boolean {
    return this.#isListening;
  }

  /** The groups that the protocol has joined and not left: the IP address of each. */
  get groups(): readonly string[] {
    return [...this.#groups];
  }

  write(datagram: Uint8Array | string, addr?: DatagramDestination): void {
    this.#port.write(datagram, addr);
  }

  writeSequence(pieces: Iterable<Uint8Array | string>, addr?: DatagramDestination): void {
    this.#port.writeSequence(pieces, addr);
  }

  connect(host: string, port: number): void {
    this.#port.connect(host, port);
  }

  getHost(): IInternetAddress {
    return this.#port.getHost();
  }

  startListening(): void {
    try {
      this.#port.startListening();
    } finally {
      this.#tasks.run();
    }
  }

  /** Closes the transport at once. The Deferred has fired when this method returns. */
  stopListening(): Deferred<void> {
    const stopped = this.#port.stopListening();
    this.#tasks.run();
    return stopped;
  }

  loseConnection(): void {
    this.#port.loseConnection();
    this.#tasks.run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopListening();
  }

  get stats(): DatagramPortStats {
    return this.#port.stats;
  }

  setBroadcastAllowed(enabled: boolean): void {
    this.#port.setBroadcastAllowed(enabled);
  }

  getBroadcastAllowed(): boolean {
    return this.#port.getBroadcastAllowed();
  }

  joinGroup(addr: string, interfaceAddress?: string): Deferred<void> {
    return this.#port.joinGroup(addr, interfaceAddress);
  }

  leaveGroup(addr: string, interfaceAddress?: string): Deferred<void> {
    return this.#port.leaveGroup(addr, interfaceAddress);
  }

  setTTL(ttl: number): void {
    this.#port.setTTL(ttl);
  }

  getTTL(): number {
    return this.#port.getTTL();
  }

  setLoopbackMode(enabled: boolean): void {
    this.#port.setLoopbackMode(enabled);
  }

  getLoopbackMode(): boolean {
    return this.#port.getLoopbackMode();
  }

  setOutgoingInterface(addr: string): Deferred<void> {
    return this.#port.setOutgoingInterface(addr);
  }

  getOutgoingInterface(): string {
    return this.#port.getOutgoingInterface();
  }

  /** Describes the transport for a log: `FakeDatagramTransport on 10.0.0.1:12345`. */
  toString(): string {
    return `${this.constructor.name} on ${this.getHost()}${this.#isListening ? "" : " (closed)"}`;
  }

  /** Returns a protocol for the port that passes its calls to the protocol of the test. */
  #forwarding(
    protocol: IDatagramProtocol<IMulticastTransport, IInternetAddress> | null,
  ): IDatagramProtocol<never, IInternetAddress> {
    return {
      noisy: false,
      makeConnection: () => {
        this.#isListening = true;
        return protocol?.makeConnection(this);
      },
      doStop: () => {
        this.#isListening = false;
        return protocol?.doStop();
      },
      datagramReceived: (datagram, addr) => protocol?.datagramReceived(datagram, addr),
      connectionRefused: () => protocol?.connectionRefused(),
    };
  }
}

/** The transport and the record of a call of `listenUDP` or `listenMulticast`. */
export class FakeUDPPort extends FakeDatagramTransport {
  /** The port number that was passed in. `getHost().port` is another number if it is 0. */
  readonly port: number;
  /** The protocol that was passed in. */
  readonly protocol: IDatagramProtocol<IMulticastTransport, IInternetAddress>;
  /** The options that were passed in. */
  readonly options: ListenMulticastOptions;

  /**
   * Creates a port that listens, and starts the protocol.
   *
   * @param port The port number that was passed in.
   * @param protocol The protocol.
   * @param options The options.
   * @param hostAddress The address of the port.
   */
  constructor(
    port: number,
    protocol: IDatagramProtocol<IMulticastTransport, IInternetAddress>,
    options: ListenMulticastOptions,
    hostAddress: DatagramDestination,
  ) {
    super({ ...options, hostAddress, protocol });
    this.port = port;
    this.protocol = protocol;
    this.options = options;
  }
}

/** A socket that stores the datagrams that it should send. */
class RecordingUDPDriver extends MemoryUDPDriver {
  readonly #written: WrittenDatagram[];
  readonly #joined: string[];
  #port: DatagramDriverSink<IInternetAddress> | null = null;

  constructor(address: IInternetAddress, written: WrittenDatagram[], joined: string[]) {
    super(address, false, {
      schedule: (step) => step(),
      sockets: new Set(),
      isLocal: () => true,
    });
    this.#written = written;
    this.#joined = joined;
    joined.length = 0;
  }

  override attach(sink: DatagramDriverSink<IInternetAddress>): void {
    this.#port = sink;
    super.attach(sink);
  }

  override send(datagram: Uint8Array, to: IInternetAddress): void {
    this.#written.push([datagram.slice(), to]);
    this.#port?.sent(null);
  }

  override joinGroup(group: string, interfaceAddress: string): void {
    super.joinGroup(group, interfaceAddress);
    this.#joined.push(group);
  }

  override leaveGroup(group: string, interfaceAddress: string): void {
    super.leaveGroup(group, interfaceAddress);
    this.#joined.splice(this.#joined.indexOf(group), 1);
  }
}
