// What all guides have in common.

import { assert, assertEquals } from "@std/assert";
import { filesOfGuide } from "../testing/fixtures/guide.ts";

const folder = new URL("./", import.meta.url);
const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
const read = (name: string): string => Deno.readTextFileSync(new URL(name, folder));
/** The guides whose programs are saved and run by the test beside them. */
const guides = names.filter((name) =>
  name.endsWith("_test.ts") && read(name).includes("fixtures/guide.ts")
)
  .map((name) => name.replace("_test.ts", ".md")).filter((name) => names.includes(name));

Deno.test("Guides with programs have a test that runs each program", () => {
  assert(guides.length > 5, `only ${guides.length} guides have programs`);
  const missing = guides.flatMap((guide) => {
    const test = read(guide.replace(/\.md$/, "_test.ts"));
    return [...filesOfGuide(guide).keys()].filter((file) => !test.includes(file))
      .map((file) => `${guide}: ${file}`);
  });
  assertEquals(missing, []);
});

Deno.test("Guides with programs begin with what the reader will be able to do", () => {
  const others = guides.filter((guide) => !/^# .*\n\nAfter this guide you /.test(read(guide)));
  assertEquals(others, []);
});

Deno.test("Guides link only to files that exist", () => {
  const links = names.filter((name) => name.endsWith(".md")).flatMap((name) =>
    [...read(name).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, to = ""]) => ({ name, to }))
  );
  const broken = links.filter(({ to }) => {
    try {
      return !Deno.statSync(new URL(to, folder)).isFile;
    } catch {
      return true;
    }
  });
  assertEquals(broken, []);
});

Deno.test("Guides give each program a unique file name", () => {
  const texts = new Map<string, string>();
  const clashes = names.filter((name) => name.endsWith(".md")).concat("../README.md")
    .flatMap((guide) => [...filesOfGuide(guide)].map(([file, text]) => ({ guide, file, text })))
    .filter(({ file, text }) => {
      const first = texts.get(file) ?? text;
      texts.set(file, first);
      return first !== text;
    });
  assertEquals(clashes.map(({ guide, file }) => `${guide}: ${file}`), []);
});
