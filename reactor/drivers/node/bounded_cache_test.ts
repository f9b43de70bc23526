import { assertEquals, assertThrows } from "@std/assert";
import { BoundedCache } from "./bounded_cache.ts";

Deno.test("BoundedCache.get() makes each value once, until newer values replace it", () => {
  const cache = new BoundedCache<string | undefined>(2);
  const made: string[] = [];
  const get = (text: string): string | undefined =>
    cache.get(text, () => {
      made.push(text);
      return text === "none" ? undefined : text.toUpperCase();
    });
  assertEquals(["a", "none", "a", "none"].map(get), ["A", undefined, "A", undefined]);
  assertEquals(made, ["a", "none"]);
  assertEquals(["b", "none", "a"].map(get), ["B", undefined, "A"]);
  assertEquals(made, ["a", "none", "b", "a"]);
});

Deno.test("BoundedCache.get() stores no entry if making the value throws", () => {
  const cache = new BoundedCache<number>(1);
  assertThrows(
    () =>
      cache.get("a", () => {
        throw new Error("planned");
      }),
    Error,
    "planned",
  );
  assertEquals(cache.get("a", () => 1), 1);
});
