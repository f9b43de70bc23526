import { assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { IndexedHeap } from "./indexed_heap.ts";

/** An item that knows its slot. */
interface Item {
  readonly name: string;
  readonly order: number;
  slot: number;
}

function makeHeap(): IndexedHeap<Item> {
  return new IndexedHeap((item, slot) => {
    item.slot = slot;
  });
}

/** Adds an item. Of two items with the same key, the later one comes first. */
function add(heap: IndexedHeap<Item>, index: number, key: number): Item {
  const item = { name: String(index), order: -index, slot: -1 };
  heap.push(item, key, item.order);
  return item;
}

/** Returns a heap of items with the given keys, named by their index. */
function heapOf(keys: readonly number[]): { heap: IndexedHeap<Item>; items: Item[] } {
  const heap = makeHeap();
  return { heap, items: keys.map((key, i) => add(heap, i, key)) };
}

/** Removes all items and returns their names in order. */
function drain(heap: IndexedHeap<Item>): string[] {
  const names: string[] = [];
  for (let item = heap.top; item !== undefined; item = heap.top) {
    names.push(item.name);
    heap.remove(heap.topSlot);
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
  const heap = makeHeap();
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
  heap.rekey(get(items, 0).slot, 2);
  assertEquals([heap.top?.name, heap.topKey], ["1", 2]);
  heap.rekey(get(items, 2).slot, 0);
  assertEquals(drain(heap), ["2", "1", "0"]);
});

Deno.test("IndexedHeap.keyOf() returns the key that the item in a slot has now", () => {
  const { heap, items } = heapOf([1, 2, 3]);
  heap.rekey(get(items, 2).slot, 0);
  assertEquals(items.map(({ slot }) => heap.keyOf(slot)), [1, 2, 0]);
});

Deno.test("IndexedHeap.remove() gives memory back when most items have gone", () => {
  const { heap, items } = heapOf(Array.from({ length: 10_000 }, (_, i) => i));
  assertLessOrEqual(heap.capacity, 20_000);
  for (const i of shuffled(10_000)) heap.remove(get(items, i).slot);
  assertEquals([heap.size, heap.capacity], [0, 64]);
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
      const heap = makeHeap();
      const model: { item: Item; key: number }[] = [];
      for (const [i, { do: action, key, which }] of commands.entries()) {
        const entry = model[which % model.length];
        if (action === "push") {
          model.push({ item: add(heap, i, key), key });
        } else if (entry === undefined) {
          continue;
        } else if (action === "rekey") {
          entry.key = key;
          heap.rekey(entry.item.slot, key);
        } else {
          heap.remove(entry.item.slot);
          model.splice(model.indexOf(entry), 1);
        }
        model.sort((a, b) => a.key - b.key || a.item.order - b.item.order);
        assertEquals(
          [heap.size, heap.top?.name, heap.topKey],
          [model.length, model[0]?.item.name, model[0]?.key ?? Infinity],
        );
      }
      assertEquals(model.map(({ item }) => heap.keyOf(item.slot)), model.map(({ key }) => key));
      assertEquals(new Set(heap.items()), new Set(model.map(({ item }) => item)));
      assertEquals(drain(heap), model.map(({ item }) => item.name));
    }),
    { seed: 20260803, numRuns: 200 },
  );
});
