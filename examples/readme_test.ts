// Checks the table of examples in README.md: every example, with the flags of its header.

import { assertEquals } from "@std/assert";
import { commandOf, examples } from "../testing/fixtures/example.ts";
import { tableRows } from "../testing/fixtures/markdown.ts";

Deno.test("README.md has a row for every example, with the flags of its header", async () => {
  const page = await Deno.readTextFile(new URL("README.md", examples));
  const files = (await Array.fromAsync(Deno.readDir(examples))).map(({ name }) => name)
    .filter((name) => name.endsWith(".ts") && !name.endsWith("_test.ts")).sort();
  const headers = await Promise.all(files.map(async (name) => {
    const command = commandOf(await Deno.readTextFile(new URL(name, examples)));
    return [`[\`examples/${name}\`](${name})`, command.slice(1, -1)];
  }));
  const rows = tableRows(page, "Programs").map(([name, flags = ""]) => [
    name,
    /`([^`]*)`/.exec(flags)?.[1]?.split(" ") ?? [],
  ]);
  assertEquals(rows.toSorted((a, b) => String(a[0]) < String(b[0]) ? -1 : 1), headers);
});
