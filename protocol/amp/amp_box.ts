import { quote } from "../../internal/validation.ts";
import { TooLong } from "./errors.ts";
import { MAX_KEY_LENGTH, MAX_VALUE_LENGTH } from "./wire_names.ts";

const encoder = new TextEncoder();

/** The contents of a new box: by key, values as bytes, or as text that is encoded as UTF-8. */
export type BoxContents =
  | Readonly<Record<string, Uint8Array | string>>
  | Iterable<readonly [key: string, value: Uint8Array | string]>;

/** Sends boxes over a connection. Twisted's `IBoxSender`. */
export interface IBoxSender {
  /**
   * Sends a box.
   *
   * @param box The box.
   * @throws {ProtocolSwitched} when the connection has switched its protocol.
   * @throws {ConnectionLost} when the connection has been lost.
   */
  sendBox(box: AmpBox): void;
  /**
   * Reports an error that occurred while a box was handled, and that cannot be sent to the peer.
   *
   * @param error The error.
   */
  unhandledError(error: Error): void;
  /** Closes the connection when all boxes have been sent. */
  loseConnection(): void;
}

/**
 * A box: the message of AMP, which maps keys to values. Twisted's `AmpBox`.
 *
 * Keys are strings of at most 255 bytes of UTF-8, and values are at most 65535 bytes. Twisted's
 * keys are bytes. On the wire, the keys are in the order in which they were set; Twisted sorts
 * them. The protocol gives the order no meaning.
 *
 * @example
 * ```ts
 * import { AmpBox, parseString } from "@torsion/reactor/amp";
 *
 * const box = new AmpBox({ name: "Ada", photo: new Uint8Array([1, 2, 3]) });
 * console.log(parseString(box.serialize())); // [ the same box ]
 * ```
 */
export class AmpBox extends Map<string, Uint8Array> {
  /**
   * Creates a box.
   *
   * @param contents Its keys and values. By default, it is empty.
   */
  constructor(contents?: BoxContents) {
    super();
    if (contents === undefined) return;
    const entries = isIterable(contents) ? contents : Object.entries(contents);
    for (const [key, value] of entries) {
      this.set(key, typeof value === "string" ? encoder.encode(value) : value);
    }
  }

  /**
   * Returns the box in the wire format.
   *
   * @returns The bytes.
   * @throws {TooLong} when a key or value exceeds its maximum length.
   * @throws {TypeError} when a key is empty, or a value is not bytes.
   */
  serialize(): Uint8Array {
    let size = 2;
    for (const [key, value] of this) size += 4 + checkedKeyLength(key) + checkedLength(key, value);
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const [key, value] of this) {
      const valueAt = at + 2 + writeKey(bytes, at + 2, key);
      bytes[at + 1] = valueAt - at - 2; // A key has at most 255 bytes.
      bytes[valueAt] = value.length >> 8;
      bytes[valueAt + 1] = value.length & 0xff;
      bytes.set(value, valueAt + 2);
      at = valueAt + 2 + value.length;
    }
    return bytes;
  }

  /**
   * Sends the box. A subclass may then change the state of the connection.
   *
   * @param sender The connection.
   * @throws {Error} when the box cannot be sent; see {@linkcode IBoxSender.sendBox}.
   */
  sendTo(sender: IBoxSender): void {
    sender.sendBox(this);
  }
}

/** A box that closes the connection when it has been sent. Twisted's `QuitBox`. */
export class QuitBox extends AmpBox {
  /** Sends the box, and closes the connection. */
  override sendTo(sender: IBoxSender): void {
    super.sendTo(sender);
    sender.loseConnection();
  }
}

function isIterable(
  contents: BoxContents,
): contents is Iterable<readonly [string, Uint8Array | string]> {
  return Symbol.iterator in contents;
}

/** Returns the number of bytes of a key. */
function checkedKeyLength(key: string): number {
  let length = key.length;
  for (let i = 0; i < key.length; i++) {
    if (key.charCodeAt(i) > 0x7f) {
      length = encoder.encode(key).length;
      break;
    }
  }
  if (length === 0) throw new TypeError("Cannot send an AMP box: one of its keys is empty");
  if (length > MAX_KEY_LENGTH) {
    throw new TooLong(
      `Cannot send an AMP box: its key ${quote(key)} has ${length} bytes, ` +
        `and the maximum is ${MAX_KEY_LENGTH}`,
      { isKey: true, isLocal: true, length },
    );
  }
  return length;
}

/** Returns the number of bytes of a value. */
function checkedLength(key: string, value: Uint8Array): number {
  if (!(value instanceof Uint8Array)) {
    throw new TypeError(
      `Cannot send an AMP box: the value of ${quote(key)} must be a Uint8Array, got ${
        quote(value)
      }`,
    );
  }
  const { length } = value;
  if (length > MAX_VALUE_LENGTH) {
    throw new TooLong(
      `Cannot send an AMP box: the value of ${quote(key)} has ${length} bytes, ` +
        `and the maximum is ${MAX_VALUE_LENGTH}`,
      { isKey: false, isLocal: true, length, keyName: key },
    );
  }
  return length;
}

/** Writes a key. Returns the number of its bytes. */
function writeKey(bytes: Uint8Array, at: number, key: string): number {
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    if (code > 0x7f) return encoder.encodeInto(key, bytes.subarray(at)).written;
    bytes[at + i] = code;
  }
  return key.length;
}
