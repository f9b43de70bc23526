import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { COPY_BELOW, WriteBuffer } from "./write_buffer.ts";

/**
 * Sends everything, at most `most` bytes at a time.
 *
 * @returns The sent bytes and the number of writes.
 */
function drain(buffer: WriteBuffer, most = Infinity): { text: string; writes: number } {
  const decoder = new TextDecoder();
  let text = "";
  let writes = 0;
  while (buffer.size > 0) {
    const head = buffer.head();
    const count = Math.min(head.length, most);
    text += decoder.decode(head.subarray(0, count), { stream: true });
    buffer.consume(count);
    writes++;
  }
  return { text: text + decoder.decode(), writes };
}

Deno.test("WriteBuffer joins small writes", () => {
  const buffer = WriteBuffer.take();
  for (let i = 0; i < 100; i++) buffer.push("12345");
  buffer.push(new TextEncoder().encode("end"));
  assertEquals(buffer.size, 503);
  assertEquals(drain(buffer), { text: "12345".repeat(100) + "end", writes: 1 });
  assertEquals(buffer.size, 0);
  buffer.release();
});

Deno.test("WriteBuffer joins the small writes of several buffers separately", () => {
  const buffers = Array.from({ length: 50 }, () => WriteBuffer.take());
  for (let i = 0; i < 20; i++) {
    for (const [j, buffer] of buffers.entries()) buffer.push(`${j},`);
  }
  for (const [j, buffer] of buffers.entries()) {
    assertEquals(drain(buffer), { text: `${j},`.repeat(20), writes: 1 });
    buffer.release();
  }
});

Deno.test("WriteBuffer keeps large writes by reference and copies small ones", () => {
  const buffer = WriteBuffer.take();
  const large = new Uint8Array(COPY_BELOW).fill(0x61);
  buffer.push(large);
  assertStrictEquals(buffer.head(), large);
  buffer.consume(COPY_BELOW);
  const small = new Uint8Array(COPY_BELOW - 1).fill(0x61);
  buffer.push(small);
  small.fill(0x62);
  assertEquals(drain(buffer).text, "a".repeat(COPY_BELOW - 1));
  buffer.release();
});

Deno.test("WriteBuffer joins a small write with the large one behind it up to 32 KiB", () => {
  const buffer = WriteBuffer.take();
  for (const [large, writes] of [[COPY_BELOW, 1], [32_764, 1], [32_765, 2]] as const) {
    buffer.push("head");
    buffer.push(new Uint8Array(large).fill(0x61));
    assertEquals(drain(buffer), { text: "head" + "a".repeat(large), writes });
  }
  buffer.release();
});

Deno.test("WriteBuffer.consume() returns flushed() of a large write that is joined with a head", () => {
  const buffer = new WriteBuffer();
  const flushed = (): void => {};
  buffer.push("head");
  buffer.push(new Uint8Array(COPY_BELOW), { flushed });
  assertEquals(buffer.head().length, COPY_BELOW + 4);
  assertEquals(buffer.consume(COPY_BELOW + 2), null);
  assertEquals(buffer.consume(2), flushed);
});

Deno.test("WriteBuffer joins no write whose flushed() would be another one's", () => {
  const buffer = new WriteBuffer();
  const [first, second] = [(): void => {}, (): void => {}];
  buffer.push(new Uint8Array(COPY_BELOW), { flushed: first });
  buffer.push(new Uint8Array(COPY_BELOW), { flushed: second });
  buffer.consume(COPY_BELOW - 2);
  assertEquals(buffer.head().length, 2);
  assertEquals(buffer.consume(2), first);
  buffer.head();
  assertEquals(buffer.consume(COPY_BELOW), second);
});

Deno.test("WriteBuffer keeps the order of small and large writes", () => {
  const buffer = WriteBuffer.take();
  let expected = "";
  for (let i = 0; i < 100; i++) {
    const text = String.fromCharCode(0x61 + i % 26).repeat(i % 3 === 0 ? COPY_BELOW + i : i);
    expected += text;
    buffer.push(text);
  }
  assertEquals(drain(buffer, 1000).text, expected);
  buffer.release();
});

