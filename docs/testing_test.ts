// The programs of testing.md, run as the guide says.

import { assertEquals, assertMatch } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";
import { DEFAULT_FAULTS, FAULT_KINDS, parseFault } from "../testing/simulation/faults.ts";

const guide = Deno.readTextFileSync(new URL("testing.md", import.meta.url));

// The tests of greeter.ts are greeter_test.ts, greeter_pair_test.ts and greeter_unit_test.ts.
Deno.test("greeter.ts passes its tests; fake_time_test.ts and strict_test.ts pass", async () => {
  await using folder = await GuideFolder.open("testing.md");
  await using program = folder.start(
    "deno test --sanitize-ops --sanitize-resources --allow-net=127.0.0.1",
  );
  const { code, lines, errors } = await program.end();
  const said = [...lines, errors].join("\n");
  assertEquals(code, 0, said);
  assertMatch(said, /5 passed \| 0 failed/);
});

Deno.test("explore_client.ts finds the defect of asking_client.ts as the guide says", async () => {
  await using folder = await GuideFolder.open("testing.md");
  await using program = folder.start("deno run explore_client.ts");
  const { code, lines, errors } = await program.end();
  assertEquals(code, 1, lines.join("\n"));
  const [, shown = ""] = /```text\n(ExplorationFailure[^]*?)```/.exec(guide) ?? [];
  const withoutSeed = (text: string) => text.replace(/of \d+ seeds|failed: \d+|seed \d+,/g, "…");
  const said = errors.slice(errors.indexOf("ExplorationFailure"));
  assertEquals(withoutSeed(said).slice(0, withoutSeed(shown).length), withoutSeed(shown));
});

Deno.test("testing.md names all faults, with a line and the default rate of each", () => {
  const rows = [...guide.matchAll(/^\| `([a-z -]+)` +\| [^|]+ \| `(.+?)` +\| ([\d.]+) +\|$/gm)];
  const table = rows.map(([, name = "", line = "", rate]) => [name, line, Number(rate)] as const);
  assertEquals(table.map(([name]) => name).toSorted(), FAULT_KINDS.toSorted());
  for (const [name, line, rate] of table) {
    assertEquals(parseFault(line.replace("\\|", "|")).kind, name);
    assertEquals(Object.entries(DEFAULT_FAULTS).find(([kind]) => kind === name)?.[1], rate, name);
  }
});
