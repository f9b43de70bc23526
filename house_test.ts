// Tests of the rules of this repository that neither the compiler nor the linter checks. Each
// failure names the file that breaks the rule.

import { assertEquals } from "@std/assert";
import { filesOf, read, root } from "./testing/fixtures/repository.ts";

// The floors, from the ground up. A file may import from its own floor and from lower ones.
const FLOORS = [
  "internal",
  "log",
  "defer",
  "reactor/interfaces",
  "reactor",
  "task",
  "protocol",
  "endpoints",
  "testing",
  "mod.ts",
];

// The folders that may use Deno's API, and the names that they may use. The rest of the library
// works on any driver.
const DENO_ALLOWED: Record<string, RegExp> = {
  "reactor/drivers/": /./,
  "testing/": /./,
  "internal/": /^inspect$/,
  "log/files/": /./,
  "log/": /^(inspect|stderr)$/,
  "reactor/": /^Signal$/,
};

/** The greatest number of lines of code in a file, without comments and blank lines. */
const MAX_CODE_LINES = 400;

const isTest = (path: string): boolean => /_test\.ts$|^testing\/(?!\w+\.ts)/.test(path);
/** Returns the floor with the longest matching name: `reactor/interfaces` before `reactor`. */
const floorOf = (path: string): number =>
  FLOORS.map((floor, index) => ({ floor, index }))
    .filter(({ floor }) => path === floor || path.startsWith(`${floor}/`))
    .toSorted((a, b) => b.floor.length - a.floor.length)[0]?.index ?? -1;

const sources = filesOf().filter((path) => path.endsWith(".ts"));
const library = sources.filter((path) => floorOf(path) >= 0 && !isTest(path));

/**
 * Returns a file's text without its comments. No string of the library contains the start of a
 * comment.
 */
function codeOf(path: string): string {
  return read(path).replaceAll(/\/\*[^]*?\*\/|(?<=^|\s)\/\/.*/gm, "");
}

/**
 * Returns the specifiers that a file imports or re-exports, those of this package as paths from the
 * root.
 */
function importsOf(path: string): string[] {
  const statements = codeOf(path).matchAll(
    /^(?:import|export)(?: type)?[\w\s{},*]*\bfrom "([^"]+)"|\bimport[ (]"([^"]+)"/gm,
  );
  return [...statements].map(([, from, loaded]) => from ?? loaded ?? "")
    .map((specifier) =>
      specifier.startsWith(".")
        ? new URL(specifier, new URL(path, root)).href.slice(root.href.length)
        : specifier
    );
}

/** Returns the lines that match a pattern, each with its path. */
function places(paths: string[], pattern: RegExp, text: (path: string) => string): string[] {
  return paths.flatMap((path) =>
    text(path).split("\n").filter((line) => pattern.test(line)).map((line) => `${path}: ${line}`)
  );
}

Deno.test("files import only from their own layer and lower layers of the library", () => {
  const broken = library.flatMap((path) =>
    importsOf(path)
      .filter((to) => !(/^reactor\/drivers\//.test(path) && to.startsWith("node:")))
      .filter((to) => !(path.startsWith("testing/") && to === "node:assert/strict"))
      .filter((to) => floorOf(to) < 0 || floorOf(to) > floorOf(path))
      .map((to) => `${path} imports ${to}`)
  );
  assertEquals(broken, []);
});

Deno.test("reactor/interfaces/ imports only its own files and the type of a Deferred", () => {
  const interfaces = library.filter((path) => /^reactor\/interfaces\//.test(path));
  const allowed = ["defer/deferred.ts", ...interfaces];
  const broken = interfaces.flatMap((path) =>
    importsOf(path).filter((to) => !allowed.includes(to)).map((to) => `${path} imports ${to}`)
  );
  assertEquals(broken, []);
  assertEquals(places(interfaces, /^import (?!type )/, codeOf), []);
});

Deno.test("files do not import each other in a circle, type imports included", () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, way: string[]): void => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(" > "));
    if (done.has(path) || way.includes(path)) return;
    for (const to of importsOf(path).filter((to) => library.includes(to))) {
      visit(to, [...way, path]);
    }
    done.add(path);
  };
  for (const path of library) visit(path, []);
  assertEquals(circles, []);
});

Deno.test("files have at most 400 lines of code", () => {
  const long = library.map((path) => ({
    path,
    lines: codeOf(path).split("\n").filter((line) => line.trim() !== "").length,
  })).filter(({ lines }) => lines > MAX_CODE_LINES);
  assertEquals(long, []);
});

