/** ReceiveBuffer: its content, its cost in copied bytes, and the memory that it keeps. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ReceiveBuffer } from "./receive_buffer.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** Returns all complete pieces as text. */
function pieces(buffer: ReceiveBuffer, delimiter: Uint8Array): string[] {
  const taken: string[] = [];
  for (;;) {
    const length = buffer.lengthUntil(delimiter);
    if (length < 0) return taken;
    taken.push(text(buffer.take(length, delimiter.length)));
  }
}

/** Counts the bytes that `f` copies, and those that it searches. */
function cost(f: () => void): { copied: number; searched: number } {
  const { set, indexOf } = Uint8Array.prototype;
  const counts = { copied: 0, searched: 0 };
  Uint8Array.prototype.set = function (array, offset): void {
    counts.copied += array.length;
    set.call(this, array, offset);
  };
  Uint8Array.prototype.indexOf = function (element, from = 0): number {
    const at = indexOf.call(this, element, from);
    counts.searched += (at < 0 ? this.length : at) - from;
    return at;
  };
  try {
    f();
  } finally {
    Object.assign(Uint8Array.prototype, { set, indexOf });
  }
  return counts;
}

Deno.test("ReceiveBuffer returns the bytes that were added, split at delimiters, for any chunks", () => {
  const input = fc.stringMatching(/^[ab;]{0,60}$/);
  const delimiters = fc.constantFrom(";", "ab", "aab", "abab", ";;");
  fc.assert(
    fc.property(input, fc.array(fc.integer({ min: 1, max: 9 })), delimiters, (all, sizes, end) => {
      const buffer = new ReceiveBuffer();
      const taken: string[] = [];
      let start = 0;
      for (const size of [...sizes, all.length]) {
        buffer.append(bytes(all.slice(start, start + size)));
        start += size;
        taken.push(...pieces(buffer, bytes(end)));
        buffer.settle();
      }
      assertEquals([...taken, text(buffer.takeAll())], all.split(end));
      assertEquals(buffer.size, 0);
    }),
    { numRuns: 500 },
  );
});

Deno.test("ReceiveBuffer never writes to memory that it received or returned", () => {
  const buffer = new ReceiveBuffer();
  const chunk = bytes("one;two;thr");
  buffer.append(chunk);
  const taken = [buffer.take(3, 1), buffer.take(3, 1)];
  for (const byte of "ee;four;") {
    buffer.append(bytes(byte));
    const length = buffer.lengthUntil(bytes(";"));
    if (length >= 0) taken.push(buffer.take(length, 1));
    buffer.settle();
  }
  buffer.append(bytes("five"));
  assertEquals(taken.map(text), ["one", "two", "three", "four"]);
  assertEquals(text(chunk), "one;two;thr");
});

Deno.test("ReceiveBuffer.putBack() puts bytes in front of the content", () => {
  const buffer = new ReceiveBuffer();
  buffer.putBack(bytes("b;"));
  buffer.append(bytes("c"));
  assertEquals(buffer.lengthUntil(bytes(";")), 1);
  buffer.putBack(bytes("a"));
  assertEquals(buffer.lengthUntil(bytes(";")), 2);
  assertEquals(text(buffer.takeAll()), "ab;c");
});

Deno.test("ReceiveBuffer.searchAgain() finds a new delimiter in content already searched", () => {
  const buffer = new ReceiveBuffer();
  buffer.append(bytes("a,b"));
  assertEquals(buffer.lengthUntil(bytes(";")), -1);
  buffer.searchAgain();
  assertEquals(buffer.lengthUntil(bytes(",")), 1);
});

Deno.test("ReceiveBuffer copies and searches 256 KiB that arrive byte by byte in linear time", () => {
  const size = 1 << 18;
  const buffer = new ReceiveBuffer();
  const { copied, searched } = cost(() => {
    for (let i = 0; i < size; i++) {
      buffer.append(new Uint8Array([i]));
      buffer.lengthUntil(bytes("\r\n\r\n"));
      buffer.settle();
    }
  });
  assertEquals(buffer.size, size);
  assert(copied < 4 * size, `${copied} bytes were copied`);
  assert(searched < 8 * size, `${searched} bytes were searched`);
});

Deno.test("ReceiveBuffer copies a megabyte of lines that arrive in one chunk only once", () => {
  const line = "x".repeat(30) + "\n";
  const size = line.length * 33_000;
  const buffer = new ReceiveBuffer();
  buffer.append(bytes(line.repeat(33_000)));
  const { copied, searched } = cost(() => {
    while (buffer.size > 0) {
      buffer.take(buffer.lengthUntil(bytes("\n")), 1);
      buffer.settle();
    }
  });
  assert(copied < size, `${copied} bytes were copied`);
  assert(searched <= size, `${searched} bytes were searched`);
});

Deno.test("ReceiveBuffer.settle() does not keep large memory for a small rest", () => {
  const buffer = new ReceiveBuffer();
  for (let chunk = 0; chunk < 3; chunk++) {
    buffer.append(bytes("x".repeat(131_000) + ";rest"));
    buffer.take(buffer.lengthUntil(bytes(";")), 1);
    buffer.settle();
    const rest = buffer.takeAll();
    assertEquals([text(rest), rest.buffer.byteLength], ["rest", 64]);
    buffer.putBack(rest);
  }
  buffer.take(4, 0);
  buffer.settle();
  assertEquals(buffer.takeAll().buffer.byteLength, 0);
});
