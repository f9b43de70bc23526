/**
 * Messages with file descriptors (`SCM_RIGHTS` of unix(7)).
 *
 * `sendmsg` and `recvmsg` take a `struct msghdr`, which points to the bytes and to the control
 * data. Those are a `struct cmsghdr` and the descriptors, in 4 bytes each.
 *
 * @module
 */

import { MSG_CMSG_CLOEXEC, MSG_CTRUNC, MSG_NOSIGNAL, SCM_RIGHTS, SOL_SOCKET } from "./constants.ts";
import { CMSGHDR, IOVEC, MSGHDR } from "./struct_layouts.ts";
import type { SystemCalls } from "./system_calls.ts";

const DESCRIPTOR_SIZE = 4;
/**
 * Room in bytes for control data that an inherited socket may ask for, as with `PassCredentials` of
 * systemd: the process of the sender (`SO_PASSCRED`), its security label, and its pidfd. Without
 * the room, the system would close descriptors.
 */
const OTHER_DATA_SIZE = 512;
/** The type of a pidfd. Since Linux 6.5, whose headers are newer than many C libraries. */
const SCM_PIDFD = 4;

/** Memory for one message. The system has its addresses, so the fields must keep it. */
export class DescriptorMessage {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #header: DataView<ArrayBuffer> = new DataView(new ArrayBuffer(MSGHDR.size));
  readonly #headerBytes: Uint8Array<ArrayBuffer>;
  readonly #piece: DataView<ArrayBuffer> = new DataView(new ArrayBuffer(IOVEC.size));
  readonly #control: DataView<ArrayBuffer>;

  /**
   * Creates the memory.
   *
   * @param size The most bytes of a message.
   * @param descriptors The most descriptors of a message.
   */
  constructor(size: number, descriptors: number) {
    this.#bytes = new Uint8Array(new ArrayBuffer(size));
    const controlSize = aligned(CMSGHDR.size + descriptors * DESCRIPTOR_SIZE) + OTHER_DATA_SIZE;
    this.#control = new DataView(new ArrayBuffer(controlSize));
    this.#headerBytes = new Uint8Array(this.#header.buffer);
    this.#piece.setBigUint64(IOVEC.base, addressOf(this.#bytes), true);
    this.#header.setBigUint64(MSGHDR.pieces, addressOf(this.#piece), true);
    this.#header.setUint32(MSGHDR.pieceCount, 1, true);
    this.#header.setBigUint64(MSGHDR.control, addressOf(this.#control), true);
  }

  /**
   * Sends one byte with one descriptor.
   *
   * @returns The result of sendmsg(2).
   */
  send(system: SystemCalls, fd: number, byte: number, descriptor: number): number {
    this.#bytes[0] = byte;
    this.#prepare(1, aligned(CMSGHDR.size + DESCRIPTOR_SIZE));
    const control = this.#control;
    control.setUint32(CMSGHDR.length, CMSGHDR.size + DESCRIPTOR_SIZE, true);
    control.setInt32(CMSGHDR.level, SOL_SOCKET, true);
    control.setInt32(CMSGHDR.type, SCM_RIGHTS, true);
    control.setInt32(CMSGHDR.size, descriptor, true);
    return system.calls.sendmsg(fd, this.#headerBytes, MSG_NOSIGNAL);
  }

  /**
   * Receives bytes and descriptors. Programs that this process starts do not inherit them.
   *
   * @param size The most bytes to receive.
   * @returns The result of recvmsg(2).
   */
  receive(system: SystemCalls, fd: number, size: number): number {
    this.#prepare(Math.min(size, this.#bytes.length), this.#control.byteLength);
    return system.calls.recvmsg(fd, this.#headerBytes, MSG_CMSG_CLOEXEC);
  }

  /** The bytes of the last message, of which only as many as were received are valid. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** Whether the system has closed some of the last message's descriptors. */
  get isTruncated(): boolean {
    return (this.#header.getInt32(MSGHDR.flags, true) & MSG_CTRUNC) !== 0;
  }

  /** Returns the descriptors of the last message. */
  descriptors(): number[] {
    return this.#numbers(SCM_RIGHTS);
  }

  /** Returns the descriptors that the system has added to the last message. */
  addedDescriptors(): number[] {
    return this.#numbers(SCM_PIDFD);
  }

  #numbers(type: number): number[] {
    const descriptors: number[] = [];
    const control = this.#control;
    const end = Math.min(this.#header.getUint32(MSGHDR.controlSize, true), control.byteLength);
    for (let at = 0; at + CMSGHDR.size <= end;) {
      const size = control.getUint32(at + CMSGHDR.length, true);
      if (size < CMSGHDR.size) break;
      const dataEnd = Math.min(at + size, end);
      const isWanted = control.getInt32(at + CMSGHDR.level, true) === SOL_SOCKET &&
        control.getInt32(at + CMSGHDR.type, true) === type;
      for (
        let each = at + CMSGHDR.size;
        isWanted && each + DESCRIPTOR_SIZE <= dataEnd;
        each += DESCRIPTOR_SIZE
      ) descriptors.push(control.getInt32(each, true));
      at += aligned(size);
    }
    return descriptors;
  }

  #prepare(size: number, controlSize: number): void {
    this.#piece.setUint32(IOVEC.length, size, true);
    this.#header.setUint32(MSGHDR.controlSize, controlSize, true);
    this.#header.setInt32(MSGHDR.flags, 0, true);
  }
}

function aligned(size: number): number {
  return Math.ceil(size / CMSGHDR.alignment) * CMSGHDR.alignment;
}

function addressOf(memory: ArrayBufferView<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(memory));
}
