/**
 * What importing the library costs a program over bare Deno: modules, processor time and memory.
 *
 * Each measurement runs two programs with `deno run`, with and without a static import, and
 * subtracts what they have taken when they end. Deno has cached the compiled modules, as for every
 * program that has run before. The processor time is that of all threads; reading it needs Linux.
 * `mod.ts` as one file by `deno bundle` shows the cost of having many modules. For Twisted, the
 * same is measured in Python.
 *
 * @module
 */

import { loadedModules } from "../../testing/fixtures/module_graph.ts";
import { compare, type Contender, type Options, type Table, TableRecorder } from "../measure.ts";
import { hasTwisted, PYTHON } from "../python.ts";

const root = new URL("../../", import.meta.url);
const ENTRIES = ["mod.ts", "reactor/mod.ts", "endpoints/mod.ts", "defer/mod.ts"];
/** A bundle is one file; the modules of other authors are not counted. */
const ONE_FILE = "mod.ts in one file";

// The program must not read a global that makes Deno load `node:` modules, such as `process`.
const DENO_PROGRAM = `
const milliseconds = [...Deno.readDirSync("/proc/self/task")].reduce((sum, { name }) =>
  sum + parseInt(Deno.readTextFileSync("/proc/self/task/" + name + "/schedstat")) / 1e6, 0);
console.log(milliseconds, Deno.memoryUsage().rss / 2 ** 20);
`;

const PYTHON_PROGRAM = `
import time
with open("/proc/self/statm") as statm:
    print(time.process_time() * 1000, int(statm.read().split()[1]) / 256)
`;
const PYTHON_IMPORT = "from twisted.internet import endpoints, protocol, reactor";

/** Measures the table. */
export async function measure(options: Options): Promise<Table> {
  const recorder = new TableRecorder({
    title: "An import, over the bare runtime",
    shape: "matrix",
    metrics: {
      time: { title: "processor time", unit: "ms" },
      memory: { title: "memory", unit: "MiB" },
      modules: { title: "modules", unit: "" },
    },
    references: [ONE_FILE],
  }, options);
  const folder = await Deno.makeTempDir();
  try {
    const bundle = `${folder}/bundle.js`;
    const args = ["bundle", "--quiet", "-o", bundle, "mod.ts"];
    const { success } = await new Deno.Command(Deno.execPath(), { args, cwd: root }).output();
    if (!success) throw new Error("Cannot bundle mod.ts");
    const contenders = await Promise.all(ENTRIES.map(async (entry) => {
      const modules = (await loadedModules(entry, root)).length;
      return inDeno(entry, folder, new URL(entry, root).href, { modules });
    }));
    contenders.push(inDeno(ONE_FILE, folder, `file://${bundle}`, { modules: 1 }));
    contenders.push(inDeno("node:net on Deno", folder, "node:net"));
    if (await hasTwisted(recorder)) {
      contenders.push(inPython("Twisted, in Python", PYTHON_IMPORT));
    }
    // In the first rounds, Deno fills its caches.
    await compare(recorder, "import", contenders, options.rounds, 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return recorder.finish();
}

/** Returns a contender that imports a module, in programs that it writes into a folder. */
function inDeno(
  name: string,
  folder: string,
  module: string,
  modules: Record<string, number> = {},
): Contender {
  const bare = `${folder}/bare.js`;
  const file = `${folder}/${name.replaceAll(/\W/g, "_")}.js`;
  return {
    name,
    async run(): Promise<Record<string, number>> {
      await Deno.writeTextFile(bare, DENO_PROGRAM);
      await Deno.writeTextFile(file, `import ${JSON.stringify(module)};\n${DENO_PROGRAM}`);
      const run = (path: string): Promise<Cost> => costOf(Deno.execPath(), ["run", "-A", path]);
      return { ...difference(await run(file), await run(bare)), ...modules };
    },
  };
}

function inPython(name: string, statement: string): Contender {
  const run = (program: string): Promise<Cost> => costOf(PYTHON, ["-c", program]);
  return {
    name,
    run: async () =>
      difference(await run(`${statement}\n${PYTHON_PROGRAM}`), await run(PYTHON_PROGRAM)),
  };
}

/** What a program has taken: milliseconds of processor time, and MiB of memory. */
interface Cost {
  readonly time: number;
  readonly memory: number;
}

function difference(cost: Cost, bare: Cost): Record<string, number> {
  return { time: cost.time - bare.time, memory: cost.memory - bare.memory };
}

async function costOf(command: string, args: string[]): Promise<Cost> {
  const options = { args, cwd: root, stderr: "inherit" } as const;
  const { stdout } = await new Deno.Command(command, options).output();
  const [time = NaN, memory = NaN] = new TextDecoder().decode(stdout).trim().split(" ").map(Number);
  return { time, memory };
}
