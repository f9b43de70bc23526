import { assertEquals } from "@std/assert";
import { Fifo } from "./fifo.ts";

Deno.test("Fifo.shift() returns items in the order of push()", () => {
  const fifo = new Fifo<number>();
  const out: number[] = [];
  let next = 0;
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < round % 7; i++) fifo.push(next++);
    for (let i = 0; i < round % 5 && fifo.length > 0; i++) out.push(fifo.shift());
    assertEquals([...out, ...fifo.list()], Array.from({ length: next }, (_, i) => i));
  }
});

Deno.test("Fifo.first is the item that shift() returns next", () => {
  const fifo = new Fifo<string>();
  assertEquals(fifo.first, undefined);
  for (const item of ["a", "b", "c", "d"]) fifo.push(item);
  while (fifo.length > 0) assertEquals(fifo.first, fifo.shift());
  assertEquals(fifo.first, undefined);
});

Deno.test("Fifo stores undefined as any other value", () => {
  const fifo = new Fifo<undefined>();
  fifo.push(undefined);
  fifo.push(undefined);
  assertEquals([fifo.shift(), fifo.length], [undefined, 1]);
});

Deno.test("Fifo.remove() removes an item from the middle, and ignores absent items", () => {
  const fifo = new Fifo<string>();
  for (const item of ["a", "b", "c", "d"]) fifo.push(item);
  assertEquals([fifo.shift(), fifo.first], ["a", "b"]);
  for (const item of ["c", "a", "x"]) fifo.remove(item);
  assertEquals([fifo.list(), fifo.length], [["b", "d"], 2]);
  assertEquals([fifo.shift(), fifo.shift(), fifo.length], ["b", "d", 0]);
  assertEquals(fifo.first, undefined);
});
