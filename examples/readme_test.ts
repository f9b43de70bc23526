// Checks the tables of examples in README.md: every example, with the flags of its header.

import { assertEquals } from "@std/assert";
import { commandOf, examples } from "../testing/fixtures/example.ts";
import { tableRows } from "../testing/fixtures/markdown.ts";

const page = await Deno.readTextFile(new URL("README.md", examples));

/** Compares a table with the programs of a folder. */
async function checkTable(heading: string, folder: string, isProgram: RegExp): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(new URL(folder, examples)));
  const files = entries.map(({ name }) => name)
    .filter((name) => isProgram.test(name) && !name.endsWith("_test.ts")).sort();
  const headers = await Promise.all(files.map(async (name) => {
    const command = commandOf(await Deno.readTextFile(new URL(folder + name, examples)));
    return [`[\`examples/${folder}${name}\`](${folder}${name})`, command.slice(1, -1)];
  }));
  const rows = tableRows(page, heading).map(([name, flags = ""]) => [
    name,
    /`([^`]*)`/.exec(flags)?.[1]?.split(" ") ?? [],
  ]);
  assertEquals(rows.toSorted((a, b) => String(a[0]) < String(b[0]) ? -1 : 1), headers);
}

Deno.test("README.md has a row for every example, with the flags of its header", async () => {
  await checkTable("Programs", "", /\.ts$/);
});

Deno.test("README.md has a row for every step of finger, with the flags of its header", async () => {
  await checkTable("Finger, step by step", "finger/", /^\d\d_\w+\.ts$/);
});

Deno.test("README.md has a row for the node of cluster_chat, with the flags of its header", async () => {
  await checkTable("A chat on many machines", "cluster_chat/", /^node\.ts$/);
});
