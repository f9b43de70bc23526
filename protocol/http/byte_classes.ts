/**
 * The characters of HTTP, as classes of bytes (RFC 9110, section 5.6; RFC 9112; RFC 3986).
 *
 * @module
 */

/** A character of a token: a method, or the name of a field. */
export const TOKEN = 1;
/** A character of a field's value: visible, a space, a tab, or a byte above 127. */
export const VALUE = 2;
/** A character of a request target. */
export const TARGET = 4;
/** A character of a request target that `URL` would write otherwise. */
export const REWRITTEN = 8;
/** A hexadecimal digit. */
export const HEX = 16;

/** The classes of each byte, as the sum of the constants above. */
export const CLASSES: Uint8Array = classes();

function classes(): Uint8Array {
  const table = new Uint8Array(256);
  const add = (characters: string, kind: number): void => {
    for (let i = 0; i < characters.length; i++) {
      const code = characters.charCodeAt(i);
      table[code] = (table[code] ?? 0) | kind;
    }
  };
  const digits = "0123456789";
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  add(`!#$%&'*+-.^_\`|~${digits}${letters}`, TOKEN);
  for (let code = 0x20; code < 0x100; code++) {
    if (code !== 0x7f) add(String.fromCharCode(code), VALUE);
    // Browsers send characters such as "|" and "{", which RFC 3986 excludes, as they are. The
    // fragment is never sent.
    if (code > 0x20 && code < 0x7f && code !== 0x23) add(String.fromCharCode(code), TARGET);
  }
  add("\t", VALUE);
  add("\"'<>\\^`{|}", REWRITTEN);
  add(`${digits}ABCDEFabcdef`, HEX);
  return table;
}

/** Returns whether bytes are the characters of a text. */
export function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (bytes[start + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}
