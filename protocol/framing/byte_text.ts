// Byte order marks are kept: a string may begin with one.
const lenient = new TextDecoder("utf-8", { ignoreBOM: true });
const strict = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const encoder = new TextEncoder();

/** The character that replaces bytes that are not UTF-8. */
const REPLACEMENT = "\ufffd";

/** The greatest number of bytes that a loop converts faster than one call for all of them. */
const SHORT = 32;

/** The number of arguments of a call is limited, so long texts are converted in pieces. */
const MAX_PIECE = 4096;

/** Returns the text of a part of `bytes`. Bytes that are not UTF-8 become U+FFFD. */
export function textOfBytes(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > SHORT) return lenient.decode(viewOf(bytes, start, end));
  if (end - start === 2 && bytes[start] === 0x4f && bytes[start + 1] === 0x4b) return "OK";
  for (let i = start; i < end; i++) {
    if ((bytes[i] ?? 0) > 0x7f) return lenient.decode(viewOf(bytes, start, end));
  }
  return shortASCII(bytes, start, end);
}

/** Returns the text of bytes that are ASCII. Eight at a time take half as long as one by one. */
function shortASCII(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let i = start;
  const at = (offset: number): number => bytes[i + offset] ?? 0;
  for (; i + 8 <= end; i += 8) {
    text += String.fromCharCode(at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7));
  }
  for (; i < end; i++) text += String.fromCharCode(at(0));
  return text;
}

/** Returns a part of `bytes` as a view. It is what `subarray()` returns, in half the time. */
export function viewOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}

/** Returns the text of bytes that are UTF-8; `null` for others. */
export function exactText(bytes: Uint8Array): string | null {
  // The platform decodes up to ten times as fast if it may replace invalid bytes by U+FFFD. Text
  // without that character was valid; text with it is rare, and decoded again.
  const text = lenient.decode(bytes);
  if (!text.includes(REPLACEMENT)) return text;
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

/** Returns the bytes of a text, as UTF-8. */
export function bytesOfText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Returns bytes as a string, each byte as the character of its number (ISO 8859-1). */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  if (end - start <= SHORT) {
    for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] ?? 0);
    return text;
  }
  for (let at = start; at < end; at += MAX_PIECE) {
    const piece = bytes.subarray(at, Math.min(end, at + MAX_PIECE));
    text += Reflect.apply(String.fromCharCode, null, piece);
  }
  return text;
}
