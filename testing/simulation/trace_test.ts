/**
 * `Trace`: its text, its columns and lanes, and what it shows of packets.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { Trace } from "./trace.ts";

function traceOf(...hosts: string[]): Trace {
  const trace = new Trace(true);
  for (const [index, host] of hosts.entries()) {
    trace.addHost(host, [`10.0.0.${index + 1}`, `fd00::${index + 1}`]);
  }
  return trace;
}

/** Returns the lines of a table below its head, without the spaces at the left. */
function linesOf(trace: Trace, last?: number): string[] {
  return trace.toTable({ last }).trimEnd().split("\n").slice(2).map((line) => line.trimStart());
}

Deno.test("Trace.toTable() has a column for the network and for each of a few hosts", () => {
  const trace = traceOf("alice", "bob");
  trace.add(0, "", "heals");
  trace.add(1.5, "bob", "crashes");
  assertEquals(trace.toTable().split("\n").map((line) => line.replaceAll(/ +/g, " ")), [
    " seconds | network | alice | bob",
    "-".repeat(100),
    " 0 | heals | |",
    " 1.5 | | | crashes",
    "",
  ]);
});

Deno.test("Trace.toTable() marks the host in a narrow column if there are many hosts", () => {
  const trace = traceOf("a", "b", "carol", "d", "e");
  trace.add(1, "carol", "crashes");
  trace.add(2, "", `notes ${"that ".repeat(20)}`);
  assertEquals(trace.toTable().split("\n"), [
    "    seconds | a b carol d e",
    "-".repeat(100),
    "          1 | . . *     . .  carol: crashes",
    `          2 | . . .     . .  network: notes ${"that ".repeat(11).trimEnd()}`,
    `            |                  ${"that ".repeat(9).trimEnd()}`,
    "",
  ]);
});

Deno.test("Trace.toTable() names the host of each line if there is no room for columns", () => {
  const trace = traceOf(...Array.from({ length: 30 }, (_, index) => `host${index}`));
  trace.add(0, "host7", "crashes");
  assertEquals(linesOf(trace), ["0 | host7: crashes"]);
});

Deno.test("Trace.toTable() shows the last entries, and the faults and notes before them", () => {
  const trace = traceOf("a");
  trace.add(1, "a", "crashes");
  trace.add(2, "a", "restarts");
  for (let time = 3; time < 9; time++) trace.addRoutine(time, "a", `packet ${time}`);
  const texts = linesOf(trace, 2).map((line) => line.split("|").at(-1)?.trim());
  assertEquals(texts, [
    "crashes",
    "restarts",
    "… 4 earlier entries are not shown. From here on, all are.",
    "packet 7",
    "packet 8",
  ]);
  assertEquals(linesOf(trace).length, 8);
});

Deno.test("Trace writes the names of hosts in the place of their addresses, but not in data", () => {
  const trace = traceOf("a", "b");
  const data = new TextEncoder().encode("10.0.0.1\r\n");
  trace.addRoutine(0, "a", "sends 10 bytes to 10.0.0.2:80", data);
  trace.add(0, "a", "knows 10.0.0.12, 110.0.0.1, [fd00::2]:80 and 10.0.0.1");
  assertEquals(trace.entries.map(({ text }) => text), [
    "sends 10 bytes to b:80: 10.0.0.1\\r\\n",
    "knows 10.0.0.12, 110.0.0.1, b:80 and a",
  ]);
});

Deno.test("Trace shows the beginning of data that is text, and no other data", () => {
  const trace = traceOf("a");
  trace.addRoutine(0, "a", "long", new TextEncoder().encode("é".repeat(100)));
  trace.addRoutine(0, "a", "binary", Uint8Array.of(65, 0, 66));
  trace.addRoutine(0, "a", "no UTF-8", Uint8Array.of(65, 0xff, 66));
  assertEquals(trace.entries.map(({ text }) => text), [
    `long: ${"é".repeat(60)}…`,
    "binary",
    "no UTF-8",
  ]);
  assertStringIncludes(trace.toString(), "          0 a: binary\n");
});

Deno.test("Trace keeps no entries unless it is on", () => {
  const trace = new Trace(false);
  trace.addHost("a", ["10.0.0.1"]);
  trace.add(0, "a", "crashes");
  trace.addRoutine(0, "a", "packet");
  assertEquals([trace.entries, trace.toString()], [[], ""]);
});
