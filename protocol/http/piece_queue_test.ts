import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PieceQueue } from "./piece_queue.ts";

/** Returns all bytes of a queue, taken out one after the other, and the number of pieces. */
function drain(queue: PieceQueue): { bytes: number[]; pieces: number } {
  const bytes: number[] = [];
  let pieces = 0;
  for (; queue.size > 0; pieces++) bytes.push(...queue.take());
  return { bytes, pieces };
}

Deno.test("PieceQueue returns the bytes in their order, whatever their pieces", () => {
  const pieces = fc.array(fc.tuple(fc.constantFrom(1, 3, 1023, 1024, 5000), fc.boolean()));
  fc.assert(
    fc.property(pieces, (sizes) => {
      const queue = new PieceQueue();
      const pushed: number[] = [];
      const taken: number[] = [];
      sizes.forEach(([size, takes], i) => {
        queue.push(new Uint8Array(size).fill(i));
        pushed.push(...new Array<number>(size).fill(i % 256));
        if (takes) taken.push(...queue.take());
      });
      assertEquals(queue.size, pushed.length - taken.length);
      taken.push(...sizes.length % 2 === 0 ? queue.takeAll() : drain(queue).bytes);
      assertEquals(queue.size, 0);
      assertEquals(taken, pushed);
    }),
    { numRuns: 50, seed: 20_260_101 },
  );
});

Deno.test("PieceQueue keeps small pieces together, so that they take little memory", () => {
  const queue = new PieceQueue();
  for (let i = 0; i < 10_000; i++) queue.push(new Uint8Array([i]));
  assertEquals(drain(queue).pieces, 4);
});

Deno.test("PieceQueue.take() returns memory that no one else uses", () => {
  const queue = new PieceQueue();
  const memory = new Uint8Array(8);
  queue.push(memory);
  queue.take().fill(1);
  queue.push(memory.subarray(2, 4));
  const taken = queue.take();
  structuredClone(taken, { transfer: [taken.buffer] });
  assertEquals([taken.length, memory.length, memory[2]], [0, 8, 0]);
});
