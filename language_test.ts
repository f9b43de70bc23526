/**
 * Holds the language of the documentation, the comments, the messages and the test names to a few
 * rules that a program can check. Readers stumbled over each of these words.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { filesOf, read } from "./testing/fixtures/repository.ts";

/** The columns of a line of text. */
const MAX_WIDTH = 100;

/** Words that readers stumbled over, each with the plain ones to write instead. */
const WORDS: readonly [pattern: RegExp, instead: string][] = [
  [/\b(whoever|nobody|somebody)\b/i, "name the party: the peer, the caller, the owner; no one"],
  [/\bbeneath\b/i, "the underlying transport, the inner connection"],
  [/\b(is|are|be) told\b|\btold of\b|\btells? of\b/i, "receives, is notified, is called with"],
  [/(?<!\bthere )\bis (none|no (?!longer)[a-z])/i, "is not a, there is no"],
  [/\b(comes?|came) to nothing\b/i, "fails"],
  [/\bunder way\b/i, "pending, in flight, in progress"],
  [/\b(is|are|was|were) to be had\b|\bcan be had\b/i, "is available, supports"],
  [/\bhanded in\b|\bgiven away\b|\blent\b/i, "passed in, transferred, borrowed"],
  [/\bsurroundings\b/i, "host environment"],
  [/\bgoes on\b|\bgo on\b|\bwent on\b/i, "continues"],
];

const texts = filesOf()
  .filter((path) => /\.(ts|md)$/.test(path) && path !== "language_test.ts")
  .map((path) => ({ path, lines: read(path).split("\n") }));

/** The part of a line that a person reads: comments and strings of a program, all of a page. */
function proseOf(path: string, line: string): string {
  if (path.endsWith(".md")) return /^\s*(if|for|def|class) /.test(line) ? "" : line;
  if (/^\s*(\*|\/\*\*|\/\/)/.test(line)) return line;
  return [...line.matchAll(/"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\/ .*$/g)].join(" ");
}

Deno.test("documentation, comments, messages and test names use plain words", () => {
  const broken = texts.flatMap(({ path, lines }) =>
    lines.flatMap((line, index) =>
      WORDS.filter(([pattern]) => pattern.test(proseOf(path, line)))
        .map(([, instead]) => `${path}:${index + 1}: write "${instead}": ${line.trim()}`)
    )
  );
  assertEquals(broken, []);
});

/** Lines that cannot be broken: rows of tables, commands in comments, addresses, single strings. */
const UNBREAKABLE = /^\s*(\* )?\|.*\|$|^ \* {5}|https?:\/\/|^\s*["`].*["`],?$/;

/** Reports whether only a file's comments have the width: the name of a test is on one line. */
function hasTests(path: string): boolean {
  return /_test\.ts$|^testing\/conformance\/|^offline\//.test(path);
}

/** The lines of a program, or those of a page that are not in its code blocks. */
function widthsOf(path: string, lines: readonly string[]): [index: number, line: string][] {
  let isCode = false;
  return [...lines.entries()].filter(([, line]) => {
    if (hasTests(path)) return /^\s*(\*|\/\*\*|\/\/)/.test(line);
    const isFence = path.endsWith(".md") && /^\s*```/.test(line);
    if (isFence) isCode = !isCode;
    return !isCode && !isFence;
  });
}

Deno.test("documentation, comments and messages are at most 100 columns wide", () => {
  const broken = texts.flatMap(({ path, lines }) =>
    widthsOf(path, lines)
      .filter(([, line]) => line.length > MAX_WIDTH && !UNBREAKABLE.test(line))
      .map(([index, line]) => `${path}:${index + 1}: ${line.length} columns`)
  );
  assertEquals(broken, []);
});
