/**
 * Messages with file descriptors (`SCM_RIGHTS` of unix(7)).
 *
 * `sendmsg` and `recvmsg` take a `struct msghdr`, which points to the bytes and to the control
 * data:
 *
 * - `struct msghdr`: pointer and length of an address, pointer to the pieces of the bytes and their
 *   number, pointer to the control data and its length, and flags; 8 bytes each, 56 in all.
 * - `struct iovec`: pointer and length of the bytes; 16 bytes.
 * - `struct cmsghdr`: length in 8 bytes, level and type in 4 each. The descriptors follow, in 4
 *   bytes each, and the whole is padded to 8.
 *
 * musl declares some of the lengths with 4 bytes and a padding, which is the same on a
 * little-endian machine.
 *
 * @module
 */

import { MSG_CMSG_CLOEXEC, MSG_CTRUNC, MSG_NOSIGNAL, SCM_RIGHTS, SOL_SOCKET } from "./constants.ts";
import type { SystemCalls } from "./system_calls.ts";

const HEADER_SIZE = 56;
const PIECES_AT = 16;
const PIECE_COUNT_AT = 24;
const CONTROL_AT = 32;
const CONTROL_SIZE_AT = 40;
const FLAGS_AT = 48;
const PIECE_SIZE = 16;
const CONTROL_HEADER_SIZE = 16;
const DESCRIPTOR_SIZE = 4;
const ALIGNMENT = 8;

/** Memory for one message. The system has its addresses, so the fields must keep it. */
export class DescriptorMessage {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #header: DataView<ArrayBuffer> = new DataView(new ArrayBuffer(HEADER_SIZE));
  readonly #headerBytes: Uint8Array<ArrayBuffer>;
  readonly #piece: DataView<ArrayBuffer> = new DataView(new ArrayBuffer(PIECE_SIZE));
  readonly #control: DataView<ArrayBuffer>;

  /**
   * Creates the memory.
   *
   * @param size The most bytes of a message.
   * @param descriptors The most descriptors of a message.
   */
  constructor(size: number, descriptors: number) {
    this.#bytes = new Uint8Array(new ArrayBuffer(size));
    const controlSize = aligned(CONTROL_HEADER_SIZE + descriptors * DESCRIPTOR_SIZE);
    this.#control = new DataView(new ArrayBuffer(controlSize));
    this.#headerBytes = new Uint8Array(this.#header.buffer);
    this.#piece.setBigUint64(0, addressOf(this.#bytes), true);
    this.#header.setBigUint64(PIECES_AT, addressOf(this.#piece), true);
    this.#header.setUint32(PIECE_COUNT_AT, 1, true);
    this.#header.setBigUint64(CONTROL_AT, addressOf(this.#control), true);
  }

  /**
   * Sends one byte with one descriptor.
   *
   * @returns The result of sendmsg(2).
   */
  send(system: SystemCalls, fd: number, byte: number, descriptor: number): number {
    this.#bytes[0] = byte;
    this.#prepare(1);
    const control = this.#control;
    control.setUint32(0, CONTROL_HEADER_SIZE + DESCRIPTOR_SIZE, true);
    control.setInt32(8, SOL_SOCKET, true);
    control.setInt32(12, SCM_RIGHTS, true);
    control.setInt32(CONTROL_HEADER_SIZE, descriptor, true);
    return system.calls.sendmsg(fd, this.#headerBytes, MSG_NOSIGNAL);
  }

  /**
   * Receives bytes and descriptors. Programs that this process starts do not inherit them.
   *
   * @param size The most bytes to receive.
   * @returns The result of recvmsg(2).
   */
  receive(system: SystemCalls, fd: number, size: number): number {
    this.#prepare(Math.min(size, this.#bytes.length));
    return system.calls.recvmsg(fd, this.#headerBytes, MSG_CMSG_CLOEXEC);
  }

  /** The bytes of the last message, of which only as many as were received are valid. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** Whether the system has closed some of the last message's descriptors. */
  get isTruncated(): boolean {
    return (this.#header.getInt32(FLAGS_AT, true) & MSG_CTRUNC) !== 0;
  }

  /** Returns the descriptors of the last message. */
  descriptors(): number[] {
    const descriptors: number[] = [];
    const control = this.#control;
    const end = this.#header.getUint32(CONTROL_SIZE_AT, true);
    for (let at = 0; at + CONTROL_HEADER_SIZE <= end;) {
      const size = control.getUint32(at, true);
      if (size < CONTROL_HEADER_SIZE) break;
      const isRights = control.getInt32(at + 8, true) === SOL_SOCKET &&
        control.getInt32(at + 12, true) === SCM_RIGHTS;
      for (
        let each = at + CONTROL_HEADER_SIZE;
        isRights && each + DESCRIPTOR_SIZE <= at + size;
        each += DESCRIPTOR_SIZE
      ) descriptors.push(control.getInt32(each, true));
      at += aligned(size);
    }
    return descriptors;
  }

  #prepare(size: number): void {
    this.#piece.setUint32(8, size, true);
    this.#header.setUint32(CONTROL_SIZE_AT, this.#control.byteLength, true);
    this.#header.setInt32(FLAGS_AT, 0, true);
  }
}

function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}

function addressOf(memory: ArrayBufferView<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(memory));
}
