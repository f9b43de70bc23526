/**
 * The results of a run of all tables: the file that the pages quote.
 *
 * @module
 */

import { median, type Row, type Table } from "./measure.ts";

/** The machine on which the tables were measured. */
export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memory: string;
  readonly kernel: string;
  readonly system: string;
  /** Whether the servers and the load generator have a processor of their own each. */
  readonly isPinned: boolean;
  /** The versions of the runtimes and libraries. */
  readonly versions: Readonly<Record<string, string>>;
}

/** The results of a run. */
export interface Results {
  readonly machine: Machine;
  /** The average number of running programs in the minute before the run: on a quiet machine, 0. */
  readonly loadAverage: number;
  readonly tables: Readonly<Record<string, Table>>;
}

/** Reads results. */
export function parseResults(text: string): Results {
  // The cast states the format of the file, which this program has written.
  return JSON.parse(text) as Results;
}

/** Returns the loads of a table, in the order in which they were measured. */
export function loadsOf({ rows }: Table): string[] {
  return [...new Set(rows.map(({ load }) => load))];
}

/** Returns the contenders of a table, in the order in which they were measured. */
export function contendersOf({ rows }: Table): string[] {
  return [...new Set(rows.map(({ contender }) => contender))];
}

/** Returns the row of a contender under a load. */
export function rowOf(table: Table, load: string, contender: string): Row | undefined {
  return table.rows.find((row) => row.load === load && row.contender === contender);
}

/** Returns the median of a metric; NaN if it was not measured. */
export function valueOf(
  table: Table,
  load: string,
  contender: string,
  metric: string,
): number {
  return median(rowOf(table, load, contender)?.values[metric] ?? []);
}

/**
 * Returns a contender's figure divided by another's: the median of the ratios of the rounds, in
 * which both were measured one after the other.
 */
export function ratioOf(
  table: Table,
  load: string,
  contender: string,
  other: string,
  metric: string,
): number {
  const ours = rowOf(table, load, contender)?.values[metric] ?? [];
  const theirs = rowOf(table, load, other)?.values[metric] ?? [];
  return median(ours.map((value, round) => value / (theirs[round] ?? NaN)));
}

/** Writes a figure with three significant digits, and its unit. */
export function figure(value: number, unit: string): string {
  if (Number.isNaN(value)) return "";
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  const number = unit === "" ? `${Math.round(value)}` : value.toLocaleString("en", {
    maximumFractionDigits: digits,
    minimumFractionDigits: digits,
  });
  // A rate of thousands needs no digits after the third.
  if (unit === "/s") return `${rounded(value).toLocaleString("en")}/s`;
  return unit === "" ? number : `${number} ${unit}`;
}

/** Writes a ratio with two digits after the point, or with none if it is large. */
export function ratioText(ratio: number): string {
  return Number.isNaN(ratio) ? "" : ratio.toFixed(ratio >= 10 ? 0 : 2);
}

function rounded(value: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 2);
  return Math.round(value / step) * step;
}
