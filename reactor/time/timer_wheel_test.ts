import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { TimerWheel } from "./timer_wheel.ts";

/** An item that knows its place. */
interface Item {
  ticks: number;
  bucket: number;
  index: number;
}

function makeWheel(): TimerWheel<Item> {
  return new TimerWheel({
    ticksOf: ({ ticks }) => ticks,
    setPlace: (item, bucket, index) => Object.assign(item, { bucket, index }),
  });
}

function add(wheel: TimerWheel<Item>, ticks: number): Item {
  const item = { ticks, bucket: -1, index: -1 };
  wheel.add(item, ticks);
  return item;
}

/** Moves the time, and returns the times of the items that leave the wheel. */
function advance(wheel: TimerWheel<Item>, ticks: number): number[] {
  const released: number[] = [];
  wheel.advance(ticks, (item, ticks) => {
    assertEquals(item.ticks, ticks);
    released.push(ticks);
  });
  return released;
}

/** The ticks of a span. */
const SPAN = 2 ** 16;

Deno.test("TimerWheel without items is never due", () => {
  const wheel = makeWheel();
  assertEquals([wheel.size, wheel.items(), wheel.earliest()], [0, [], Infinity]);
  assertEquals(advance(wheel, 1e15), []);
});

Deno.test("TimerWheel.accepts() only items whose span has not begun", () => {
  const wheel = makeWheel();
  assertEquals([wheel.accepts(-1), wheel.accepts(SPAN - 1), wheel.accepts(SPAN)], [
    false,
    false,
    true,
  ]);
  advance(wheel, SPAN);
  assertEquals([wheel.accepts(2 * SPAN - 1), wheel.accepts(2 * SPAN)], [false, true]);
});

Deno.test("TimerWheel.advance() releases the items whose span has begun, at each level", () => {
  for (const spans of [1, 15, 16, 255, 4096, 2 ** 24, 2 ** 40, 2 ** 60]) {
    const wheel = makeWheel();
    const ticks = spans * SPAN;
    add(wheel, ticks);
    assertEquals([wheel.size, wheel.earliest()], [1, ticks]);
    // The time passes in steps, so that the item descends through the levels.
    for (let step = 0.5; step < 1; step += 0.125) advance(wheel, Math.floor(step * spans) * SPAN);
    assertEquals([wheel.size, wheel.earliest()], [1, ticks]);
    assertEquals(advance(wheel, ticks), [ticks]);
    assertEquals([wheel.size, wheel.earliest()], [0, Infinity]);
  }
});

Deno.test("TimerWheel.advance() to an earlier time releases nothing", () => {
  const wheel = makeWheel();
  advance(wheel, 10 * SPAN);
  add(wheel, 20 * SPAN);
  assertEquals([advance(wheel, 5 * SPAN), wheel.accepts(9 * SPAN)], [[], false]);
});

Deno.test("TimerWheel.advance() to NaN has no effect", () => {
  const wheel = makeWheel();
  add(wheel, 20 * SPAN);
  assertEquals([advance(wheel, NaN), wheel.accepts(SPAN)], [[], true]);
});

Deno.test("TimerWheel.advance() moves few of many items at once", () => {
  // The first two times are just before and just after the end of long periods.
  for (const start of [16 ** 5 - 1, 16 ** 5, 12_345]) {
    let moved = 0;
    const wheel = new TimerWheel<Item>({
      ticksOf: ({ ticks }) => (moved++, ticks),
      setPlace: (item, bucket, index) => Object.assign(item, { bucket, index }),
    });
    wheel.advance(start * SPAN, () => {});
    const count = 4000;
    for (let i = 1; i <= count; i++) add(wheel, (start + 4 * i) * SPAN);
    for (; wheel.size > 0; moved = 0) {
      wheel.advance(wheel.earliest(), () => {});
      assertLessOrEqual(moved, count / 32);
    }
  }
});

Deno.test("TimerWheel.advance() keeps an item that has become later", () => {
  const wheel = makeWheel();
  const item = add(wheel, 5 * SPAN);
  item.ticks = 9000 * SPAN;
  assertEquals([wheel.earliest(), advance(wheel, 5 * SPAN)], [5 * SPAN, []]);
  assertEquals([wheel.earliest(), advance(wheel, item.ticks)], [item.ticks, [item.ticks]]);
});

Deno.test("TimerWheel.remove() of all items leaves none to wait for", () => {
  const wheel = makeWheel();
  const items = [5, 3, 4].map((spans) => add(wheel, spans * SPAN));
  for (const { bucket, index } of items) wheel.remove(bucket, index);
  assertEquals([wheel.size, wheel.items(), wheel.earliest()], [0, [], Infinity]);
});

Deno.test("TimerWheel releases the same items as a list after random operations", () => {
  const command = fc.record({
    do: fc.constantFrom("add", "add", "add", "postpone", "remove", "advance"),
    // Times and steps of all magnitudes.
    exponent: fc.integer({ min: 0, max: 50 }),
    fraction: fc.double({ min: 0, max: 1, noNaN: true }),
    which: fc.nat(1000),
  });
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300, size: "max" }), (commands) => {
      const wheel = makeWheel();
      let pending: Item[] = [];
      let now = 0;
      for (const { do: action, exponent, fraction, which } of commands) {
        const ticks = now + Math.floor(2 ** exponent * (1 + fraction));
        const item = pending[which % pending.length];
        if (action === "add" && wheel.accepts(ticks)) {
          pending.push(add(wheel, ticks));
        } else if (action === "postpone" && item !== undefined) {
          item.ticks += ticks - now;
        } else if (action === "remove" && item !== undefined) {
          wheel.remove(item.bucket, item.index);
          pending.splice(pending.indexOf(item), 1);
        } else if (action === "advance") {
          now = ticks;
          const isDue = (item: Item): boolean => item.ticks / SPAN < Math.floor(now / SPAN) + 1;
          const due = pending.filter(isDue).map((item) => item.ticks);
          pending = pending.filter((item) => !isDue(item));
          assertEquals(advance(wheel, now).toSorted(), due.toSorted());
        }
        assertEquals(wheel.size, pending.length);
        assertLessOrEqual(wheel.earliest(), Math.min(Infinity, ...pending.map((i) => i.ticks)));
        assert(wheel.earliest() < Infinity || pending.length === 0);
      }
      assertEquals(new Set(wheel.items()), new Set(pending));
    }),
    { seed: 20260803, numRuns: 200 },
  );
});