Deno.test("WriteBuffer encodes strings of any length as UTF-8", () => {
  const buffer = WriteBuffer.take();
  for (const length of [1, 10, 1364, 1365, 1366, 4095, 4096, 10_000]) {
    for (const letter of ["a", "ä", "€"]) {
      buffer.push(letter.repeat(length));
      assertEquals(buffer.size, new TextEncoder().encode(letter).length * length);
      assertEquals(drain(buffer).text, letter.repeat(length));
    }
  }
  buffer.push("\ud800"); // half of a pair has no UTF-8
  assertEquals(drain(buffer).text, "\ufffd");
  buffer.release();
});

Deno.test("WriteBuffer.head() and consume() throw for more than the buffered bytes", () => {
  const buffer = WriteBuffer.take();
  assertThrows(() => buffer.head(), Error, "Cannot take bytes from an empty write buffer");
  buffer.push("abc");
  buffer.head();
  assertThrows(
    () => buffer.consume(4),
    Error,
    "Cannot consume 4 bytes of the write buffer: its first chunk has 3",
  );
  buffer.consume(3);
  assertThrows(
    () => buffer.consume(1),
    Error,
    "Cannot consume 1 bytes of the write buffer: its first chunk has 0",
  );
  buffer.release();
});

Deno.test("WriteBuffer sends a million pieces in linear time", () => {
  const buffer = WriteBuffer.take();
  const piece = new Uint8Array(COPY_BELOW);
  const count = 1_000_000;
  for (let i = 0; i < count; i++) buffer.push(piece);
  assertEquals(buffer.size, count * COPY_BELOW);
  // Moving the rest at every 32nd piece would take minutes.
  while (buffer.size > 0) buffer.consume(buffer.head().length);
  buffer.release();
});

/** An action of the test on its buffers. */
type Step =
  | { do: "push"; buffer: number; size: number }
  | { do: "string"; buffer: number; size: number }
  | { do: "send"; buffer: number }
  | { do: "sent"; buffer: number; share: number }
  | { do: "drop"; buffer: number };

/** A piece that is being sent, and a copy of it. */
interface Sending {
  head: Uint8Array;
  copy: Uint8Array;
}

/** A buffer, the bytes that it should hold, and the piece that is being sent. */
interface Modelled {
  buffer: WriteBuffer;
  bytes: number[];
  sending: Sending | null;
}

Deno.test("WriteBuffer sends its own bytes unchanged, in any order of writes on several buffers", () => {
  const index = fc.integer({ min: 0, max: 3 });
  const size = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 200 }) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 2 * COPY_BELOW }) },
    { weight: 1, arbitrary: fc.integer({ min: 10_000, max: 100_000 }) },
  );
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ do: fc.constantFrom("push" as const, "string" as const), buffer: index, size }),
    fc.record({ do: fc.constant("send" as const), buffer: index }),
    fc.record({
      do: fc.constant("sent" as const),
      buffer: index,
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const), buffer: index }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: "max" }), (steps) => {
      let next = 0;
      const orphans: Sending[] = [];
      const models: Modelled[] = Array.from({ length: 4 }, fresh);
      for (const step of steps) {
        const model = models[step.buffer] ?? fresh();
        if (step.do === "push" || step.do === "string") {
          const byte = next++ % 128;
          for (let i = 0; i < step.size; i++) model.bytes.push(byte);
          if (step.do === "string") {
            model.buffer.push(String.fromCharCode(byte).repeat(step.size));
          } else model.buffer.push(new Uint8Array(step.size).fill(byte));
        } else if (step.do === "send") {
          send(model);
        } else if (step.do === "sent") {
          sent(model, step.share);
        } else {
          // As on a lost connection: the piece that is being sent must not change.
          if (model.sending !== null) orphans.push(model.sending);
          else model.buffer.release();
          models[step.buffer] = fresh();
        }
        assertEquals(model.buffer.size, model.bytes.length);
      }
      for (const model of models) {
        sent(model, 1);
        while (model.bytes.length > 0) {
          send(model);
          sent(model, 1);
        }
        assertEquals(model.buffer.size, 0);
        model.buffer.release();
      }
      for (const { head, copy } of orphans) assertEquals(head, copy);
    }),
    { seed: 1, numRuns: 300 },
  );

  function fresh(): Modelled {
    return { buffer: WriteBuffer.take(), bytes: [], sending: null };
  }

  function send(model: Modelled): void {
    if (model.sending !== null || model.bytes.length === 0) return;
    const head = model.buffer.head();
    assert(head.length > 0);
    model.sending = { head, copy: head.slice() };
  }

  function sent(model: Modelled, share: number): void {
    const { sending } = model;
    if (sending === null) return;
    model.sending = null;
    const { head, copy } = sending;
    const same = head.every((byte, i) => byte === copy[i] && byte === model.bytes[i]);
    assert(same, "the bytes that were being sent have changed, or are others");
    const count = Math.max(1, Math.floor(share * head.length));
    model.bytes.splice(0, count);
    model.buffer.consume(count);
  }
});

