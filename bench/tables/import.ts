/**
 * What importing the library costs over bare Deno: modules, processor time and memory.
 *
 * Each measurement is a new process, which reads its processor time and memory, imports the module,
 * and reads them again. The processor time is that of all threads; reading it needs Linux. `mod.ts`
 * as one file by `deno bundle` shows the cost of having many modules. For Twisted, the same is
 * measured in Python.
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
const DENO_CHILD = `
  const milliseconds = () => [...Deno.readDirSync("/proc/self/task")].reduce((sum, { name }) =>
    sum + parseInt(Deno.readTextFileSync("/proc/self/task/" + name + "/schedstat")) / 1e6, 0);
  milliseconds();
  const [time, { rss }] = [milliseconds(), Deno.memoryUsage()];
  await import(Deno.args[0]);
  console.log(milliseconds() - time, (Deno.memoryUsage().rss - rss) / 2 ** 20);`;

const PYTHON_CHILD = `
import sys, time
def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) / 256
start, before = time.process_time(), resident()
from twisted.internet import endpoints, protocol, reactor
print((time.process_time() - start) * 1000, resident() - before)`;

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
      return inDeno(entry, new URL(entry, root).href, { modules });
    }));
    contenders.push(inDeno(ONE_FILE, `file://${bundle}`, { modules: 1 }));
    contenders.push(inDeno("node:net on Deno", "node:net"));
    if (await hasTwisted(recorder)) {
      contenders.push({
        name: "Twisted, in Python",
        run: () => costOf(PYTHON, ["-c", PYTHON_CHILD]),
      });
    }
    await compare(recorder, "import", contenders, options.rounds, 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return recorder.finish();
}

function inDeno(name: string, module: string, modules: Record<string, number> = {}): Contender {
  const args = ["eval", DENO_CHILD, module];
  return { name, run: async () => ({ ...await costOf(Deno.execPath(), args), ...modules }) };
}

async function costOf(command: string, args: string[]): Promise<Record<string, number>> {
  const options = { args, cwd: root, stderr: "inherit" } as const;
  const { stdout } = await new Deno.Command(command, options).output();
  const [time = NaN, memory = NaN] = new TextDecoder().decode(stdout).trim().split(" ").map(Number);
  return { time, memory };
}
