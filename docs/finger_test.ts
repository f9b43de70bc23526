// finger.md shows parts of the programs in examples/finger/, which examples/finger/steps_test.ts
// runs. This test compares the parts with the programs.

import { assert, assertEquals } from "@std/assert";
import { codeBlocks } from "../testing/fixtures/code_blocks.ts";

const page = Deno.readTextFileSync(new URL("finger.md", import.meta.url));
const folder = new URL("../examples/finger/", import.meta.url);
const sections = page.split(/^## /m).slice(1);

/** The programs that a section links to. */
const programsOf = (section: string): string[] =>
  [...section.matchAll(/\]\(\.\.\/examples\/finger\/(\w+\.ts)\)/g)].map(([, name = ""]) => name)
    .filter((name) => !name.endsWith("_test.ts"));

/** The lines of a text, without the indentation, which depends on the place. */
const linesOf = (text: string): string =>
  text.split("\n").map((line) => line.trim()).filter((line) => line !== "").join("\n");

Deno.test("finger.md has a section for each step, in order", () => {
  const steps = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => /^\d\d_\w+\.ts$/.test(name)).sort();
  const linked = sections.flatMap(programsOf).filter((name) => name !== "finger.ts");
  assertEquals(linked, steps);
  for (const section of sections) {
    const [, number] = /^(\d+)\. /.exec(section) ?? [];
    const step = programsOf(section).find((name) => name !== "finger.ts");
    assertEquals(number?.padStart(2, "0"), step?.slice(0, 2));
  }
});

for (const section of sections) {
  const [title = ""] = section.split("\n");
  const shown = codeBlocks("docs/finger.md", section).filter(({ info: [language] }) =>
    language === "ts"
  );
  if (shown.length === 0) continue;
  Deno.test(`finger.md, "${title}": its code is in the program of the step`, () => {
    const texts = [...programsOf(section), "finger.ts"].map((name) =>
      linesOf(Deno.readTextFileSync(new URL(name, folder)))
    );
    for (const { code } of shown) {
      assert(texts.some((text) => text.includes(linesOf(code))), code);
    }
  });
}

Deno.test("finger.md shows the configuration of the header of 15_configuration.ts", () => {
  const [shown] = codeBlocks("docs/finger.md", page).filter(({ info: [language] }) =>
    language === "json"
  );
  const source = Deno.readTextFileSync(new URL("15_configuration.ts", folder));
  const header = source.split("\n").map((line) => line.replace(/^ \* {0,5}/, "")).join("\n");
  assert(linesOf(header).includes(linesOf(shown?.code ?? "missing")));
});