Deno.test("WriteBuffer frees a whole transferred buffer after it has been sent", () => {
  const buffer = new WriteBuffer();
  const kept = new Uint8Array(COPY_BELOW);
  const given = new Uint8Array(COPY_BELOW * 2);
  const part = new Uint8Array(COPY_BELOW + 1).subarray(1);
  const shared = new Uint8Array(new SharedArrayBuffer(COPY_BELOW));
  buffer.push(kept);
  for (const bytes of [given, part, shared]) buffer.push(bytes, { transfer: true });
  buffer.consume(buffer.head().length);
  buffer.consume(1);
  assertEquals(given.length, COPY_BELOW * 2);
  buffer.consume(buffer.head().length);
  assertEquals(given.length, 0);
  while (buffer.size > 0) buffer.consume(buffer.head().length);
  assertEquals([kept, part, shared].map(({ length }) => length), Array(3).fill(COPY_BELOW));
});

Deno.test("WriteBuffer copies the small rest of a transferred buffer and frees the buffer", () => {
  const buffer = new WriteBuffer();
  const given = new Uint8Array(COPY_BELOW).fill(0x61);
  buffer.push(given, { transfer: true });
  buffer.push("b");
  buffer.consume(COPY_BELOW - 2);
  assertEquals(drain(buffer), { text: "aab", writes: 1 });
  assertEquals(given.length, 0);
});

Deno.test("WriteBuffer copies a small write, transferred or not", () => {
  const buffer = new WriteBuffer();
  const given = new Uint8Array(10);
  buffer.push(given, { transfer: true });
  buffer.consume(buffer.head().length);
  assertEquals(given.length, 10);
});

Deno.test("WriteBuffer reports when small writes have been sent that are transferred", () => {
  const buffer = new WriteBuffer();
  const sent: string[] = [];
  const given = [1, 2].map((size) => new Uint8Array(size).fill(0x61));
  buffer.push("before");
  for (const bytes of given) {
    const flushed = (): void => void sent.push(`${bytes.length} of a`);
    assertEquals(buffer.push(bytes, { transfer: true, flushed }), null);
    buffer.push("bc");
  }
  const heads: number[] = [];
  while (buffer.size > 0) {
    heads.push(buffer.head().length);
    buffer.consume(buffer.head().length)?.();
  }
  assertEquals([heads, sent], [[9, 4], ["0 of a", "0 of a"]]);
});

Deno.test("WriteBuffer sends no zeros for small transferred bytes that the caller has detached", () => {
  const buffer = new WriteBuffer();
  const given = Uint8Array.of(1, 2);
  buffer.push("before");
  buffer.push(given, { transfer: true, flushed: () => {} });
  detach(given);
  assertEquals([buffer.spoiled, buffer.head().length], [0, 6]);
  buffer.consume(6);
  assertEquals(buffer.spoiled, 2);
});

/** Detaches the buffer of the bytes, as `postMessage` does. */
function detach({ buffer }: Uint8Array): void {
  structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
}

/** Sends everything. */
function sendAll(buffer: WriteBuffer): void {
  while (buffer.size > 0) buffer.consume(buffer.head().length);
}

Deno.test("WriteBuffer.spoiled is the number of detached bytes at the head only", () => {
  const buffer = new WriteBuffer();
  const [first, second] = [new Uint8Array(COPY_BELOW), new Uint8Array(COPY_BELOW)];
  buffer.push(first);
  buffer.push(second);
  detach(second);
  assertEquals(buffer.spoiled, 0);
  buffer.consume(buffer.head().length);
  assertEquals([buffer.spoiled, buffer.size], [COPY_BELOW, COPY_BELOW]);
});

Deno.test("WriteBuffer.spoiled is set while the head is being sent, and after a part of it", () => {
  const buffer = new WriteBuffer();
  const bytes = new Uint8Array(COPY_BELOW);
  buffer.push(bytes);
  buffer.push("behind");
  buffer.consume(buffer.head().subarray(0, 4000).length);
  detach(bytes);
  assertEquals([buffer.spoiled, buffer.size], [COPY_BELOW - 4000, COPY_BELOW - 4000 + 6]);
});

