/**
 * UNIX datagram ports, for every driver. Twisted's `unix.DatagramPort` and
 * `unix.ConnectedDatagramPort`.
 *
 * @module
 */

import { UNIXAddress } from "../addresses.ts";
import type { ConnectionContext } from "../stream/connection_context.ts";
import { datagramBytes } from "./datagram_bytes.ts";
import type { DatagramDriver } from "./datagram_driver.ts";
import type { DatagramLimits } from "./datagram_limits.ts";
import { DatagramPort, type DatagramPortProtocol } from "./datagram_port.ts";
import type {
  IConnectedDatagramProtocol,
  IDatagramProtocol,
  IUNIXAddress,
  IUNIXDatagramConnectedTransport,
  IUNIXDatagramTransport,
} from "../interfaces/mod.ts";
import { asError } from "../../defer/guarded_call.ts";
import { quote } from "../../internal/validation.ts";

/** Throws an error unless `path` is a non-empty string. The driver checks its length. */
function checkDestination(path: unknown): asserts path is string {
  if (typeof path !== "string") {
    throw new TypeError(
      `Cannot write a datagram: addr must be an address or a path, got ${quote(path)}`,
    );
  }
  if (path !== "") return;
  throw new RangeError("Cannot write a datagram: the receiver's socket is not bound to a path");
}

/** The base class of connected and unconnected UNIX datagram ports. */
abstract class UNIXPort<P extends DatagramPortProtocol>
  extends DatagramPort<IUNIXAddress, DatagramDriver<IUNIXAddress>, P> {
  protected override portName(address: IUNIXAddress): string {
    return String(address);
  }

  protected override closedLine(address: IUNIXAddress): string {
    return `(Port ${address} Closed)`;
  }
}

/** A UNIX datagram port: the transport of its protocol. */
export class UNIXDatagramPort
  extends UNIXPort<IDatagramProtocol<IUNIXDatagramTransport, IUNIXAddress>>
  implements IUNIXDatagramTransport {
  protected override readonly isConnected = false;

  write(datagram: Uint8Array | string, addr: IUNIXAddress | string): void {
    this.writeSequence([datagram], addr);
  }

  writeSequence(pieces: Iterable<Uint8Array | string>, addr: IUNIXAddress | string): void {
    const path = typeof addr === "string" ? addr : addr?.name;
    checkDestination(path);
    this.send(datagramBytes(pieces), new UNIXAddress(path));
  }

  protected override makeConnection(): unknown {
    return this.protocol.makeConnection(this);
  }

  protected override deliver(datagram: Uint8Array, from: IUNIXAddress): unknown {
    return this.protocol.datagramReceived(datagram, from);
  }
}

/** A connected UNIX datagram port: the transport of its protocol. */
export class ConnectedUNIXDatagramPort extends UNIXPort<IConnectedDatagramProtocol>
  implements IUNIXDatagramConnectedTransport {
  protected override readonly isConnected = true;
  readonly #peer: IUNIXAddress;

  /**
   * @param host The services of the reactor.
   * @param protocol The protocol that receives the datagrams.
   * @param limits The limits of the port.
   * @param peer The address to which the port is connected.
   * @param bind A function that checks that the peer's socket exists and binds this end. Its error
   *   is passed to `connectionFailed`.
   */
  constructor(
    host: ConnectionContext,
    protocol: IConnectedDatagramProtocol,
    limits: DatagramLimits,
    peer: IUNIXAddress,
    bind: () => DatagramDriver<IUNIXAddress>,
  ) {
    super(host, protocol, limits, bind);
    this.#peer = peer;
  }

  /** Connects the port. If that fails, calls `connectionFailed` of the protocol. */
  override startListening(): void {
    try {
      super.startListening();
    } catch (error) {
      this.callProtocol(
        "connectionFailed",
        () => this.protocol.connectionFailed(asError(error)),
      );
    }
  }

  getPeer(): IUNIXAddress {
    return this.#peer;
  }

  write(datagram: Uint8Array | string): void {
    this.writeSequence([datagram]);
  }

  writeSequence(pieces: Iterable<Uint8Array | string>): void {
    this.send(datagramBytes(pieces), this.#peer);
  }

  protected override makeConnection(): unknown {
    return this.protocol.makeConnection(this);
  }

  protected override deliver(datagram: Uint8Array, from: IUNIXAddress): unknown {
    // Deno does not connect the socket to the peer, so datagrams from other senders also arrive.
    // They are dropped here.
    if (from.name !== this.#peer.name) return undefined;
    return this.protocol.datagramReceived(datagram, from);
  }
}
