/**
 * The buffers of protocols that provide the memory into which their connection reads
 * ({@linkcode IBufferedProtocol}).
 *
 * @module
 */

import { atOnce, classNameOf } from "../../defer/guarded_call.ts";
import { quote } from "../../internal/validation.ts";
import { ConnectionAborted } from "../errors.ts";
import type { IBufferedProtocol } from "../interfaces/mod.ts";

/**
 * Calls `getBuffer` of a protocol.
 *
 * @param protocol The protocol.
 * @param sizeHint The recommended size in bytes, at least 1.
 * @returns The buffer, which has at least one byte.
 * @throws {TypeError} If the result is not a non-empty view of memory that a driver can fill.
 * @throws {unknown} The error that `getBuffer` throws.
 */
export function bufferOf(protocol: IBufferedProtocol, sizeHint: number): Uint8Array<ArrayBuffer> {
  const buffer: unknown = protocol.getBuffer(sizeHint);
  if (isFillable(buffer)) return buffer;
  const hook = `getBuffer() of ${classNameOf(protocol)}`;
  atOnce(hook, buffer, "Error while calling getBuffer");
  throw new TypeError(`${hook} must return a Uint8Array ${faultOf(buffer)}`);
}

/**
 * Returns whether the system can read into a value. Memory that can shrink, or that another thread
 * can change, is refused on every driver, because some of them cannot read into it.
 */
function isFillable(buffer: unknown): buffer is Uint8Array<ArrayBuffer> {
  return buffer instanceof Uint8Array && buffer.length > 0 &&
    buffer.buffer instanceof ArrayBuffer && !buffer.buffer.resizable;
}

function faultOf(buffer: unknown): string {
  if (!(buffer instanceof Uint8Array)) return `with at least one byte, got ${quote(buffer)}`;
  if (buffer.length > 0) return "of an ArrayBuffer that is neither resizable nor shared";
  return "with at least one byte, got an empty one; detached memory is empty, too";
}

/**
 * Copies bytes into the buffer of a protocol. The caller calls its `bufferUpdated` next.
 *
 * @param protocol The protocol.
 * @param bytes The bytes, at least one.
 * @returns The number of bytes that fit, at least one.
 * @throws {TypeError} If `getBuffer` does not return a usable buffer.
 * @throws {unknown} The error that `getBuffer` throws.
 */
export function fillBuffer(protocol: IBufferedProtocol, bytes: Uint8Array): number {
  const buffer = bufferOf(protocol, bytes.length);
  const part = bytes.length > buffer.length ? bytes.subarray(0, buffer.length) : bytes;
  buffer.set(part);
  return part.length;
}

/**
 * Creates the reason for losing a connection whose protocol has detached the buffer of a pending
 * read.
 *
 * @param size The number of bytes that were read.
 * @param address The address of the peer.
 * @returns The reason.
 */
export function readBufferSpoiled(size: number, address: string): ConnectionAborted {
  return new ConnectionAborted(
    `Connection to ${address} was aborted: the buffer that getBuffer() had returned was detached (transferred), with ${size} bytes in it; it belongs to the connection until bufferUpdated() is called`,
    { address },
  );
}
