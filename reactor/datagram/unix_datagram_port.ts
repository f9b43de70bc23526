/**
 * UNIX datagram ports over any kind of driver. Twisted's `unix.DatagramPort` and `unix.ConnectedDatagramPort`.
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

/** Throws unless `path` can be the path of a socket, were there room for it. */
function checkDestination(path: unknown): asserts path is string {
  if (typeof path !== "string") {
    throw new TypeError(`write() needs an address or a path, got ${quote(path)}`);
  }
  if (path !== "") return;
  throw new RangeError("Cannot write to a socket without a path: it was not bound to one");
}

/** What the two kinds have in common. */
abstract class UNIXPort<P extends DatagramPortProtocol>
  extends DatagramPort<IUNIXAddress, DatagramDriver<IUNIXAddress>, P> {
  protected override portName(address: IUNIXAddress): string {
    return String(address);
  }

  protected override closedLine(address: IUNIXAddress): string {
    return `(Port ${address} Closed)`;
  }
}

/** A UNIX datagram port. The transport that its protocol gets. */
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

/** A UNIX datagram port that is connected. The transport that its protocol gets. */
export class ConnectedUNIXDatagramPort extends UNIXPort<IConnectedDatagramProtocol>
  implements IUNIXDatagramConnectedTransport {
  protected override readonly isConnected = true;
  readonly #peer: IUNIXAddress;

  /**
   * @param host What the reactor lends.
   * @param protocol What gets the datagrams.
   * @param limits The port's bounds.
   * @param peer Where it sends to.
   * @param bind Binds this end, once the other has been seen to be there; throws what `connectionFailed` gets.
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

  /** Connects, and tells the protocol if that fails. */
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
    // The system does not know that the port is connected.
    if (from.name !== this.#peer.name) return undefined;
    return this.protocol.datagramReceived(datagram, from);
  }
}
