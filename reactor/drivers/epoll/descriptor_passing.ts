/**
 * The file descriptors that the connections of a reactor receive and send: their owners, and how
 * many may wait.
 *
 * @module
 */

import { DescriptorMessage } from "./descriptor_message.ts";

/** The size of the memory in bytes into which a connection receives bytes with descriptors. */
const RECEIVE_SIZE = 65536;
/** The most descriptors of one message: `SCM_MAX_FD` of Linux. */
const MOST_DESCRIPTORS = 253;

/** What all connections of one reactor share to pass file descriptors. */
export class DescriptorPassing {
  /** The number of descriptors that may wait on one connection. */
  limit = 256;
  /** The descriptor that is being offered to a protocol; -1 if none is. */
  #offered = -1;
  #outgoing: DescriptorMessage | null = null;
  #incoming: DescriptorMessage | null = null;

  /** Memory for sending one byte with one descriptor. */
  get outgoing(): DescriptorMessage {
    return this.#outgoing ??= new DescriptorMessage(1, 1);
  }

  /** Memory for receiving bytes with descriptors. */
  get incoming(): DescriptorMessage {
    return this.#incoming ??= new DescriptorMessage(RECEIVE_SIZE, MOST_DESCRIPTORS);
  }

  /**
   * Offers a received descriptor to a protocol.
   *
   * @param fileDescriptor The descriptor.
   * @param offer Calls the protocol. Returns whether it has taken the descriptor.
   * @returns Whether the protocol, or the reactor for it, has taken the descriptor.
   */
  offer(fileDescriptor: number, offer: (fileDescriptor: number) => boolean): boolean {
    this.#offered = fileDescriptor;
    const isTaken = offer(fileDescriptor) || this.#offered < 0;
    this.#offered = -1;
    return isTaken;
  }

  /**
   * Takes a descriptor for the reactor, which closes it from now on, even if the protocol that
   * received it throws.
   */
  take(fileDescriptor: number): void {
    if (this.#offered === fileDescriptor) this.#offered = -1;
  }
}
