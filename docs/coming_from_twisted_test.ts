/**
 * Compares docs/coming_from_twisted.md with the names of the Twisted release that it is made from
 * (docs/twisted_names.json, printed by .ci/twisted_names.py) and with what this package exports.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ExportedNames } from "./exported_names.ts";
import { testPrintedOutput } from "./printed_output.ts";

const root = new URL("../", import.meta.url);
const PAGE = "docs/coming_from_twisted.md";

/** The data file. */
interface TwistedNames {
  readonly release: string;
  /** The public names of each module. */
  readonly modules: Record<string, string[]>;
  /** The public methods and attributes of the main classes. */
  readonly members: Record<string, string[]>;
}

/** What the page says about some names of a module. */
interface Row {
  readonly module: string;
  readonly names: string[];
  /** The counterparts: exports, or members of exports. Empty for names that are not here. */
  readonly here: string[];
  /** The entry point that exports the counterparts; `""` where there are none. */
  readonly entry: string;
  readonly isAbsent: boolean;
}

/** Names that this package exports for something else, and where. */
const OTHER_MEANINGS: Record<string, string> = {
  // A failure of Deferreds; a connection attempt fails with ConnectTimeoutError.
  "twisted.internet.error.TimeoutError": "/defer",
  // The class; the interface is IThreadPool.
  "twisted.internet.interfaces.ThreadPool": "/reactor",
  // The reason of a connection's end; the other is what its module imports.
  "twisted.protocols.ftp.ConnectionLost": "/reactor",
  // Commands of AMP; Twisted's is an internal class of its memcached client.
  "twisted.protocols.memcache.Command": "/amp",
  // The policy; the other is a part of the FTP client.
  "twisted.protocols.ftp.ProtocolWrapper": "/protocol",
  // The logger of twisted.logger; the other is a mixin with logPrefix().
  "twisted.python.log.Logger": "/log",
  // A function of the log; Twisted's is an exception of option parsing.
  "twisted.python.usage.error": "/log",
};

const page = await Deno.readTextFile(new URL(PAGE, root));
const twisted: TwistedNames = JSON.parse(
  await Deno.readTextFile(new URL("docs/twisted_names.json", root)),
);
const exported = await ExportedNames.read(root);

/** The texts in backticks. */
const codeIn = (text: string): string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);

/** The cells of a table's rows, without its head. */
function tableRows(section: string): string[][] {
  return [...section.matchAll(/^\| `.*\|$/gm)].map(([row]) =>
    row.slice(1, -1).split("|").map((cell) => cell.trim())
  );
}

/** The section under a heading. */
function sectionOf(heading: string): string {
  const [, after = ""] = page.split(`\n### ${heading}\n`);
  return after.split("\n### ")[0] ?? "";
}

/** The rows of a module's section: those of its table, and those of its lists. */
function rowsOf(module: string): Row[] {
  const section = sectionOf(`\`${module}\``);
  const rows = tableRows(section).map(([names = "", here = "", entry = ""]): Row => ({
    module,
    names: codeIn(names),
    here: entry === "" ? [] : codeIn(here),
    entry: codeIn(entry)[0] ?? "",
    isAbsent: /^not (here|yet)$/.test(here),
  }));
  const lists = section.matchAll(/^- Not (?:here|yet): ([^]*?`)\.(?=\s)/gm);
  const absent = [...lists].map(([, names = ""]): Row => ({
    module,
    names: codeIn(names),
    here: [],
    entry: "",
    isAbsent: true,
  }));
  return [...rows, ...absent];
}

/** The modules without a section of their own. */
function otherModules(): Row[] {
  const items = sectionOf("Other modules").matchAll(/^- `([\w.]+)`: ([^]*?`)\.(?=\s)/gm);
  return [...items].map(([, module = "", names = ""]) => ({
    module,
    names: codeIn(names),
    here: [],
    entry: "",
    isAbsent: true,
  }));
}

const modules = [...page.matchAll(/^### `(twisted[\w.]+)`$/gm)].map(([, module = ""]) => module);
const rows = [...modules.flatMap(rowsOf), ...otherModules()];
const members = tableRows(sectionOf("Members"));

/** Where a counterpart does not exist: an export, or a member of one. */
function isMissing(reference: string, entry: string): boolean {
  const [owner = "", member] = reference.split(".");
  if (!exported.has(entry, owner)) return true;
  return member !== undefined && !exported.membersOf(owner).has(member);
}

Deno.test(`coming_from_twisted.md states the release of Twisted that it lists`, () => {
  assertEquals(page.includes(`the release Twisted ${twisted.release};`), true);
});

Deno.test(`coming_from_twisted.md has a row for every public name of Twisted, and no other`, () => {
  const listed = Map.groupBy(rows, ({ module }) => module);
  const names = [...listed].map(([module, rows]): [string, string[]] => [
    module,
    rows.flatMap(({ names }) => names).toSorted(),
  ]);
  for (const [module, expected] of Object.entries(twisted.modules)) {
    assertEquals(Object.fromEntries(names)[module], expected.toSorted(), module);
  }
  assertEquals([...listed.keys()].toSorted(), Object.keys(twisted.modules).toSorted());
});

Deno.test(`coming_from_twisted.md gives for each name a counterpart, or that there is none`, () => {
  const silent = rows.filter(({ names }) => names.length === 0);
  assertEquals(silent, []);
});

Deno.test(`coming_from_twisted.md lists only counterparts that the entry point exports`, () => {
  const missing = rows.flatMap(({ module, here, entry }) =>
    here.filter((reference) => isMissing(reference, entry)).map((reference) =>
      `${module}: ${entry} has no ${reference}`
    )
  );
  assertEquals(missing, []);
});

Deno.test(`coming_from_twisted.md lists every export whose name exists in Twisted`, () => {
  const stale = rows.flatMap(({ module, names, here }) =>
    names.filter((name) => !here.includes(name)).flatMap((name) =>
      exported.entriesOf(name)
        .filter((entry) => OTHER_MEANINGS[`${module}.${name}`] !== entry)
        .map((entry) => `${module}.${name}: ${entry} exports this name`)
    )
  );
  assertEquals(stale, []);
});

Deno.test(`coming_from_twisted.md lists the members that are renamed or missing`, () => {
  const listed: Record<string, string[]> = {};
  for (const [owners = "", names = ""] of members) {
    for (const owner of codeIn(owners)) (listed[owner] ??= []).push(...codeIn(names));
  }
  const missing: Record<string, string[]> = {};
  for (const [owner, names] of Object.entries(twisted.members)) {
    const row = rows.find(({ module, names }) =>
      names.some((name) => `${module}.${name}` === owner)
    );
    if (row === undefined || row.isAbsent) continue;
    const here = new Set(row.here.flatMap((name) => [...exported.membersOf(name)]));
    const gone = names.filter((name) => !here.has(name));
    // A counterpart that is a member is compared by its name alone.
    if (gone.length > 0 && !row.here.some((name) => name.includes("."))) missing[owner] = gone;
  }
  for (const names of Object.values(listed)) names.sort();
  assertEquals(listed, missing);
});

Deno.test(`coming_from_twisted.md lists only counterparts of members that exist`, () => {
  const missing = members.flatMap(([, , here = ""]) =>
    codeIn(here).filter((reference) => /^[A-Z]\w+\.\w+$/.test(reference)).filter((reference) =>
      exported.entriesOf(reference.split(".")[0] ?? "")
        .every((entry) => isMissing(reference, entry))
    )
  );
  assertEquals(missing, []);
});

testPrintedOutput("coming_from_twisted.md", 8);
