import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { SlotHeap } from "./slot_heap.ts";

/** Removes all slots and returns them in order. */
function drain(heap: SlotHeap): number[] {
  const slots: number[] = [];
  for (let slot = heap.top; slot !== undefined; slot = heap.top) {
    slots.push(slot);
    heap.removeTop();
  }
  return slots;
}

Deno.test("SlotHeap without slots has no top, and removeTop() and rekeyTop() do nothing", () => {
  const heap = new SlotHeap([]);
  heap.removeTop();
  heap.rekeyTop(1);
  assertEquals([heap.size, heap.top, heap.topKey, [...heap.slots()]], [0, undefined, Infinity, []]);
});

Deno.test("SlotHeap orders slots by key and equal keys by order", () => {
  const orders = [4, 3, 2, 1, 0];
  const heap = new SlotHeap(orders);
  [2, 1, 2, 1, 3].forEach((key, slot) => heap.push(slot, key));
  assertEquals([heap.size, heap.topKey], [5, 1]);
  assertEquals(drain(heap), [3, 1, 2, 0, 4]);
});

Deno.test("SlotHeap.rekeyTop() moves the slot on top to the position of its new key", () => {
  const heap = new SlotHeap([0, 1, 2]);
  [1, 2, 3].forEach((key, slot) => heap.push(slot, key));
  heap.rekeyTop(2);
  assertEquals([heap.top, heap.topKey], [0, 2]);
  heap.rekeyTop(2.5);
  assertEquals(drain(heap), [1, 0, 2]);
});

Deno.test("SlotHeap orders infinite keys first and last", () => {
  const heap = new SlotHeap([0, 1, 2]);
  [Infinity, 0, -Infinity].forEach((key, slot) => heap.push(slot, key));
  assertEquals(drain(heap), [2, 1, 0]);
});

Deno.test("SlotHeap has the same top as a sorted list after random operations", () => {
  // There are few keys, so that many are equal.
  const command = fc.oneof(
    fc.record({ do: fc.constant("push" as const), key: fc.integer({ min: 0, max: 8 }) }),
    fc.record({ do: fc.constant("rekey" as const), key: fc.integer({ min: 0, max: 4 }) }),
    fc.record({ do: fc.constant("remove" as const), key: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 400, size: "max" }), (commands) => {
      const orders: number[] = [];
      const heap = new SlotHeap(orders);
      const model: { slot: number; key: number }[] = [];
      for (const { do: action, key } of commands) {
        const first = model[0];
        if (action === "push") {
          const slot = orders.length;
          // The orders decrease, so that they differ from the slots.
          orders.push(-slot);
          heap.push(slot, key);
          model.push({ slot, key });
        } else if (action === "remove") {
          heap.removeTop();
          model.shift();
        } else if (first !== undefined) {
          first.key += key;
          heap.rekeyTop(first.key);
        }
        model.sort((a, b) => a.key - b.key || b.slot - a.slot);
        assertEquals([heap.size, heap.top, heap.topKey], [
          model.length,
          model[0]?.slot,
          model[0]?.key ?? Infinity,
        ]);
      }
      assertEquals([...heap.slots()].sort(), model.map(({ slot }) => slot).sort());
      assertEquals(drain(heap), model.map(({ slot }) => slot));
    }),
    { seed: 20260803, numRuns: 200 },
  );
});
