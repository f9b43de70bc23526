import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { ReadBuffer } from "./read_buffer.ts";

/** Fills the first `count` bytes of the space, as a read does, and takes them. */
function read(buffer: ReadBuffer, count: number, value = 1): Uint8Array {
  buffer.space.fill(value, 0, count);
  return buffer.take(count);
}

/** Reads that fill their buffer until it stops growing, as in the middle of a large transfer. */
function growAll(buffer: ReadBuffer): void {
  for (let size = 0; size < buffer.space.length;) {
    size = buffer.space.length;
    read(buffer, size);
  }
}

Deno.test("ReadBuffer starts with a buffer of 256 bytes", () => {
  const buffer = new ReadBuffer();
  assertEquals(buffer.space.length, 256);
  buffer.release();
});

Deno.test("ReadBuffer.take() returns memory that is never written again", () => {
  const buffer = new ReadBuffer();
  const chunks = [10, 256, 1024, 3000, 4096, 5000, 16384, 65536, 7, 262144, 9].map((count, i) => {
    while (buffer.space.length < count) read(buffer, buffer.space.length, 255);
    return read(buffer, count, i);
  });
  for (const [i, chunk] of chunks.entries()) {
    assert(chunk.every((byte) => byte === i), `chunk ${i}`);
  }
  buffer.release();
});

Deno.test("ReadBuffer quadruples its size after a read that filled it, up to 256 KiB", () => {
  const buffer = new ReadBuffer();
  const sizes: number[] = [];
  for (let i = 0; i < 7; i++) {
    sizes.push(buffer.space.length);
    read(buffer, buffer.space.length);
  }
  assertEquals(sizes, [256, 1024, 4096, 16384, 65536, 262144, 262144]);
  buffer.release();
});

Deno.test("ReadBuffer resizes to hold twice the bytes of a read that did not fill it", () => {
  const buffer = new ReadBuffer();
  read(buffer, 200);
  assertEquals(buffer.space.length, 512);
  read(buffer, 100);
  assertEquals(buffer.space.length, 512);
  read(buffer, 500);
  assertEquals(buffer.space.length, 1024);
  buffer.release();
});

Deno.test("ReadBuffer reuses its memory while messages keep their size", () => {
  const buffer = new ReadBuffer();
  read(buffer, 200);
  const { space } = buffer;
  for (let i = 0; i < 100; i++) read(buffer, 200);
  assertStrictEquals(buffer.space, space);
  buffer.release();
});

Deno.test("ReadBuffer shrinks when small messages follow a transfer", () => {
  const buffer = new ReadBuffer();
  growAll(buffer);
  read(buffer, 100);
  assertEquals(buffer.space.length, 256);
  buffer.release();
});

Deno.test("ReadBuffer lets 32 idle connections keep a large buffer, and reuses a released one", () => {
  const buffers = Array.from({ length: 40 }, () => new ReadBuffer());
  for (const buffer of buffers) {
    growAll(buffer);
    read(buffer, 100_000);
  }
  const large = (): number => buffers.filter(({ space }) => space.length > 4096).length;
  assertEquals(large(), 32);
  assertEquals(buffers[39]?.space.length, 4096);

  buffers[0]?.release();
  const last = buffers[39] ?? new ReadBuffer();
  growAll(last);
  read(last, 100_000);
  assertEquals(last.space.length, 262144);
  for (const buffer of buffers.slice(1)) buffer.release();
});

Deno.test("ReadBuffer shares no memory between two connections that wait for data", () => {
  const first = new ReadBuffer();
  const second = new ReadBuffer();
  first.space.fill(1);
  second.space.fill(2);
  assert(first.space.every((byte) => byte === 1));
  first.release();
  second.release();

  const third = new ReadBuffer();
  const fourth = new ReadBuffer();
  assert(third.space !== fourth.space && third.space.length === 256 && fourth.space.length === 256);
  third.release();
  fourth.release();
});

Deno.test("ReadBuffer.sizeHint does not fall below 256 bytes when a protocol fills a small buffer", () => {
  const buffer = new ReadBuffer();
  buffer.filled(1, 1);
  assertEquals(buffer.sizeHint, 256);
  buffer.filled(1000, 1000);
  assertEquals(buffer.sizeHint, 4000);
  buffer.filled(2, 2);
  assertEquals(buffer.sizeHint, 4000);
  buffer.release();
});
