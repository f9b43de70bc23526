/**
 * Writes the results into the pages that quote them, so that no figure is typed by hand. A section
 * between `<!-- bench: NAME -->` and `<!-- bench: end -->` is generated.
 *
 * Usage: `deno task bench:docs [--check]`. With `--check`, it changes nothing, and fails if a page
 * does not agree with the results.
 *
 * @module
 */

import { LOOP } from "./echo_servers.ts";
import type { Table } from "./measure.ts";
import { plot } from "./plot.ts";
import { figure, parseResults, type Results, valueOf } from "./results.ts";
import { markdown, textTables } from "./text_table.ts";

/** The names of the files in which a run keeps its results. */
export const RESULTS_FILE = "performance.json";
export const PLOT_FILE = "performance.svg";

const root = new URL("../", import.meta.url);
/** The folder of the committed results. */
export const DOCS = new URL("docs/", root);
const PAGES = ["README.md", "docs/performance.md", "docs/scaling.md"];

/** The servers in README.md, and its columns' titles. */
const COLUMNS: Record<string, string> = {
  [LOOP]: "`Deno.listen` loop",
  "Torsion": "Torsion",
  "Torsion on epoll": "its epoll reactor",
  "Bun.listen": "Bun",
  "uvloop": "uvloop",
  "Twisted": "Twisted",
  "C epoll": "C epoll",
};

/** A line of README.md's table: a metric of the servers. */
interface Line {
  readonly label: string;
  readonly table: string;
  readonly load: RegExp;
  readonly metric: string;
}

const LINES: readonly Line[] = [
  {
    label: "CPU per echo, 64 B, 64 connections",
    table: "echo",
    load: /^64 x 64 B$/,
    metric: "cpu",
  },
  {
    label: "CPU per echo, 1 KiB, 512 connections",
    table: "echo",
    load: /^512 x 1 KiB$/,
    metric: "cpu",
  },
  { label: "connections per second", table: "hello", load: /./, metric: "perSecond" },
  { label: "p99 latency, 10,000/s", table: "latency", load: /./, metric: "p99" },
  { label: "an idle connection", table: "idle", load: /^the last/, metric: "memory" },
];

/** Returns the text of README.md's section. */
function readmeTable({ tables }: Results): string {
  const rows = LINES.flatMap(({ label, table: name, load, metric }) => {
    const table = tables[name];
    const measured = table?.rows.find((row) => load.test(row.load))?.load;
    if (table === undefined || measured === undefined) return [];
    const unit = table.metrics[metric]?.unit ?? "";
    const cells = Object.keys(COLUMNS).map((contender) =>
      figure(valueOf(table, measured, contender, metric), unit) || "–"
    );
    return [[label, ...cells]];
  });
  return markdown([["", ...Object.values(COLUMNS)], ...rows]);
}

/** Returns the text of the section that describes the machine. */
function machineText({ machine, loadAverage, tables }: Results): string {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  const dates = Object.values(tables).map(({ date }) => date.slice(0, 10)).sort();
  const first = dates[0] ?? "";
  const last = dates.at(-1) ?? "";
  const rounds = [...new Set(Object.values(tables).map(({ options }) => options.rounds))];
  return [
    `Measured on ${first}${last === first ? "" : ` to ${last}`}. Rounds: ${rounds.join(" or ")}.`,
    `The machine has ${machine.processors} processors (${machine.processor}) and ` +
    `${machine.memory} of memory, and runs ${machine.system} with ${machine.kernel}. ` +
    (machine.isPinned
      ? "Servers run on one processor, and the load generator on another."
      : "The programs share its processors."),
    `Its load average before the run was ${loadAverage}.`,
    `Versions: ${versions.join(", ")}.`,
  ].join(" ");
}

/** Returns the text of a table's section. */
function tableText(table: Table): string {
  const parts = textTables(table).map(({ caption, rows }) =>
    `${caption.charAt(0).toUpperCase()}${caption.slice(1)}:\n\n${markdown(rows)}`
  );
  if (table.shape === "matrix" && table.references.length > 0) {
    parts.push(`In brackets: the ratio to ${table.references.join(", and that to ")}.`);
  }
  const leftOut = [...table.missing, ...table.failures];
  if (leftOut.length > 0) parts.push(`Left out: ${leftOut.join("; ")}.`);
  return parts.join("\n\n");
}

function sectionText(name: string, results: Results): string {
  if (name === "readme") return readmeTable(results);
  if (name === "machine") return machineText(results);
  const table = results.tables[name];
  if (table === undefined) {
    throw new Error(`Cannot generate the section ${JSON.stringify(name)}: there is no such table`);
  }
  return tableText(table);
}

/** Returns a page with its generated sections. */
function generated(page: string, results: Results): string {
  return page.replaceAll(
    /(<!-- bench: (?!end)(\w+) -->\n)[^]*?(<!-- bench: end -->)/g,
    (_, start: string, name: string, end: string) =>
      `${start}${sectionText(name, results)}\n${end}`,
  );
}

/** Formats text as `deno fmt` does. */
async function formatted(text: string, extension: string): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", extension, "-"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = command.stdin.getWriter();
  const written = writer.write(new TextEncoder().encode(text)).then(() => writer.close());
  const { success, stdout } = await command.output();
  await written;
  if (!success) throw new Error(`Cannot format the ${extension} text`);
  return new TextDecoder().decode(stdout);
}

/** Writes results to a folder, as JSON and as a plot. */
export async function writeResults(results: Results, folder: URL): Promise<void> {
  const json = await formatted(JSON.stringify(results), "json");
  await Deno.writeTextFile(new URL(RESULTS_FILE, folder), json);
  await Deno.writeTextFile(new URL(PLOT_FILE, folder), await formatted(plot(results), "svg"));
}

/** Returns the files that are generated from the committed results. */
async function generatedFiles(): Promise<Map<URL, string>> {
  const results = parseResults(await Deno.readTextFile(new URL(RESULTS_FILE, DOCS)));
  const files = new Map([[new URL(PLOT_FILE, DOCS), await formatted(plot(results), "svg")]]);
  for (const page of PAGES) {
    const file = new URL(page, root);
    const text = generated(await Deno.readTextFile(file), results);
    files.set(file, await formatted(text, "md"));
  }
  return files;
}

/** Writes the generated sections of all pages, and the plot. */
export async function updatePages(): Promise<void> {
  for (const [file, text] of await generatedFiles()) await Deno.writeTextFile(file, text);
}

/** Reports the files that do not agree with the results. Returns whether all agree. */
async function checkPages(): Promise<boolean> {
  let agrees = true;
  for (const [file, text] of await generatedFiles()) {
    if (await Deno.readTextFile(file) === text) continue;
    agrees = false;
    console.error(`${file.pathname} does not agree with the results: run \`deno task bench:docs\``);
  }
  return agrees;
}

if (import.meta.main) {
  if (!Deno.args.includes("--check")) await updatePages();
  else if (!(await checkPages())) Deno.exit(1);
}
