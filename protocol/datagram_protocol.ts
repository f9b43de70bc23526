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
 * The base class of a protocol on a datagram port: subclass it, and override
 * {@linkcode datagramReceived}. Twisted's `twisted.internet.protocol.DatagramProtocol`.
 *
 * The methods may be `async`. An error that they throw, or reject with, is logged, and the port
 * stays open.
 *
 * @typeParam T The transport: `IUDPTransport`, `IMulticastTransport` or `IUNIXDatagramTransport`.
 * @typeParam A The addresses of peers: `IPv4Address | IPv6Address`, or `UNIXAddress`. In Twisted an
 *   internet address is a tuple here.
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
  /** The number of ports that use this protocol. */
  numPorts = 0;
  /**
   * Whether the log has a line when a port with this protocol starts and stops listening. Twisted's
   * `DatagramProtocol.noisy`.
   */
  noisy = true;
  #transport: T | null = null;

  /**
   * The port that sends datagrams.
   *
   * @throws {Error} while no port uses this protocol.
   */
  get transport(): T {
    if (this.#transport === null) {
      throw new Error(
        `Cannot get the transport of ${this.constructor.name}: no port uses the protocol`,
      );
    }
    return this.#transport;
  }

  set transport(transport: T) {
    this.#transport = transport;
  }

  /**
   * Sets the transport, and calls {@linkcode doStart}. Called by the port.
   *
   * @param transport The port.
   * @throws {Error} when another port uses this protocol.
   */
  makeConnection(transport: T): void {
    if (this.#transport !== null) {
      throw new Error(
        `Cannot use ${this.constructor.name} on a second port: another port uses it already`,
      );
    }
    this.#transport = transport;
    let isStarted = false;
    try {
      // An async startProtocol() returns a promise. The promise is returned to the port, which logs
      // its rejection.
      const started = this.doStart();
      isStarted = true;
      return started;
    } finally {
      if (!isStarted) this.#transport = null;
    }
  }

  /**
   * Called by each port that starts to use this protocol. The first call calls
   * {@linkcode startProtocol}.
   */
  doStart(): void {
    const isFirst = this.numPorts === 0;
    const started = isFirst ? this.startProtocol() : undefined;
    this.numPorts++;
    return started;
  }

  /**
   * Called by each port that has closed. Removes the transport; the last call calls
   * {@linkcode stopProtocol}.
   */
  doStop(): void {
    this.#transport = null;
    // The port count is 0 if doStop() is called without a matching doStart(). Such a call is
    // ignored, as in Factory.doStop().
    if (this.numPorts === 0) return;
    if (--this.numPorts === 0) return this.stopProtocol();
  }

  /**
   * Called when a port starts to use this protocol. Override it to send the first datagram, to
   * connect the port, or to join multicast groups.
   */
  startProtocol(): void {}

  /** Called when the last port that used this protocol has closed. Override it to clean up. */
  stopProtocol(): void {}

  /**
   * Called with each datagram. Override it to receive them.
   *
   * @param _datagram The whole datagram, which may be empty. Its memory belongs to the protocol.
   * @param _addr The sender's address. Pass it to `transport.write` to answer.
   */
  datagramReceived(_datagram: Uint8Array, _addr: A): void {}

  /**
   * Called when the system reports that an earlier datagram was refused, because no socket is open
   * at its destination. Only connected ports receive this, and only where the system reports it:
   * for UDP, Deno 2.9.6 does not (see `IUDPTransport.connect`).
   */
  connectionRefused(): void {}

  /** Returns the name under which this port's events are logged: the name of the class. */
  logPrefix(): string {
    return this.constructor.name;
  }
}

/**
 * The base class of a protocol on a connected UNIX datagram port. Twisted's
 * `twisted.internet.protocol.ConnectedDatagramProtocol`.
 *
 * A connected UDP port uses a {@linkcode DatagramProtocol} instead: `transport.connect` connects
 * it.
 *
 * @experimental Needs `--unstable-net` on `DenoReactor`.
 *
 * @example Send a question, and print the answer
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
   * Called when the port could not be connected. The port has closed. Override it to try another
   * address.
   *
   * @param _reason A `ConnectError` or a `CannotListenError`.
   */
  connectionFailed(_reason: Error): void {}
}
