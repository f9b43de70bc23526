/**
 * A writer of DER, for what no library makes.
 *
 * @module
 */

/** One element. Its contents are at most 65535 bytes. */
export function element(tag: number, ...inner: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = inner.reduce((sum, { length }) => sum + length, 0);
  const header = length < 128
    ? [tag, length]
    : length < 256
    ? [tag, 0x81, length]
    : [tag, 0x82, length >> 8, length & 255];
  const all = new Uint8Array(header.length + length);
  all.set(header);
  let filled = header.length;
  for (const each of inner) {
    all.set(each, filled);
    filled += each.length;
  }
  return all;
}