Deno.test("files outside of the drivers use only the allowed parts of Deno's API", () => {
  const broken = library.flatMap((path) => {
    const [, allowed] = Object.entries(DENO_ALLOWED).find(([folder]) => path.startsWith(folder)) ??
      [];
    return [...codeOf(path).matchAll(/\bDeno\.(\w+)(?!\w*")/g)]
      .filter(([, name = ""]) => !allowed?.test(name))
      .map(([use]) => `${path} uses ${use}`);
  });
  assertEquals(broken, []);
});

Deno.test("files import the process's reactor only in entry points and react()", () => {
  const reaching = library.filter((path) => importsOf(path).includes("reactor/process_reactor.ts"));
  assertEquals(reaching.toSorted(), ["mod.ts", "reactor/mod.ts", "task/react.ts"]);
});

Deno.test("entry points can be imported without permissions, and have no side effects", async () => {
  const entries: string[] = Object.values(JSON.parse(read("deno.json")).exports);
  const program = entries.map((entry) => `import "${new URL(entry, root)}";`).join("\n");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", `data:text/javascript,${encodeURIComponent(program)}`],
    cwd: root,
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  assertEquals([code, text(stdout), text(stderr)], [0, "", ""]);
});

Deno.test("files call factory methods and logPrefix() only through their guarded wrappers", () => {
  // A factory may call the method of its superclass.
  const direct = /(?<!super)\.buildProtocol\(|\.logPrefix\?\.\(|factory\.doSt(art|op)\(\);/i;
  const callers = library.filter((path) =>
    !["reactor/stream/factory_calls.ts", "defer/guarded_call.ts"].includes(path)
  );
  const broken = places(callers, direct, codeOf)
    // A forwarding method, whose caller checks the result.
    .filter((place) => !/return this\.#factory\.doSt(art|op)\(\);$/.test(place));
  assertEquals(broken, []);
});

Deno.test("mod.ts files only re-export", () => {
  const broken = library.filter((path) => /(^|\/)mod\.ts$/.test(path)).flatMap((path) =>
    codeOf(path).split(";").map((statement) => statement.trim()).filter((statement) =>
      statement !== "" && !/^export [^=]* from "[^"]+"$/.test(statement)
    ).map((statement) => `${path}: ${statement}`)
  );
  assertEquals(broken, []);
});

Deno.test("deno.json exports the mod.ts of every folder", () => {
  const exported = new Set(Object.values(JSON.parse(read("deno.json")).exports));
  const doors = library.filter((path) => /^(\w+\/)?mod\.ts$/.test(path));
  assertEquals(doors.filter((path) => !exported.has(`./${path}`)), []);
});

Deno.test("files have descriptive names in snake_case", () => {
  const broken = sources.filter((path) => {
    const name = path.split("/").at(-1) ?? "";
    return !/^[a-z0-9]+(_[a-z0-9]+)*\.ts$/.test(name) || /util|helper|common|misc/.test(name);
  });
  assertEquals(broken, []);
});

Deno.test("options interfaces accept undefined for every optional member", () => {
  const broken = library.flatMap((path) => {
    const interfaces = codeOf(path).matchAll(
      /^(?:export )?interface \w+Options\b[^{]*\{\n([^]*?)^\}/gm,
    );
    return [...interfaces].flatMap(([, body = ""]) =>
      [...body.matchAll(/^ {2}(?:readonly )?(\w+)\?: ([^;]*);/gm)]
        .filter(([, , type = ""]) => !/\bundefined\b/.test(type))
        .map(([, member]) => `${path}: ${member}`)
    );
  });
  assertEquals(broken, []);
});

Deno.test("classes have #private members only", () => {
  assertEquals(places(library, /^\s*private /, codeOf), []);
});

Deno.test("tests are neither skipped nor run without leak checks", () => {
  const tests = sources.filter(isTest);
  const evasion = /\.test\.(ignore|only|skip)\b|\b(ignore|only): *true|\bsanitize\w+: *false/;
  assertEquals(places(tests, evasion, read), []);
  assertEquals(JSON.parse(read("deno.json")).test, { sanitizeOps: true, sanitizeResources: true });
});

Deno.test("files contain no open tasks, and no suppressed check without a reason", () => {
  assertEquals(places(sources, /\b([T]ODO|[F]IXME|[X]XX)\b/, read), []);
  assertEquals(places(sources, /@ts-(ignore|nocheck)/, read), []);
  assertEquals(places(sources, /@ts-[e]xpect-error(?!: \w)/, read), []);
  assertEquals(places(sources, /deno-[l]int-ignore(?!.* -- \w)/, read), []);
});

Deno.test("examples import the library by its package name", () => {
  const examples = sources.filter((path) => path.startsWith("examples/") && !isTest(path));
  const broken = examples.flatMap((path) =>
    // The client of NATS is the one library of other authors that an example uses.
    importsOf(path).filter((to) =>
      !/^(@torsion\/reactor(\/|$)|@nats-io\/|node:|examples\/)/.test(to)
    ).map((to) => `${path}: ${to}`)
  );
  assertEquals(broken, []);
});
