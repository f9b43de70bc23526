// The table of entry_points.md has the entry points of deno.json, its deno.json links a clone, and
// its program runs.

import { assertEquals } from "@std/assert";
import { codeBlocks } from "../testing/fixtures/code_blocks.ts";
import { GuideFolder } from "../testing/fixtures/guide.ts";

const page = Deno.readTextFileSync(new URL("entry_points.md", import.meta.url));
const { name, version, exports } = JSON.parse(
  Deno.readTextFileSync(new URL("../deno.json", import.meta.url)),
) as { name: string; version: string; exports: Record<string, string> };

Deno.test("entry_points.md lists exactly the entry points of deno.json", () => {
  const rows = [...page.matchAll(/^\| `([^`]+)`/gm)].map(([, specifier = ""]) => specifier);
  assertEquals(
    rows.toSorted(),
    Object.keys(exports).map((entry) => name + entry.slice(1)).toSorted(),
  );
});

Deno.test("entry_points.md and README.md name the package and its version for a clone", () => {
  const expected = {
    imports: { [name]: `jsr:${name}@^${version}` },
    links: ["../torsion"],
  };
  for (const path of ["entry_points.md", "../README.md"]) {
    const text = Deno.readTextFileSync(new URL(path, import.meta.url));
    const block = codeBlocks(path, text).find(({ info: [language] }) => language === "json");
    assertEquals(JSON.parse(block?.code ?? "{}"), expected, path);
  }
});

Deno.test("entry_points.ts prints the output that its comments state", async () => {
  await using folder = await GuideFolder.open("entry_points.md");
  await using program = folder.start("deno run entry_points.ts");
  const { code, lines, errors } = await program.end();
  assertEquals([code, lines, errors], [0, ["4", "192.0.2.1:80"], ""]);
});
