import { assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { type HeapLinks, IndexedHeap, REMOVED } from "./indexed_heap.ts";

/** An item that counts how often it moves. */
interface Item {
  readonly name: string;
  readonly order: number;
  position: number;
  moves: number;
}

const links: HeapLinks<Item> = {
  position: (item) => item.position,
  setPosition: (item, position) => {
    item.position = position;
    item.moves++;
  },
  isBefore: (a, b) => a.order < b.order,
};

function makeItem(name: string, order: number): Item {
  return { name, order, position: REMOVED, moves: 0 };
}

/** Returns a heap of items with the given keys, named by their index. Later ones come first. */
function heapOf(keys: readonly number[]): { heap: IndexedHeap<Item>; items: Item[] } {
  const heap = new IndexedHeap(links);
  const items = keys.map((key, i) => {
    const item = makeItem(String(i), -i);
    heap.push(item, key);
    return item;
  });
  return { heap, items };
}

/** Removes all items and returns their names in order. */
function drain(heap: IndexedHeap<Item>): string[] {
  const names: string[] = [];
  for (let item = heap.top; item !== undefined; item = heap.top) {
    names.push(item.name);
    heap.remove(item);
  }
  return names;
}

function get<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new RangeError(`Cannot read item ${index} of ${items.length}`);
  return item;
}

/** Returns the numbers from 0 to `length - 1` in a fixed order that looks random. */
function shuffled(length: number): number[] {
  let seed = 20260803;
  const keyed = Array.from({ length }, (_, i) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return [seed, i] as const;
  });
  return keyed.sort(([a], [b]) => a - b).map(([, i]) => i);
}

Deno.test("IndexedHeap without items has no top", () => {
  const heap = new IndexedHeap(links);
  assertEquals([heap.size, heap.top, heap.topKey, heap.items()], [0, undefined, Infinity, []]);
});

Deno.test("IndexedHeap orders items by key and equal keys by order", () => {
  const { heap } = heapOf([2, 1, 2, 1, 3]);
  assertEquals([heap.size, heap.topKey], [5, 1]);
  assertEquals(drain(heap), ["3", "1", "2", "0", "4"]);
});

Deno.test("IndexedHeap orders infinite keys first and last", () => {
  assertEquals(drain(heapOf([Infinity, 0, -Infinity]).heap), ["2", "1", "0"]);
});

Deno.test("IndexedHeap.rekey() moves an item to the position of its new key", () => {
  const { heap, items } = heapOf([1, 2, 3]);
  heap.rekey(get(items, 0), 2);
  assertEquals([heap.top?.name, heap.topKey], ["1", 2]);
  heap.rekey(get(items, 2), 0);
  assertEquals(drain(heap), ["2", "1", "0"]);
});

Deno.test("IndexedHeap.remove() sets the position of the item to REMOVED", () => {
  const { heap, items } = heapOf([1, 2, 3]);
  heap.remove(get(items, 1));
  assertEquals(items.map(({ position }) => position), [0, REMOVED, 1]);
});

Deno.test("IndexedHeap.remove() and rekey() in random order move at most three items on average", () => {
  const count = 20_000;
  const { heap, items } = heapOf(shuffled(count));
  const moves = (): number => items.reduce((sum, item) => sum + item.moves, 0);
  for (const [factor, limit] of [[2, 3], [0.5, 3]] as const) {
    const before = moves();
    for (const i of shuffled(count)) heap.rekey(get(items, i), factor * i);
    assertLessOrEqual((moves() - before) / count, limit);
  }
  const before = moves();
  for (const i of shuffled(count)) heap.remove(get(items, i));
  assertLessOrEqual((moves() - before) / count, 3);
  assertEquals(heap.size, 0);
});

Deno.test("IndexedHeap.push() moves no other item if the key is the largest", () => {
  const { heap, items } = heapOf(Array.from({ length: 1000 }, (_, i) => i));
  assertEquals(items.map(({ moves }) => moves), Array(1000).fill(1));
  assertEquals(heap.size, 1000);
});

Deno.test("IndexedHeap.remove() gives memory back when most items have gone", () => {
  const { heap, items } = heapOf(Array.from({ length: 10_000 }, (_, i) => i));
  assertLessOrEqual(heap.capacity, 20_000);
  for (const i of shuffled(10_000)) heap.remove(get(items, i));
  assertEquals(heap.capacity, 64);
});

Deno.test("IndexedHeap has the same items in the same order as a sorted list", () => {
  // There are few keys, so that many are equal.
  const command = fc.record({
    do: fc.constantFrom("push", "push", "push", "rekey", "rekey", "remove"),
    key: fc.integer({ min: 0, max: 8 }),
    which: fc.nat(1000),
  });
  fc.assert(
    fc.property(fc.array(command, { maxLength: 600, size: "max" }), (commands) => {
      const heap = new IndexedHeap(links);
      const model: { item: Item; key: number }[] = [];
      for (const [i, { do: action, key, which }] of commands.entries()) {
        const entry = model[which % model.length];
        if (action === "push") {
          // The orders decrease, so that they differ from the sequence.
          const item = makeItem(String(i), -i);
          heap.push(item, key);
          model.push({ item, key });
        } else if (entry === undefined) {
          continue;
        } else if (action === "rekey") {
          entry.key = key;
          heap.rekey(entry.item, key);
        } else {
          heap.remove(entry.item);
          model.splice(model.indexOf(entry), 1);
        }
        model.sort((a, b) => a.key - b.key || a.item.order - b.item.order);
        assertEquals(
          [heap.size, heap.top?.name, heap.topKey],
          [model.length, model[0]?.item.name, model[0]?.key ?? Infinity],
        );
      }
      // Each item knows where it is.
      assertEquals(heap.items().map(({ position }) => position), [...model.keys()]);
      assertEquals(drain(heap), model.map(({ item }) => item.name));
    }),
    { seed: 20260803, numRuns: 200 },
  );
});
