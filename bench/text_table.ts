/**
 * Prints a table of results in columns, for a terminal and for a page.
 *
 * @module
 */

import type { Table } from "./measure.ts";
import { contendersOf, figure, loadsOf, ratioOf, ratioText, valueOf } from "./results.ts";

/** A table as text: its caption, and its cells with a header. */
export interface TextTable {
  readonly caption: string;
  readonly rows: readonly (readonly string[])[];
}

/** Returns a table as texts: one for each metric if there are several loads. */
export function textTables(table: Table): TextTable[] {
  if (table.rows.length === 0) return [];
  if (table.shape === "pairs") return [pairs(table)];
  const metrics = Object.keys(table.metrics);
  const loads = loadsOf(table);
  if (loads.length === 1) {
    const columns = metrics.map((metric) => ({ load: loads[0] ?? "", metric, title: metric }));
    const titled = columns.map((column) => ({
      ...column,
      title: table.metrics[column.metric]?.title ?? "",
    }));
    return [{ caption: loads[0] ?? "", rows: matrix(table, titled) }];
  }
  return metrics.map((metric) => {
    const rows = matrix(table, loads.map((load) => ({ load, metric, title: load })));
    const caption = table.metrics[metric]?.title ?? "";
    return { caption, rows: table.comparesLoads ? withGrowth(table, metric, rows) : rows };
  });
}

/** Adds a column: the figure under the last load, divided by that under the first one. */
function withGrowth(table: Table, metric: string, rows: readonly string[][]): string[][] {
  const loads = loadsOf(table);
  const [first = "", last = ""] = [loads[0], loads.at(-1)];
  return rows.map(([name = "", ...cells], i) => {
    const ratio = valueOf(table, last, name, metric) / valueOf(table, first, name, metric);
    return [name, ...cells, i === 0 ? `${last} / ${first}` : ratioText(ratio)];
  });
}

/** A column of a matrix: one metric under one load. */
interface Column {
  readonly load: string;
  readonly metric: string;
  readonly title: string;
}

/** A line for each contender; the ratios to the references are in brackets. */
function matrix(table: Table, columns: readonly Column[]): string[][] {
  const cell = (contender: string, { load, metric }: Column): string => {
    const unit = table.metrics[metric]?.unit ?? "";
    const text = figure(valueOf(table, load, contender, metric), unit);
    // A count is not compared.
    const ratios = unit === ""
      ? []
      : table.references.map((reference) =>
        ratioText(ratioOf(table, load, contender, reference, metric)) || "–"
      );
    return text === "" || ratios.length === 0 ? text : `${text} (${ratios.join(", ")})`;
  };
  return [
    ["", ...columns.map(({ title }) => title)],
    ...contendersOf(table).map((contender) => [
      contender,
      ...columns.map((column) => cell(contender, column)),
    ]),
  ];
}

/** A line for each load and other contender, beside the figure of this library. */
function pairs(table: Table): TextTable {
  const [ours = ""] = table.references;
  const rows = table.rows.filter(({ contender }) => contender !== ours)
    .flatMap(({ load, contender, values }) =>
      Object.keys(values).map((metric) => {
        const unit = table.metrics[metric]?.unit ?? "";
        return [
          load,
          contender,
          figure(valueOf(table, load, contender, metric), unit),
          figure(valueOf(table, load, ours, metric), unit),
          ratioText(ratioOf(table, load, ours, contender, metric)),
        ];
      })
    );
  const caption = Object.values(table.metrics).map(({ title }) => title).join(" or ");
  const name = ours === "torsion" ? "Torsion" : ours;
  return { caption, rows: [["Load", "Against", "Its figure", name, "Ratio"], ...rows] };
}

/** Returns the rows in columns of equal width. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0))
  );
  return rows.map((row) =>
    row.map((cell, column) => {
      const width = widths?.[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ").trimEnd()
  ).join("\n");
}

/** Returns the rows as a table of Markdown. */
export function markdown(rows: readonly (readonly string[])[]): string {
  const lines = rows.map((row) => `| ${row.join(" | ")} |`);
  const rule = `| ${(rows[0] ?? []).map(() => "---").join(" | ")} |`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}
