// The pages for people: every link and every file name in them exists, and README.md stays short.

import { assert, assertEquals } from "@std/assert";
import { anchorsOf, filesNamedIn, relativeLinksOf } from "./testing/fixtures/markdown.ts";
import { filesOf, read, root } from "./testing/fixtures/repository.ts";

const MAX_README_LINES = 150;
const paths = filesOf();
const topFolders = [...new Set(paths.map((path) => path.split("/")[0] ?? ""))];
/** The files and the folders that contain them. */
const places = new Set(paths.flatMap((path) => {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}));
const pages = paths.filter((path) => path.endsWith(".md"));
const exists = (path: string): boolean => places.has(path.replace(/\/$/, ""));

/** Whether a link of a page leads to a file and, if it has an anchor, to a heading in that file. */
function isBroken(page: string, link: string): boolean {
  const { pathname, hash } = new URL(link, new URL(page, root));
  const path = decodeURIComponent(pathname.slice(root.pathname.length));
  if (!exists(path)) return true;
  return hash !== "" && !anchorsOf(read(path)).includes(hash.slice(1));
}

/** The files that a page shows as code blocks: their first line is a comment with the name. */
const shownIn = (page: string): string[] =>
  [...read(page).matchAll(/^\/\/ ([\w.-]+\.ts)$/gm)].map(([, name = ""]) => name);

Deno.test("pages link to files and headings that exist", () => {
  const broken = pages.flatMap((page) =>
    relativeLinksOf(read(page)).filter((link) => isBroken(page, link))
      .map((link) => `${page}: ${link}`)
  );
  assertEquals(broken, []);
});

Deno.test("pages name files and folders of this repository that exist", () => {
  // The changelog also names files of earlier versions.
  const broken = pages.filter((page) => page !== "CHANGELOG.md").flatMap((page) => {
    const shown = shownIn(page);
    return filesNamedIn(read(page), topFolders)
      .filter((name) => !exists(name) && !shown.includes(name))
      .filter((name) => name.includes("/") || !paths.some((path) => path.endsWith(`/${name}`)))
      .map((name) => `${page}: ${name}`);
  });
  assertEquals(broken, []);
});

Deno.test("README.md has at most 150 lines", () => {
  const lines = read("README.md").trimEnd().split("\n").length;
  assert(lines <= MAX_README_LINES, `${lines} lines`);
});

Deno.test("README.md links to every guide", () => {
  const links = relativeLinksOf(read("README.md"));
  const guides = pages.filter((page) => page.startsWith("docs/"));
  assertEquals(guides.filter((guide) => !links.includes(guide)), []);
});
