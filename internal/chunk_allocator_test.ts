import { assertEquals } from "@std/assert";
import { ChunkAllocator, LARGEST_PIECE } from "./chunk_allocator.ts";

Deno.test("ChunkAllocator.copy() returns bytes that no later copy changes", () => {
  const chunks = new ChunkAllocator();
  const source = new Uint8Array(100);
  const copies = Array.from({ length: 1000 }, (_, i) => {
    source.fill(i % 251);
    return chunks.copy(source, i % 101);
  });
  source.fill(255);
  for (const [i, copy] of copies.entries()) {
    assertEquals(copy, new Uint8Array(i % 101).fill(i % 251));
  }
});

Deno.test("ChunkAllocator.copy() puts small pieces into blocks of 16 KiB, and others in none", () => {
  const chunks = new ChunkAllocator();
  const source = new Uint8Array(2 * LARGEST_PIECE);
  const pieces = Array.from({ length: 5 }, () => chunks.copy(source, LARGEST_PIECE).buffer);
  assertEquals(pieces.map(({ byteLength }) => byteLength), Array(5).fill(16384));
  assertEquals(new Set(pieces).size, 2);
  const large = chunks.copy(source, LARGEST_PIECE + 1);
  assertEquals([large.length, large.buffer.byteLength], [LARGEST_PIECE + 1, LARGEST_PIECE + 1]);
});
