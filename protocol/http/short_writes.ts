import type { ITransport } from "../../reactor/interfaces/mod.ts";
import { viewOf } from "../framing/byte_text.ts";
import { COPY_BELOW } from "../../reactor/stream/write_buffer.ts";

/** Texts of up to this length are written in one piece. Transports copy pieces of this size. */
const SIZE = COPY_BELOW - 1;
/** Text of up to this length is encoded faster without a call of the platform. */
const SHORT = 48;
const scratch = new Uint8Array(SIZE);
/** The head at the beginning of `scratch`. Many responses of a second have the same head. */
let lastHead = "";
const encoder = new TextEncoder();

/**
 * Writes a head, and a text after it whose characters must be in ASCII.
 *
 * @param transport The connection.
 * @param head The head. Each character is a byte: the values of fields are byte strings.
 * @param text The text.
 * @returns Whether it was written. It is not if the text is too long, or not in ASCII.
 */
export function writeShort(transport: ITransport, head: string, text: string): boolean {
  const size = head.length + text.length;
  if (size > SIZE) return false;
  if (head !== lastHead) {
    for (let i = 0; i < head.length; i++) scratch[i] = head.charCodeAt(i);
    lastHead = head;
  }
  if (!writeASCII(text, head.length)) return false;
  // The transport copies the bytes now, so the memory can be used again.
  transport.write(viewOf(scratch, 0, size));
  return true;
}

/** Writes a text to the scratch memory. Returns false if it is not in ASCII. */
function writeASCII(text: string, at: number): boolean {
  const { length } = text;
  if (length > SHORT) {
    const { read, written } = encoder.encodeInto(text, viewOf(scratch, at, SIZE));
    return read === length && written === length;
  }
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return false;
    scratch[at + i] = code;
  }
  return true;
}

/** Writes a head. */
export function writeHead(transport: ITransport, head: string): void {
  if (!writeShort(transport, head, "")) {
    transport.write(Uint8Array.from(head, (character) => character.charCodeAt(0)));
  }
}

/** Writes a piece of a body between two texts. */
export function writeFramed(
  transport: ITransport,
  before: string,
  bytes: Uint8Array,
  after: string,
): void {
  const size = before.length + bytes.length + after.length;
  if (size > SIZE) {
    transport.write(before);
    transport.write(bytes);
    transport.write(after);
    return;
  }
  lastHead = "";
  encoder.encodeInto(before, scratch);
  scratch.set(bytes, before.length);
  encoder.encodeInto(after, scratch.subarray(before.length + bytes.length));
  transport.write(scratch.subarray(0, size));
}
