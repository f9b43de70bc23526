/**
 * Measures the tables that the pages quote, prints them, and writes them as JSON and as a plot.
 *
 * Usage: `deno task bench [TABLE...] [--rounds=3] [--seconds=0.4] [--connections=10000]
 * [--output=bench/output] [--docs]`. Without a name, all tables are measured. `--docs` writes the
 * results into `docs/` and updates the pages that quote them. Linux only.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { thisMachine } from "./machine.ts";
import { messageOf, type Options, type Table } from "./measure.ts";
import { DOCS, PLOT_FILE, RESULTS_FILE, updatePages, writeResults } from "./pages.ts";
import { type Machine, parseResults, type Results } from "./results.ts";
import { aligned, textTables } from "./text_table.ts";

/** The tables, in the order in which they are measured: the names of the modules in tables/. */
const TABLES = [
  "echo",
  "hello",
  "latency",
  "growth",
  "idle",
  "import",
  "timers",
  "deferred",
  "coalesce",
  "framing",
  "amp",
  "memcache",
  "resp",
  "resp_server",
  "redis_client",
  "http",
  "websocket",
  "workers",
  "chat",
  "forwarding",
  "proxy_memory",
];

/** With more running programs than this, the figures of a run are not steady. */
const QUIET = 0.7;

type Tables = Results["tables"];

/** Measures a table in a process of its own. Returns null if it fails. */
async function measure(name: string, options: Options): Promise<Table | null> {
  const file = await Deno.makeTempFile();
  try {
    const path = new URL("run_table.ts", import.meta.url).pathname;
    const args = ["run", "-A", path, name, JSON.stringify(options), file];
    const { success } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
    if (success) return JSON.parse(await Deno.readTextFile(file));
    console.error(`Cannot measure the table ${JSON.stringify(name)}: see above`);
    Deno.exitCode = 1;
    return null;
  } finally {
    await Deno.remove(file);
  }
}

function print(name: string, table: Table): void {
  console.log(`\n== ${name}: ${table.title}`);
  for (const { caption, rows } of textTables(table)) console.log(`\n${caption}\n${aligned(rows)}`);
  for (const missing of table.missing) console.log(`left out: ${missing}`);
  for (const failure of table.failures) console.log(`FAILED: ${failure}`);
}

/**
 * Returns the tables that the pages quote now, for those that are not measured anew or fail.
 *
 * @throws {Error} If some are not measured anew, and were measured on another machine or with other
 *   versions.
 */
async function quotedTables(machine: Machine, names: readonly string[]): Promise<Tables> {
  const results = parseResults(await Deno.readTextFile(new URL(RESULTS_FILE, DOCS)));
  if (JSON.stringify(results.machine) === JSON.stringify(machine)) return results.tables;
  if (names.length === TABLES.length) return {};
  throw new Error(
    "Cannot update the docs with some of the tables: the others were measured on another machine",
  );
}

/** What the user asks for. */
interface Request {
  readonly names: readonly string[];
  readonly options: Options;
  readonly output: URL;
  readonly isForDocs: boolean;
}

/** Reads the arguments. Prints what is wrong with them, and exits. */
function requested(): Request {
  try {
    return parseArguments();
  } catch (error) {
    console.error(messageOf(error));
    Deno.exit(2);
  }
}

function parseArguments(): Request {
  if (Deno.build.os !== "linux") {
    throw new Error(`Cannot measure on ${Deno.build.os}: the benchmarks need Linux`);
  }
  const { values, positionals } = parseArgs({
    args: Deno.args,
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "0.4" },
      connections: { type: "string", default: "10000" },
      output: { type: "string", default: "bench/output" },
      docs: { type: "boolean", default: false },
    },
  });
  for (const name of positionals) {
    if (TABLES.includes(name)) continue;
    throw new RangeError(
      `Cannot measure the table ${JSON.stringify(name)}: the names are ${TABLES.join(", ")}`,
    );
  }
  const number = (name: "rounds" | "seconds" | "connections"): number => {
    const value = Number(values[name]);
    if (value > 0) return value;
    throw new RangeError(`Cannot measure with --${name}=${values[name]}: it must be above 0`);
  };
  return {
    names: positionals.length === 0 ? TABLES : positionals,
    options: {
      rounds: number("rounds"),
      seconds: number("seconds"),
      connections: number("connections"),
    },
    output: values.docs ? DOCS : new URL(`${values.output}/`, `file://${Deno.cwd()}/`),
    isForDocs: values.docs,
  };
}

/**
 * Measures the tables, one after another, and prints each one. One that fails is left out. If one
 * of its contenders or all fail, the exit code is 1.
 */
async function measureAll(names: readonly string[], options: Options): Promise<Tables> {
  const tables: Record<string, Table> = {};
  for (const name of names) {
    const start = performance.now();
    const table = await measure(name, options);
    if (table === null) continue;
    tables[name] = table;
    if (table.failures.length > 0) Deno.exitCode = 1;
    print(name, table);
    console.log(`measured in ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
  return tables;
}

const { names, options, output, isForDocs } = requested();
const machine = await thisMachine();
const quoted = isForDocs ? await quotedTables(machine, names) : {};
const loadAverage = Number((Deno.loadavg()[0] ?? 0).toFixed(2));
if (loadAverage > QUIET) {
  console.log(`This machine is not quiet: its load average is ${loadAverage}`);
}
const tables = { ...quoted, ...await measureAll(names, options) };
await Deno.mkdir(output, { recursive: true });
await writeResults({ machine, loadAverage, tables }, output);
if (isForDocs) await updatePages();
console.log(`\nThe results are in ${output.pathname}, as ${RESULTS_FILE} and ${PLOT_FILE}.`);
