import { assert, assertEquals, assertThrows } from "@std/assert";
import { zlibModule } from "../../reactor/drivers/node/builtin_modules.ts";
import { joined } from "../../testing/fixtures/websocket_frames.ts";
import { deflateMessage, inflateMessage } from "./message_deflate.ts";

const { deflateRawSync } = zlibModule();
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : new TextDecoder().decode(bytes);

/** The header of the block that each message ends with. Its other bytes are not sent. */
const EMPTY_BLOCK = Uint8Array.of(0);
/** A stream of no bytes, in one block that is marked as the last one. */
const EMPTY_STREAM = Uint8Array.of(3, 0);

/** Returns bytes that do not become shorter. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 1_103_515_245) + 12_345 >>> 0;
    return state >>> 16;
  });
}

Deno.test("inflateMessage() fails if the end of the payload is missing", () => {
  for (const text of ["Hello", "Hello ".repeat(20), "é😀".repeat(500)]) {
    const deflated = deflateMessage(bytesOf(text));
    assertEquals(textOf(inflateMessage(deflated, 10_000)), text);
    for (let length = 0; length < deflated.length; length++) {
      assertThrows(() => inflateMessage(deflated.slice(0, length), 10_000), Error);
    }
  }
  const stored = deflateMessage(noise(1000));
  for (const missing of [1, 2, 3, 6, 100, 999, 1000]) {
    assertThrows(() => inflateMessage(stored.slice(0, -missing), 10_000), Error);
  }
});

Deno.test("inflateMessage() inflates what follows a block that is marked as the last one", () => {
  const stream = (text: string): Uint8Array => deflateRawSync(bytesOf(text));
  const inflate = (...parts: Uint8Array[]): string | null =>
    textOf(inflateMessage(joined(parts), 1000));
  assertEquals(inflate(stream("Hello"), EMPTY_BLOCK), "Hello");
  assertEquals(inflate(stream("Hello"), deflateMessage(bytesOf(" world"))), "Hello world");
  assertEquals(inflate(stream("a"), stream(""), stream("b"), EMPTY_BLOCK), "ab");
  assertThrows(() => inflate(stream("Hello"), Uint8Array.of(0xff)), Error);
  assertThrows(() => inflate(stream("Hello")), Error);
  // The second stream refers to the first one, as the blocks of one message may.
  const options = { dictionary: bytesOf("Hello hello") };
  const further = new Uint8Array(deflateRawSync(bytesOf("Hello hello!"), options));
  assertEquals(inflate(stream("Hello hello"), further, EMPTY_BLOCK), "Hello helloHello hello!");
});

Deno.test("inflateMessage() limits the streams of a message, and their joined size", () => {
  const streams = (count: number, stream: Uint8Array): Uint8Array =>
    joined([...Array.from({ length: count }, () => stream), EMPTY_BLOCK]);
  assertEquals(inflateMessage(streams(63, EMPTY_STREAM), 10)?.length, 0);
  assertThrows(() => inflateMessage(streams(64, EMPTY_STREAM), 10), Error, "More than 64 streams");
  const kilobyte = new Uint8Array(deflateRawSync(new Uint8Array(1024)));
  assertEquals(inflateMessage(streams(10, kilobyte), 10_240)?.length, 10_240);
  assertEquals(inflateMessage(streams(10, kilobyte), 10_239), null);
  assertEquals(inflateMessage(streams(10, kilobyte), 9216), null);
});

Deno.test("inflateMessage() limits the size to the byte, also at the size of its memory", () => {
  for (const size of [0, 1, 1023, 1024, 16_383, 16_384, 16_385, 32_768, 1_048_576]) {
    const deflated = deflateMessage(new Uint8Array(size));
    assertEquals(inflateMessage(deflated, size)?.length, size);
    assertEquals(inflateMessage(deflated, Infinity)?.length, size);
    if (size > 0) assertEquals(inflateMessage(deflated, size - 1), null);
  }
});

Deno.test("inflateMessage() returns messages that keep little more memory than their bytes", () => {
  for (const size of [1, 5, 1000, 1025, 3000, 20_000, 40_000]) {
    const message = inflateMessage(deflateMessage(noise(size)), 100_000);
    assertEquals(message, noise(size));
    assert((message?.buffer.byteLength ?? Infinity) <= Math.max(8192, 2 * size), `${size}`);
  }
});

Deno.test("deflateMessage() leaves out the same end, whatever the size of the output", () => {
  const bytes = noise(65_600);
  for (const around of [16_384, 32_768, 65_535]) {
    for (let length = around - 24; length < around + 12; length++) {
      const data = bytes.subarray(0, length);
      const deflated = deflateMessage(data);
      assertEquals(deflated.at(-1), 0);
      assertEquals(inflateMessage(deflated, length)?.length, length);
    }
  }
});
