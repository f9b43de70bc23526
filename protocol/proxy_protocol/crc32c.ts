// The polynomial of CRC-32C (Castagnoli), with its bits reversed: RFC 4960, appendix B.
const POLYNOMIAL = 0x82f63b78;

// Filled at the first use, so that an import does no work.
let table: Uint32Array | null = null;

function makeTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? value >>> 1 ^ POLYNOMIAL : value >>> 1;
    return value;
  });
}

/**
 * Returns the CRC-32C of bytes.
 *
 * @param bytes The bytes.
 * @returns An unsigned integer of 32 bits.
 */
export function crc32c(bytes: Uint8Array): number {
  table ??= makeTable();
  let value = 0xffffffff;
  for (const byte of bytes) value = (table[(value ^ byte) & 0xff] ?? 0) ^ value >>> 8;
  return ~value >>> 0;
}
