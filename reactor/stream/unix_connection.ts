/**
 * UNIX connections of which the reactor has the file descriptor.
 *
 * @module
 */

import { checkInteger } from "../../internal/validation.ts";
import { FileDescriptorOverrun, UnsupportedError } from "../errors.ts";
import type { IProtocol, IUNIXTransport, PeerCredentials } from "../interfaces/mod.ts";
import { Connection } from "./connection.ts";
import type { ConnectionOwner } from "./connection_owner.ts";
import { isDescriptorReceiver } from "./protocol_capabilities.ts";
import type { StreamDriver } from "./stream_driver.ts";
import { isUNIXDriver, type UNIXDriver, type UNIXDriverSink } from "./unix_driver.ts";
import { unixTransportKey, type UNIXTransportSource } from "./unix_transport.ts";

/** The number of waiting file descriptors above which a producer is paused, as in Twisted. */
const MOST_UNPAUSED = 64;

/**
 * Returns a connection over a driver.
 *
 * @param owner The port or connector that makes the connection.
 * @param driver The driver that moves the bytes.
 * @param protocol The protocol that receives the bytes.
 * @param session The number that the owner gives to the connection.
 */
export function connectionOver(
  owner: ConnectionOwner,
  driver: StreamDriver,
  protocol: IProtocol,
  session = 0,
): Connection {
  return isUNIXDriver(driver)
    ? new UNIXConnection(owner, driver, protocol, session)
    : new Connection(owner, driver, protocol, session);
}

/** A UNIX connection: it also sends and receives file descriptors. */
class UNIXConnection extends Connection
  implements IUNIXTransport, UNIXDriverSink, UNIXTransportSource {
  readonly #owner: ConnectionOwner;
  readonly #socket: UNIXDriver;
  /** Whether the bytes of this turn will be counted. */
  #isCounting = false;

  constructor(owner: ConnectionOwner, driver: UNIXDriver, protocol: IProtocol, session: number) {
    super(owner, driver, protocol, session);
    this.#owner = owner;
    this.#socket = driver;
  }

  get [unixTransportKey](): IUNIXTransport {
    return this;
  }

  getPeerCredentials(): PeerCredentials | null {
    return this.#socket.getPeerCredentials();
  }

  sendFileDescriptor(fileDescriptor: number): void {
    checkInteger("fileDescriptor", fileDescriptor, 0, 2147483647);
    if (this.driver !== this.#socket) {
      throw new UnsupportedError(
        `Cannot send file descriptor ${fileDescriptor} to ${this.getPeer()}: ` +
          "the connection uses TLS",
      );
    }
    if (!this.connected) return;
    this.#socket.sendFileDescriptor(fileDescriptor);
    if (this.#socket.queuedDescriptors > MOST_UNPAUSED) this.pauseProducer();
    if (this.#isCounting) return;
    this.#isCounting = true;
    this.#owner.context.microtasks.add({ runMicrotask: () => this.#countBytes() });
  }

  get receivesDescriptors(): boolean {
    const [protocol] = this.receiver();
    return isDescriptorReceiver(protocol);
  }

  fileDescriptorReceived(fileDescriptor: number): boolean {
    const [protocol, calls] = this.receiver();
    if (!this.connected || this.disconnecting || !isDescriptorReceiver(protocol)) return false;
    let isTaken = false;
    calls.call("fileDescriptorReceived", () => {
      const result: unknown = protocol.fileDescriptorReceived(fileDescriptor);
      isTaken = true;
      return result;
    });
    // What the protocol has written is sent at the end of the turn, and so is a close.
    this.#owner.context.microtasks.add(this);
    return isTaken;
  }

  /** Aborts the connection if there are not enough bytes to send the waiting descriptors with. */
  #countBytes(): void {
    this.#isCounting = false;
    const { queuedDescriptors } = this.#socket;
    if (!this.connected || queuedDescriptors <= this.unsent) return;
    this.abort(new FileDescriptorOverrun(queuedDescriptors, this.unsent, `${this.getPeer()}`));
  }
}
