import type { IPv4Address, IPv6Address } from "../reactor/addresses.ts";
import type {
  Address,
  IConnectedDatagramProtocol,
  IDatagramProtocol,
  IUDPTransport,
  IUNIXAddress,
  IUNIXDatagramConnectedTransport,
} from "../reactor/interfaces/mod.ts";

/**
 * What happens on a datagram port: subclass it, and override {@linkcode datagramReceived}. Twisted's
 * `twisted.internet.protocol.DatagramProtocol`.
 *
 * The methods may be `async`. What they throw, or reject with, is logged, and the port goes on.
 *
 * @typeParam T Its transport: `IUDPTransport`, `IMulticastTransport` or `IUNIXDatagramTransport`.
 * @typeParam A The addresses that it sees: `IPv4Address` and `IPv6Address`, or `UNIXAddress`. In Twisted an internet address is a tuple here.
 *
 * @example An echo
 * ```ts no-eval
 * import { DatagramProtocol, reactor } from "@torsion/reactor";
 * import type { IPv4Address, IPv6Address } from "@torsion/reactor/reactor";
 *
 * class Echo extends DatagramProtocol {
 *   override datagramReceived(datagram: Uint8Array, addr: IPv4Address | IPv6Address) {
 *     this.transport.write(datagram, addr);
 *   }
 * }
 *
 * reactor.listenUDP(9999, new Echo());
 * await reactor.run();
 * ```
 */
export class DatagramProtocol<T = IUDPTransport, A extends Address = IPv4Address | IPv6Address>
  implements IDatagramProtocol<T, A> {
  /** How many ports use this protocol. */
  numPorts = 0;
  /** Whether the log says where ports with this protocol begin and end to listen. Twisted's `DatagramProtocol.noisy`. */
  noisy = true;
  #transport: T | null = null;

  /**
   * The port.
   *
   * @throws {Error} while no port uses this protocol.
   */
  get transport(): T {
    if (this.#transport === null) {
      throw new Error(`${this.constructor.name} has no transport: no port uses it`);
    }
    return this.#transport;
  }

  set transport(transport: T) {
    this.#transport = transport;
  }

  /**
   * Takes the port, and calls {@linkcode doStart}. Called by the port.
   *
   * @throws {Error} when another port uses this protocol.
   */
  makeConnection(transport: T): void {
    if (this.#transport !== null) {
      throw new Error(`Cannot use ${this.constructor.name} on a second port: one uses it already`);
    }
    this.#transport = transport;
    let isStarted = false;
    try {
      // Returned for the case that it is async: the port sees a promise that is rejected.
      const started = this.doStart();
      isStarted = true;
      return started;
    } finally {
      if (!isStarted) this.#transport = null;
    }
  }

  /** Called by each port that begins to use this protocol; the first one calls {@linkcode startProtocol}. */
  doStart(): void {
    const isFirst = this.numPorts === 0;
    const started = isFirst ? this.startProtocol() : undefined;
    this.numPorts++;
    return started;
  }

  /** Called by each port that ends; the last one calls {@linkcode stopProtocol}. The transport is gone before. */
  doStop(): void {
    this.#transport = null;
    // As a factory has it: a stop too many does nothing.
    if (this.numPorts === 0) return;
    if (--this.numPorts === 0) return this.stopProtocol();
  }

  /** Called when a port begins to use this protocol. Override it to send the first datagram, to connect, or to join groups. */
  startProtocol(): void {}

  /** Called when no port uses this protocol any more. Override it to clean up. */
  stopProtocol(): void {}

  /**
   * A datagram came. Override it to receive.
   *
   * @param _datagram The datagram, whole: yours to keep. It may be empty.
   * @param _addr Where it comes from: `transport.write` takes it to answer there.
   */
  datagramReceived(_datagram: Uint8Array, _addr: A): void {}

  /**
   * A datagram that was sent before found nobody at the other end. On connected ports only, and only where the system says so: on UDP,
   * Deno 2.9.6 cannot (see `IUDPTransport.connect`).
   */
  connectionRefused(): void {}

  /** The name under which this port's events are logged: the class's. */
  logPrefix(): string {
    return this.constructor.name;
  }
}

/**
 * What happens on a connected UNIX datagram port. Twisted's `twisted.internet.protocol.ConnectedDatagramProtocol`.
 *
 * A connected UDP port uses a {@linkcode DatagramProtocol}: it is connected by `transport.connect`.
 *
 * @experimental Needs `--unstable-net` on Deno.
 *
 * @example Ask, and print the answer
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 * import { ConnectedDatagramProtocol } from "@torsion/reactor/protocol";
 *
 * class Asking extends ConnectedDatagramProtocol {
 *   override startProtocol() {
 *     this.transport.write("what time is it?");
 *   }
 *   override datagramReceived(datagram: Uint8Array) {
 *     console.log(new TextDecoder().decode(datagram));
 *   }
 * }
 *
 * reactor.connectUNIXDatagram("/run/clock", new Asking(), { bindAddress: "/run/asking" });
 * await reactor.run(); // under --unstable-net
 * ```
 */
export class ConnectedDatagramProtocol
  extends DatagramProtocol<IUNIXDatagramConnectedTransport, IUNIXAddress>
  implements IConnectedDatagramProtocol {
  /**
   * The port could not be connected, and is closed. Override it to try elsewhere.
   *
   * @param _reason Why: a `ConnectError` or a `CannotListenError`.
   */
  connectionFailed(_reason: Error): void {}
}
