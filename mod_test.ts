// Tests of the entry point ".": an explicit list of the everyday names, each of them documented.

import { assert, assertEquals } from "@std/assert";

const root = new URL("./", import.meta.url);

/** The number of names of the entry point. Add a name only if a first program needs it. */
const EVERYDAY_NAMES = 83;

/** The part of the output of `deno doc --json` that these tests read. */
interface Documentation {
  nodes: Record<string, {
    symbols?: {
      name: string;
      declarations?: { jsDoc?: { doc?: string; tags?: { kind: string }[] } }[];
    }[];
  }>;
}

/** The documentation of a name: its text and its tags. */
interface Description {
  readonly doc: string;
  readonly tags: readonly string[];
}

/** Returns the names that an entry point exports, each with its documentation. */
async function exportsOf(entry: string): Promise<Map<string, Description>> {
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", entry],
    cwd: root,
  }).output();
  assertEquals(code, 0);
  const { nodes }: Documentation = JSON.parse(new TextDecoder().decode(stdout));
  return new Map(
    Object.values(nodes).flatMap(({ symbols = [] }) => symbols).map((
      { name, declarations = [] },
    ) => [name, {
      doc: declarations.map(({ jsDoc }) => jsDoc?.doc ?? "").join(""),
      tags: declarations.flatMap(({ jsDoc }) => jsDoc?.tags ?? []).map(({ kind }) => kind),
    }]),
  );
}

Deno.test("mod.ts exports exactly the everyday names, in an explicit list", async () => {
  const names = await exportsOf("mod.ts");
  assertEquals(names.size, EVERYDAY_NAMES, [...names.keys()].join(" "));
  const text = await Deno.readTextFile(new URL("mod.ts", root));
  assertEquals(text.match(/export \* from/g), null);
});

Deno.test("mod.ts exports no name without documentation", async () => {
  const names = await exportsOf("mod.ts");
  const undocumented = [...names].filter(([name, { doc }]) => name !== "log" && doc === "");
  assertEquals(undocumented.map(([name]) => name), []);
  // The namespace `log` is documented at its own entry point.
  assert(names.has("log"));
});

Deno.test("mod.ts exports only names that another entry point exports too", async () => {
  const floors = ["defer", "endpoints", "protocol", "reactor", "task"];
  const exported = await Promise.all(floors.map((floor) => exportsOf(`${floor}/mod.ts`)));
  const known = new Set(["log", ...exported.flatMap((names) => [...names.keys()])]);
  const names = await exportsOf("mod.ts");
  assertEquals([...names.keys()].filter((name) => !known.has(name)), []);
});

Deno.test("@experimental marks exactly the names that need an unstable API of Deno", async () => {
  const names = [...await exportsOf("reactor/mod.ts"), ...await exportsOf("protocol/mod.ts")];
  const tagged = names.filter(([, { tags }]) => tags.includes("experimental"));
  const unstable = names.filter(([name]) => /UNIXDatagram|ConnectedDatagramProtocol/.test(name));
  assertEquals(tagged.map(([name]) => name), unstable.map(([name]) => name));
});
