import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { RandomStream, UINT32_RANGE } from "./random_stream.ts";

function take<T>(count: number, next: () => T): T[] {
  return Array.from({ length: count }, next);
}

Deno.test("RandomStream returns the same numbers for the same key, on every machine", () => {
  const stream = new RandomStream("7");
  // Recorded once: a change of these numbers changes the meaning of every seed.
  assertEquals(take(4, () => stream.uint32()), [567952089, 3484080506, 2210481615, 1443005872]);
  assertEquals(new RandomStream("7").fork("link").uint32(), 132641260);
});

Deno.test("RandomStream.fork() depends on the key and the name, not on the numbers drawn", () => {
  const stream = new RandomStream("7");
  const before = take(5, stream.fork("a").fraction);
  stream.uint32();
  assertEquals(take(5, stream.fork("a").fraction), before);
  assertNotEquals(take(5, stream.fork("b").fraction), before);
  assertNotEquals(take(5, new RandomStream("8").fork("a").fraction), before);
});

Deno.test("RandomStream.fork() of `a` and then `b` differs from that of `a/b`", () => {
  const stream = new RandomStream("7");
  assertNotEquals(stream.fork("a").fork("b").uint32(), stream.fork("a/b").uint32());
  assertNotEquals(stream.fork("a").fork("b").uint32(), stream.fork("a/1:b").uint32());
});

Deno.test("RandomStream keys that differ in one character give unrelated numbers", () => {
  const firsts = take(2000, () => 0).map((_, index) => new RandomStream(String(index)).uint32());
  assertEquals(new Set(firsts).size, 2000);
  const ones = firsts.map((value) => value.toString(2).replaceAll("0", "").length);
  const mean = ones.reduce((sum, value) => sum + value) / ones.length;
  assert(Math.abs(mean - 16) < 0.3, String(mean));
});

Deno.test("RandomStream.below() and between() stay in their range, and reach its ends", () => {
  fc.assert(fc.property(
    fc.string(),
    fc.integer({ min: 1, max: UINT32_RANGE }),
    fc.integer(),
    (key, limit, least) => {
      const stream = new RandomStream(key);
      for (const value of take(20, () => stream.below(limit))) {
        assert(Number.isInteger(value) && value >= 0 && value < limit);
      }
      const most = least + limit - 1;
      for (const value of take(20, () => stream.between(least, most))) {
        assert(Number.isInteger(value) && value >= least && value <= most);
      }
    },
  ));
  const stream = new RandomStream("ends");
  assertEquals(new Set(take(200, () => stream.between(-2, 2))), new Set([-2, -1, 0, 1, 2]));
  assertEquals(stream.below(1), 0);
});

Deno.test("RandomStream.fraction() is spread evenly from 0 to 1", () => {
  const stream = new RandomStream("even");
  const buckets = new Array<number>(10).fill(0);
  for (const value of take(20_000, stream.fraction)) {
    assert(value >= 0 && value < 1);
    const bucket = Math.floor(value * 10);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  assert(buckets.every((count) => Math.abs(count - 2000) < 250), String(buckets));
});

Deno.test("RandomStream.shuffle() returns every value once, and keeps the array", () => {
  fc.assert(fc.property(fc.string(), fc.array(fc.anything()), (key, values) => {
    const shuffled = new RandomStream(key).shuffle(values);
    assertEquals(shuffled.length, values.length);
    assertEquals(new Set(shuffled), new Set(values));
  }));
  const stream = new RandomStream("orders");
  const orders = new Set(take(200, () => stream.shuffle(["a", "b", "c"]).join("")));
  assertEquals(orders.size, 6);
  assertEquals(stream.shuffle([["nested"], []]).length, 2);
});

Deno.test("RandomStream.pick() returns one of the values", () => {
  const stream = new RandomStream("picks");
  assertEquals(new Set(take(100, () => stream.pick(["a", "b"]))), new Set(["a", "b"]));
});

Deno.test("RandomStream methods throw for a range that is empty or too large", () => {
  const stream = new RandomStream("wrong");
  assertThrows(() => stream.below(0), RangeError, "below() limit must be an integer from 1 to");
  assertThrows(() => stream.below(2 ** 33), RangeError, "below() limit");
  assertThrows(() => stream.below(NaN), RangeError, "got NaN");
  assertThrows(() => stream.between(2, 1), RangeError, "between() most");
  assertThrows(() => stream.between(0.5, 1), RangeError, "between() least");
  assertThrows(() => stream.pick([]), RangeError, "pick() values");
});
