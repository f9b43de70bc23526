/** ReceiveBuffer: its content, its cost in copied bytes, and the memory that it keeps. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { byteCost } from "../../testing/fixtures/byte_cost.ts";
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
  const { copied, searched } = byteCost(() => {
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
  const { copied, searched } = byteCost(() => {
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

Deno.test("ReceiveBuffer.offset counts the bytes that were taken out, whatever the operation", () => {
  const operations = fc.array(fc.oneof(
    fc.record({ append: fc.integer({ min: 0, max: 200 }) }),
    fc.record({ take: fc.integer({ min: 0, max: 20 }), drop: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ skip: fc.integer({ min: 0, max: 20 }) }),
    fc.constant({ settle: true }),
    fc.constant({ putBack: true }),
  ));
  fc.assert(fc.property(operations, (steps) => {
    const buffer = new ReceiveBuffer();
    let [appended, taken] = [0, 0];
    for (const step of steps) {
      if ("append" in step) {
        buffer.append(Uint8Array.from({ length: step.append }, () => appended++ % 251));
      } else if ("take" in step) {
        if (step.take + step.drop > buffer.size) continue;
        const bytes = buffer.take(step.take, step.drop);
        assertEquals([...bytes], Array.from(bytes, (_, i) => (taken + i) % 251));
        taken += step.take + step.drop;
      } else if ("skip" in step) {
        if (step.skip > buffer.size) continue;
        buffer.skip(step.skip);
        taken += step.skip;
      } else if ("settle" in step) buffer.settle();
      else buffer.putBack(buffer.takeAll());
      assertEquals([buffer.offset, buffer.size], [taken, appended - taken]);
      if (buffer.size > 0) assertEquals(buffer.byteAt(buffer.size - 1), (appended - 1) % 251);
    }
  }));
});

Deno.test("ReceiveBuffer.peek() returns bytes and leaves them in the buffer", () => {
  const buffer = new ReceiveBuffer();
  buffer.append(bytes("xabc"));
  buffer.skip(1);
  assertEquals(text(buffer.peek(1, 3)), "bc");
  assertEquals(buffer.size, 3);
});

Deno.test("ReceiveBuffer.expect() limits the memory of a long frame to its size", () => {
  const chunk = new Uint8Array(65536);
  for (const frame of [1_000_000, 100_000]) {
    const buffer = new ReceiveBuffer();
    buffer.append(chunk.subarray(0, 100));
    buffer.expect(frame);
    let { size } = buffer;
    const { copied } = byteCost(() => {
      for (; size < frame; size += chunk.length) {
        buffer.append(chunk.subarray(0, Math.min(chunk.length, frame - size)));
        buffer.settle();
      }
    });
    assertEquals(buffer.take(frame).buffer.byteLength, frame);
    assert(copied < 3 * frame, `${copied} bytes were copied`);
  }
});

Deno.test("ReceiveBuffer.expect() does not allocate memory before bytes arrive", () => {
  const buffer = new ReceiveBuffer();
  buffer.append(new Uint8Array(4));
  buffer.expect(1_000_000_000);
  for (let i = 0; i < 100; i++) buffer.append(new Uint8Array(10));
  assert(buffer.takeAll().buffer.byteLength < 4096);
});

Deno.test("ReceiveBuffer copies in linear time even if more arrives than was expected", () => {
  const buffer = new ReceiveBuffer();
  buffer.append(new Uint8Array(1));
  buffer.expect(10);
  const { copied } = byteCost(() => {
    for (let i = 0; i < 100_000; i++) buffer.append(new Uint8Array(1));
  });
  assert(copied < 400_000, `${copied} bytes were copied`);
});

Deno.test("ReceiveBuffer throws a RangeError for more bytes than it contains", () => {
  const buffer = new ReceiveBuffer();
  buffer.append(bytes("ab"));
  buffer.append(bytes("cd"));
  buffer.skip(1);
  const wrong: [name: string, call: () => unknown][] = [
    ["read the byte at index 3", () => buffer.byteAt(3)],
    ["read the bytes before index 4", () => buffer.peek(0, 4)],
    ["take out the bytes before index 4", () => buffer.take(4)],
    ["take out the bytes before index 5", () => buffer.take(2, 3)],
    ["remove the bytes before index 4", () => buffer.skip(4)],
  ];
  for (const [name, call] of wrong) {
    assertThrows(call, RangeError, `Cannot ${name}: the buffer contains 3 bytes`);
  }
  assertThrows(() => buffer.lengthUntil(bytes("")), RangeError, "empty delimiter");
  assertEquals(text(buffer.takeAll()), "bcd");
});
