const encoder = new TextEncoder();

/** The escapes of control characters that have a name. */
const NAMED: Readonly<Record<number, string>> = { 9: "\\t", 10: "\\n", 13: "\\r" };

/** The characters of `"` and `\`, which are escaped. */
const ESCAPED = [0x22, 0x5c];

/** The texts of all bytes. */
const TEXTS: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (ESCAPED.includes(byte)) return `\\${character}`;
  if (byte >= 0x20 && byte < 0x7f) return character;
  return NAMED[byte] ?? `\\x${byte.toString(16).padStart(2, "0")}`;
});

/** The text at the end of data that was shortened, as in Twisted. */
const ELIDED = "<... elided>";

/**
 * Returns data as a text on one line, for a log: `"GET / HTTP/1.1\r\n\xff"`.
 *
 * @param data The data. A string counts as UTF-8.
 * @param lengthLimit The number of bytes and characters to show; the rest is elided.
 * @returns The text, in quotation marks.
 */
export function bytesText(data: Uint8Array | string, lengthLimit = Infinity): string {
  const bytes = typeof data === "string" ? encoder.encode(data) : data;
  const isShortened = bytes.length > lengthLimit;
  const shown = isShortened ? Math.max(0, lengthLimit - ELIDED.length) : bytes.length;
  const text = Array.from(bytes.subarray(0, shown), (byte) => TEXTS[byte]).join("");
  return `"${text}${isShortened ? ELIDED : ""}"`;
}
