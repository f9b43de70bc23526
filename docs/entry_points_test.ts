// The table and the imports of entry_points.md have the entry points of deno.json, and its program runs.

import { assertEquals } from "@std/assert";
import { codeBlocks } from "../testing/fixtures/code_blocks.ts";
import { GuideFolder } from "../testing/fixtures/guide.ts";

const page = Deno.readTextFileSync(new URL("entry_points.md", import.meta.url));
const { name, exports } = JSON.parse(
  Deno.readTextFileSync(new URL("../deno.json", import.meta.url)),
) as { name: string; exports: Record<string, string> };
const entries = Object.entries(exports).map(([entry, path]) => ({
  specifier: name + entry.slice(1),
  path: `../torsion/${path.slice(2)}`,
}));

Deno.test("The table of entry points has those of deno.json", () => {
  const rows = [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, specifier = ""]) => specifier);
  assertEquals(rows.toSorted(), entries.map(({ specifier }) => specifier).toSorted());
});

Deno.test("The imports for a clone have the entry points of deno.json", () => {
  const block = codeBlocks("entry_points.md", page).find(({ info: [language] }) =>
    language === "json"
  );
  const expected = entries.map(({ specifier, path }) => [specifier, path]);
  assertEquals(JSON.parse(block?.code ?? "{}").imports, Object.fromEntries(expected));
});

Deno.test("entry_points.ts prints what its comments say", async () => {
  await using folder = await GuideFolder.open("entry_points.md");
  await using program = folder.start("deno run entry_points.ts");
  const { code, lines, errors } = await program.end();
  assertEquals([code, lines, errors], [0, ["4", "192.0.2.1:80"], ""]);
});
