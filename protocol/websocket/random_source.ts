import { atOnce } from "../../defer/guarded_call.ts";

/**
 * Fills memory with random bytes. A client uses them for masking keys and in its handshake: they
 * must be unpredictable (RFC 6455, section 5.3). A simulated host has its own function, with which
 * a run can be repeated.
 */
export type RandomSource = (bytes: Uint8Array<ArrayBuffer>) => unknown;

/** The random numbers of the platform. */
export function platformRandom(bytes: Uint8Array<ArrayBuffer>): void {
  crypto.getRandomValues(bytes);
}

/**
 * Fills memory by a source, which must not be asynchronous.
 *
 * @throws {TypeError} when it returns a promise.
 */
export function fillRandom(source: RandomSource, bytes: Uint8Array<ArrayBuffer>): void {
  atOnce("getRandomValues()", source(bytes), "Error while calling getRandomValues");
}
