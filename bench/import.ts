/**
 * Measures what importing the library costs over bare Deno: modules, processor time and memory.
 *
 * Usage: `deno run -A bench/import.ts [ROUNDS]`
 *
 * Each measurement is a new process, which reads its processor time and memory, imports the module,
 * and reads them again. The entry points take turns, so that all are measured in the same
 * conditions. Each line has the median of the rounds, and the least processor time. The processor
 * time is that of all threads; reading it needs Linux. The last line is `mod.ts` as one file by
 * `deno bundle`: the difference is the cost of having many modules.
 */

import { loadedModules } from "../testing/fixtures/module_graph.ts";
import { median } from "./server_process.ts";

const ROUNDS = Number(Deno.args[0] ?? "7");
const root = new URL("../", import.meta.url);
const entries = ["mod.ts", "reactor/mod.ts", "endpoints/mod.ts", "defer/mod.ts"];

// The program must not read a global that makes Deno load `node:` modules, such as `process`.
const CHILD = `
  const milliseconds = () => [...Deno.readDirSync("/proc/self/task")].reduce((sum, { name }) =>
    sum + parseInt(Deno.readTextFileSync("/proc/self/task/" + name + "/schedstat")) / 1e6, 0);
  milliseconds();
  const [time, { rss }] = [milliseconds(), Deno.memoryUsage()];
  await import(Deno.args[0]);
  console.log(milliseconds() - time, (Deno.memoryUsage().rss - rss) / 2 ** 20);`;

/** What one import has cost, in milliseconds and MiB. */
interface Cost {
  readonly ms: number;
  readonly mib: number;
}

async function measure(module: URL): Promise<Cost> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", CHILD, module.href],
    cwd: root,
    stderr: "inherit",
  }).output();
  const [ms = NaN, mib = NaN] = new TextDecoder().decode(stdout).trim().split(" ").map(Number);
  return { ms, mib };
}

const folder = await Deno.makeTempDir();
try {
  const bundle = new URL(`file://${folder}/bundle.js`);
  await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "-o", bundle.pathname, "mod.ts"],
    cwd: root,
  }).output();
  const rows = await Promise.all(entries.map(async (entry) => ({
    name: entry,
    module: new URL(entry, root),
    modules: (await loadedModules(entry, root)).length,
    costs: [] as Cost[],
  })));
  rows.push({ name: "mod.ts in one file", module: bundle, modules: 1, costs: [] });
  for (let round = 0; round < ROUNDS; round++) {
    for (const { module, costs } of rows) costs.push(await measure(module));
  }
  console.log(`import, over bare Deno, median of ${ROUNDS} rounds`);
  for (const { name, modules, costs } of rows) {
    const times = costs.map(({ ms }) => ms);
    const memory = median(costs.map(({ mib }) => mib));
    console.log(
      `${name}: ${modules} modules, ${median(times).toFixed(1)} ms of processor time ` +
        `(least ${Math.min(...times).toFixed(1)}), ${memory.toFixed(1)} MiB`,
    );
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
