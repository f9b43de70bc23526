/**
 * The disk of a simulated host.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import { SimulatedNetwork } from "./simulated_network.ts";

Deno.test("SimulatedHost.disk copies a value when it is stored and when it is read", () => {
  const { disk } = new SimulatedNetwork().addHost("host");
  const record = { votes: 1 };
  disk.set("record", record);
  record.votes = 2;
  const readers = [
    () => disk.get("record"),
    () => [...disk.values()][0],
    () => [...disk][0]?.[1],
    () => [...disk.entries()][0]?.[1],
    () => {
      const seen: unknown[] = [];
      disk.forEach((value) => seen.push(value));
      return seen[0];
    },
  ];
  for (const read of readers) {
    const value = read();
    assertEquals(value, { votes: 1 });
    if (typeof value === "object" && value !== null) Reflect.set(value, "votes", 3);
  }
  assertEquals([disk.size, disk.has("record"), disk.get("none")], [1, true, undefined]);
});

Deno.test("SimulatedHost.disk copies values that structuredClone() can copy", () => {
  const { disk } = new SimulatedNetwork().addHost("host");
  const own: Record<string, unknown> = {
    set: new Set([1]),
    bytes: Uint8Array.of(1),
    at: new Date(5),
  };
  own["self"] = own;
  for (const value of [own, [1, , 3], { deep: [{ list: [null, undefined, 5n] }] }, "text", null]) {
    disk.set("value", value);
    assertEquals(disk.get("value"), value);
  }
});

Deno.test("SimulatedHost.disk refuses a value that is not data", () => {
  const { disk } = new SimulatedNetwork().addHost("db");
  assertThrows(
    () => disk.set("callback", { f: () => {} }),
    TypeError,
    'Cannot store "callback" on the disk of db',
  );
});
