/**
 * The driver of a UNIX connection.
 *
 * File descriptors travel with bytes: each is sent with one byte, as in Twisted, because some
 * programs accept only one descriptor at a time. Receiving them takes another system call and a
 * copy, so it is done only for protocols that receive descriptors. For all others, the system
 * closes them.
 *
 * @module
 */

import type { IUNIXAddress, PeerCredentials } from "../../interfaces/mod.ts";
import type { StreamDriverSink } from "../../stream/stream_driver.ts";
import {
  isUNIXDriverSink,
  type UNIXDriver,
  type UNIXDriverSink,
} from "../../stream/unix_driver.ts";
import { EMFILE, F_DUPFD_CLOEXEC, SO_PEERCRED, SOL_SOCKET } from "./constants.ts";
import type { Poller } from "./poller.ts";
import { UCRED } from "./struct_layouts.ts";
import { StreamSocket } from "./stream_socket.ts";

/** The driver of a UNIX connection. */
export class UNIXSocket extends StreamSocket implements UNIXDriver {
  readonly #peer: IUNIXAddress;
  readonly #host: IUNIXAddress;
  #receiver: UNIXDriverSink | null = null;
  /** Copies of the descriptors that wait to be sent. */
  #queued: number[] = [];

  /**
   * Takes ownership of a connected socket.
   *
   * @param poller The poller of the reactor.
   * @param fd The socket.
   * @param peer The address of the peer.
   * @param host The address of this side.
   */
  constructor(poller: Poller, fd: number, peer: IUNIXAddress, host: IUNIXAddress) {
    super(poller, fd);
    this.#peer = peer;
    this.#host = host;
  }

  override attach(sink: StreamDriverSink): void {
    this.#receiver = isUNIXDriverSink(sink) ? sink : null;
    super.attach(sink);
  }

  getPeer(): IUNIXAddress {
    return this.#peer;
  }

  getHost(): IUNIXAddress {
    return this.#host;
  }

  /** Returns the process of the peer: three numbers of 4 bytes. */
  getPeerCredentials(): PeerCredentials | null {
    if (this.isClosed) return null;
    const { system } = this.poller;
    const ids = new Int32Array(UCRED.size / Int32Array.BYTES_PER_ELEMENT);
    const size = new Int32Array([ids.byteLength]);
    system.checked(
      "getsockopt",
      system.calls.getsockopt(this.fd, SOL_SOCKET, SO_PEERCRED, ids, size),
    );
    const [pid = 0, uid = 0, gid = 0] = ids;
    return { pid, uid: uid >>> 0, gid: gid >>> 0 };
  }

  get queuedDescriptors(): number {
    return this.#queued.length;
  }

  sendFileDescriptor(fileDescriptor: number): void {
    const { system, passing: { limit } } = this.poller;
    if (this.#queued.length >= limit) {
      throw new Error(
        `Cannot send file descriptor ${fileDescriptor} to ${this.#peer}: ` +
          `${limit} descriptors wait to be sent already`,
      );
    }
    const copy = system.calls.fcntl(fileDescriptor, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
      const cause = system.failure("fcntl");
      throw new Error(
        `Cannot send file descriptor ${fileDescriptor} to ${this.#peer}: ${cause.message}`,
        { cause },
      );
    }
    this.#queued.push(copy);
  }

  override close(): void {
    // The system closes all of them, whatever the calls return (close(2)).
    for (const descriptor of this.#queued.splice(0)) this.#closePassed(descriptor);
    super.close();
  }

  /** Sends the waiting descriptors, each with one byte, and then the other bytes. */
  protected override sendBytes(bytes: Uint8Array, size: number): number {
    if (this.#queued.length === 0) return super.sendBytes(bytes, size);
    const { system, passing: { outgoing } } = this.poller;
    let sent = 0;
    for (const descriptor of this.#queued.slice(0, size)) {
      const result = outgoing.send(system, this.fd, bytes[sent] ?? 0, descriptor);
      if (result < 0 && sent === 0) return -system.errno;
      if (result < 0) break;
      sent++;
      this.#queued.shift();
      this.#closePassed(descriptor);
    }
    return sent;
  }

  protected override receiveBytes(space: Uint8Array<ArrayBuffer>, size: number): number {
    const receiver = this.#receiver;
    if (receiver === null || !receiver.receivesDescriptors) return super.receiveBytes(space, size);
    const { system, passing: { incoming } } = this.poller;
    const count = incoming.receive(system, this.fd, size);
    if (count < 0) return -system.errno;
    const descriptors = incoming.descriptors();
    for (const descriptor of incoming.addedDescriptors()) this.#closePassed(descriptor);
    if (incoming.isTruncated) {
      // The system has closed some descriptors, because the process can have no more. The protocol
      // would miss them.
      for (const descriptor of descriptors) this.#closePassed(descriptor);
      return -EMFILE;
    }
    space.set(incoming.bytes.subarray(0, count));
    // The protocol may close the last socket of the reactor.
    this.poller.using(() => {
      for (const descriptor of descriptors) this.#offer(receiver, descriptor);
    });
    return count;
  }

  #offer(receiver: UNIXDriverSink, descriptor: number): void {
    const { passing } = this.poller;
    const isTaken = passing.offer(descriptor, (each) => receiver.fileDescriptorReceived(each));
    if (!isTaken) this.#closePassed(descriptor);
  }

  #closePassed(descriptor: number): void {
    this.poller.system.calls.close(descriptor);
  }
}
