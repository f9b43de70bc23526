import { assertEquals } from "@std/assert";
import { RemovableFifo } from "./removable_fifo.ts";

interface Item {
  readonly name: string;
}

/** Makes a queue of items with these names, and the numbers of the items. */
function queueOf(...names: string[]): [RemovableFifo<Item>, number[]] {
  const queue = new RemovableFifo<Item>();
  return [queue, names.map((name) => queue.push({ name }))];
}

Deno.test("RemovableFifo.shift() returns the items in order, and undefined at the end", () => {
  const [queue] = queueOf("a", "b");
  assertEquals([queue.shift()?.name, queue.shift()?.name], ["a", "b"]);
  assertEquals([queue.shift(), queue.length], [undefined, 0]);
  queue.push({ name: "c" });
  assertEquals(queue.shift()?.name, "c");
});

Deno.test("RemovableFifo.first is the item that shift() returns next", () => {
  const [queue, [a = -1]] = queueOf("a", "b");
  assertEquals(queue.first?.name, "a");
  queue.remove(a);
  assertEquals([queue.first?.name, queue.shift()?.name, queue.first], ["b", "b", undefined]);
});

Deno.test("RemovableFifo.remove() removes an item once, from any place", () => {
  const [queue, [a = -1, b = -1, c = -1]] = queueOf("a", "b", "c", "d");
  assertEquals([queue.remove(b), queue.remove(b)], [true, false]);
  assertEquals(queue.list().map(({ name }) => name), ["a", "c", "d"]);
  assertEquals([queue.remove(a), queue.remove(c), queue.length], [true, true, 1]);
  assertEquals(queue.shift()?.name, "d");
});

Deno.test("RemovableFifo.remove() does not find an item that shift() has returned", () => {
  const [queue, [a = -1]] = queueOf("a", "b");
  queue.shift();
  assertEquals([queue.remove(a), queue.length], [false, 1]);
});

Deno.test("RemovableFifo.takeAll() returns all items in order and empties the queue", () => {
  const [queue, [, b = -1]] = queueOf("a", "b", "c");
  queue.remove(b);
  assertEquals(queue.takeAll().map(({ name }) => name), ["a", "c"]);
  assertEquals([queue.length, queue.shift()], [0, undefined]);
  queue.push({ name: "d" });
  assertEquals(queue.shift()?.name, "d");
});
