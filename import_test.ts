import { assertEquals } from "@std/assert";
import { loadedModules } from "./testing/fixtures/module_graph.ts";
import { read, root } from "./testing/fixtures/repository.ts";

const exports: Record<string, string> = JSON.parse(read("deno.json")).exports;

// Each module has a cost, whatever it contains: see bench/tables/import.ts. The limits are at most
// a tenth above the present numbers, so that an entry point does not grow unnoticed. An import of a
// folder's mod.ts loads the whole folder.
const LIMITS: Record<string, number> = {
  ".": 330,
  "./reactor": 222,
  "./epoll": 230,
  "./defer": 60,
  "./task": 225,
  "./protocol": 155,
  "./amp": 100,
  "./http": 90,
  "./memcache": 90,
  "./resp": 110,
  "./proxy_protocol": 90,
  "./socks": 110,
  "./supervisor": 75,
  "./telemetry": 55,
  "./websocket": 155,
  "./wire": 60,
  "./endpoints": 165,
  "./log": 32,
  "./log/std": 8,
  "./testing": 410,
  "./testing/conformance": 240,
};

// The suites for TLS and processes open the other end of a connection by `node:` modules.
const WITH_NODE = ["./testing/conformance"];

// The simulated host keeps the genuine functions, which it replaces during a simulation.
const WITH_GLOBALS = ["./testing", ...WITH_NODE];

Deno.test("each entry point loads at most its number of modules, and no `node:` module", async () => {
  const broken: string[] = [];
  for (const [entry, path] of Object.entries(exports)) {
    const modules = await loadedModules(path, root);
    const limit = LIMITS[entry] ?? 0;
    if (modules.length > limit) {
      broken.push(`${entry} loads ${modules.length} modules, more than ${limit}`);
    }
    if (WITH_NODE.includes(entry)) continue;
    for (const module of modules.filter((module) => module.startsWith("node:"))) {
      broken.push(`${entry} loads ${module}`);
    }
  }
  assertEquals(broken, []);
});

/**
 * The program of a child process that imports modules and prints, for each of them, the costly
 * globals that it uses while it loads. Deno loads `node:` modules when one of them is read. The
 * first error makes V8 parse the running file again, which takes long if all modules are in one.
 */
function usedGlobals(modules: readonly URL[]): string {
  return `
    let uses = [];
    const lazy = ["Buffer", "process", ...["Timeout", "Interval", "Immediate"].flatMap((name) =>
      ["set" + name, "clear" + name])];
    for (const name of lazy) {
      const { get, set } = Object.getOwnPropertyDescriptor(globalThis, name);
      const recording = () => (uses.push(name), get.call(globalThis));
      Object.defineProperty(globalThis, name, { get: recording, set, configurable: true });
    }
    for (const name of ["Error", "TypeError", "RangeError", "DOMException"]) {
      globalThis[name] = new Proxy(globalThis[name], {
        construct: (...args) => (uses.push(name), Reflect.construct(...args)),
      });
    }
    for (const url of ${JSON.stringify(modules)}) {
      await import(url);
      for (const name of new Set(uses)) console.log(url, "uses", name);
      uses = [];
    }
    // The program ends with this line, so an import that fails is not taken for one without uses.
    setTimeout(() => console.log(uses.join()));`;
}

Deno.test("entry points use no global at import whose first use is costly", async () => {
  const modules = Object.entries(exports).filter(([entry]) => !WITH_GLOBALS.includes(entry));
  const program = usedGlobals(modules.map(([, path]) => new URL(path, root)));
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-read", `data:text/javascript,${encodeURIComponent(program)}`],
    cwd: root,
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  assertEquals([text(stdout), text(stderr)], ["setTimeout\n", ""]);
});
