import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { IndexedHeap } from "./indexed_heap.ts";

/** An item that knows its index. */
interface Item {
  readonly name: string;
  readonly order: number;
  index: number;
}

function makeHeap(): IndexedHeap<Item> {
  return new IndexedHeap((item, index) => {
    item.index = index;
  });
}

/** Adds an item. Of two items with the same key, the later one comes first. */
function add(heap: IndexedHeap<Item>, index: number, key: number): Item {
  const item = { name: String(index), order: -index, index: -1 };
  heap.push(item, key, item.order);
  return item;
}

/** Returns a heap of items with the given keys, named by their index. */
function heapOf(keys: readonly number[]): IndexedHeap<Item> {
  const heap = makeHeap();
  for (const [i, key] of keys.entries()) add(heap, i, key);
  return heap;
}

/** Removes all items and returns their names in order. */
function drain(heap: IndexedHeap<Item>): string[] {
  const names: string[] = [];
  for (let item = heap.top; item !== undefined; item = heap.top) {
    names.push(item.name);
    heap.remove(0);
  }
  return names;
}

Deno.test("IndexedHeap without items has no top", () => {
  const heap = makeHeap();
  assertEquals([heap.size, heap.top, heap.topKey, heap.items()], [0, undefined, Infinity, []]);
});

Deno.test("IndexedHeap orders items by key and equal keys by order", () => {
  const heap = heapOf([2, 1, 2, 1, 3]);
  assertEquals([heap.size, heap.topKey], [5, 1]);
  assertEquals(drain(heap), ["3", "1", "2", "0", "4"]);
});

Deno.test("IndexedHeap orders infinite keys first and last", () => {
  assertEquals(drain(heapOf([Infinity, 0, -Infinity])), ["2", "1", "0"]);
});

Deno.test("IndexedHeap has the same items in the same order as a sorted list", () => {
  // There are few keys, so that many are equal.
  const command = fc.record({
    do: fc.constantFrom("push", "push", "remove"),
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
        } else if (entry !== undefined) {
          heap.remove(entry.item.index);
          model.splice(model.indexOf(entry), 1);
        }
        model.sort((a, b) => a.key - b.key || a.item.order - b.item.order);
        assertEquals(
          [heap.size, heap.top?.name, heap.topKey],
          [model.length, model[0]?.item.name, model[0]?.key ?? Infinity],
        );
      }
      assertEquals(new Set(heap.items()), new Set(model.map(({ item }) => item)));
      assertEquals(drain(heap), model.map(({ item }) => item.name));
    }),
    { seed: 20260803, numRuns: 200 },
  );
});
