/**
 * Measures one table in a process of its own, so that the garbage of one does not slow down the
 * next: `main.ts` starts it.
 *
 * Usage: `deno run -A bench/run_table.ts NAME OPTIONS FILE`. The options are JSON; the results are
 * written to the file.
 *
 * @module
 */

import type { Options, Table } from "./measure.ts";

const [name = "", options = "{}", file = ""] = Deno.args;
// The cast states what a module in tables/ exports.
const { measure } = await import(`./tables/${name}.ts`) as {
  measure(options: Options): Promise<Table>;
};
const table = await measure(JSON.parse(options));
await Deno.writeTextFile(file, JSON.stringify(table));
Deno.exit();