Deno.test("WriteBuffer.head() joins no chunk whose memory is detached", () => {
  const buffer = new WriteBuffer();
  const bytes = new Uint8Array(COPY_BELOW);
  buffer.push(bytes);
  buffer.consume(buffer.head().subarray(0, 4000).length);
  buffer.push("behind");
  const rest = new Uint8Array(COPY_BELOW);
  buffer.push(rest);
  detach(rest);
  assertEquals(buffer.head().length, COPY_BELOW - 4000 + 6);
  detach(bytes);
  assertEquals(buffer.spoiled, 0);
  buffer.consume(buffer.head().length);
  assertEquals(buffer.spoiled, COPY_BELOW);
});

Deno.test("WriteBuffer.push() keeps the length of a view although its resizable buffer grows", () => {
  const buffer = new WriteBuffer();
  const growing = new ArrayBuffer(COPY_BELOW, { maxByteLength: 2 * COPY_BELOW });
  buffer.push(new Uint8Array(growing));
  growing.resize(2 * COPY_BELOW);
  assertEquals([buffer.spoiled, buffer.head().length], [0, COPY_BELOW]);
});

Deno.test("WriteBuffer frees a transferred buffer after all write buffers have sent it", () => {
  const bytes = new Uint8Array(COPY_BELOW);
  const buffers = [new WriteBuffer(), new WriteBuffer(), new WriteBuffer()];
  for (const [i, buffer] of buffers.entries()) buffer.push(bytes, { transfer: i === 1 });
  for (const buffer of buffers) {
    assertEquals([bytes.length, buffer.spoiled], [COPY_BELOW, 0]);
    sendAll(buffer);
  }
  assertEquals(bytes.length, 0);
});

Deno.test("WriteBuffer does not free memory that a dropped write buffer still references", () => {
  const bytes = new Uint8Array(COPY_BELOW);
  const [dropped, other] = [new WriteBuffer(), new WriteBuffer()];
  dropped.push(bytes);
  other.push(bytes, { transfer: true });
  const head = dropped.head();
  dropped.release();
  sendAll(other);
  assertEquals(head.length, COPY_BELOW);
});

Deno.test("WriteBuffer never detaches the memory of a WebAssembly module", () => {
  const buffer = new WriteBuffer();
  const memory = new WebAssembly.Memory({ initial: 1 });
  buffer.push(new Uint8Array(memory.buffer), { transfer: true });
  sendAll(buffer);
  assertEquals(memory.buffer.byteLength, 65536);
});

Deno.test("WriteBuffer.consume() returns flushed() although the last bytes are joined with others", () => {
  const buffer = new WriteBuffer();
  const flushed = (): void => {};
  buffer.push(new Uint8Array(COPY_BELOW), { flushed });
  buffer.push("behind");
  assertEquals(buffer.head().length, COPY_BELOW);
  assertEquals(buffer.consume(COPY_BELOW - 2), null);
  assertEquals(buffer.head().length, 8);
  assertEquals(buffer.consume(8), flushed);
});

Deno.test("WriteBuffer.consume() returns each flushed() once, after its bytes, with any partial writes", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 3 * COPY_BELOW }), { maxLength: 12 });
  const counts = fc.array(fc.integer({ min: 1, max: 2 * COPY_BELOW }), { minLength: 1 });
  fc.assert(fc.property(sizes, counts, (sizes, counts) => {
    const buffer = new WriteBuffer();
    const ends: number[] = [];
    const calls: number[] = [];
    let written = 0;
    for (const size of sizes) {
      const end = written += size;
      const isLarge = size >= COPY_BELOW;
      const copied = buffer.push(new Uint8Array(size), { flushed: () => calls.push(end) });
      assertEquals(copied === null, isLarge);
      if (isLarge) ends.push(end);
    }
    for (let sent = 0, i = 0; sent < written; i++) {
      const count = Math.min(counts[i % counts.length] ?? 1, buffer.head().length);
      buffer.consume(count)?.();
      sent += count;
      for (const end of calls) assert(end <= sent, `${end} bytes were flushed after ${sent}`);
    }
    assertEquals(calls, ends);
  }));
});
