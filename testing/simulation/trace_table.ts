/**
 * A trace as a table.
 *
 * @module
 */

import { formatSeconds } from "./faults.ts";
import type { TraceEntry } from "./trace.ts";

/** The width of the column of times, in characters. */
export const TIME_WIDTH = 11;
/** The width of a table, in characters. */
const WIDTH = 100;
/** The narrowest column that can be read, in characters. */
const LEAST_WIDTH = 18;
/** The narrowest text beside lanes, in characters. */
const LEAST_TEXT = 50;

/** How a table shows the host of an entry. */
interface Layout {
  /** The head of the table, after the time. */
  readonly head: string;
  /** The number of characters in a line of text. */
  readonly width: number;
  /** Returns the text of an entry, with its host if nothing else names it. */
  text(entry: TraceEntry): string;
  /** Returns a line after the time. A long text has several. */
  line(host: string, text: string, isFirst: boolean): string;
}

/**
 * Returns entries as a table.
 *
 * @param entries The entries.
 * @param hosts The names of all hosts, in the order of their columns.
 * @param last The number of the last entries to show. As many faults and notes are shown
 *   from the time before.
 */
export function formatTable(
  entries: readonly TraceEntry[],
  hosts: readonly string[],
  last: number,
): string {
  const layout = layoutOf(hosts);
  const start = Math.max(0, entries.length - last);
  const lines = (some: readonly TraceEntry[]) => some.flatMap((entry) => linesOf(entry, layout));
  const earlier = entries.slice(0, start).filter(({ isRoutine }) => !isRoutine).slice(-last);
  const omitted = start - earlier.length;
  return [
    `${"seconds".padStart(TIME_WIDTH)} | ${layout.head}`.trimEnd(),
    "-".repeat(WIDTH),
    ...lines(earlier),
    ...omitted > 0 ? [`… ${omitted} earlier entries are not shown. From here on, all are.`] : [],
    ...lines(entries.slice(start)),
    "",
  ].join("\n");
}

function linesOf(entry: TraceEntry, layout: Layout): string[] {
  return wrap(layout.text(entry), layout.width).map((part, index) => {
    const seconds = index === 0 ? formatSeconds(entry.time) : "";
    const line = layout.line(entry.host, part, index === 0);
    return `${seconds.padStart(TIME_WIDTH)} | ${line}`.trimEnd();
  });
}

/** Returns columns if they are wide enough, or else lanes, or else the names alone. */
function layoutOf(hosts: readonly string[]): Layout {
  const all = ["", ...hosts];
  const width = Math.floor((WIDTH - TIME_WIDTH) / all.length) - 3;
  if (width >= LEAST_WIDTH) return columns(all, width);
  const isNarrow = hosts.join(" ").length + TIME_WIDTH + LEAST_TEXT <= WIDTH;
  return lanes(isNarrow ? hosts : []);
}

/** The text of each host stands in a column of its own. */
function columns(hosts: readonly string[], width: number): Layout {
  const row = (cells: readonly string[]) => cells.map((cell) => cell.padEnd(width)).join(" | ");
  return {
    head: row(hosts.map((host) => host || "network")),
    width,
    text: ({ text }) => text,
    line: (host, text) => row(hosts.map((each) => each === host ? text : "")),
  };
}

/** A star in a narrow column marks the host, and the text stands beside all columns. */
function lanes(hosts: readonly string[]): Layout {
  const head = hosts.join(" ");
  const indent = head === "" ? "" : "  ";
  const marks = (host: string) =>
    hosts.map((each) => (each === host ? "*" : ".").padEnd(each.length)).join(" ");
  return {
    head,
    width: WIDTH - TIME_WIDTH - " | ".length - head.length - indent.length - 2,
    text: ({ host, text }) => `${host || "network"}: ${text}`,
    line: (host, text, isFirst) =>
      isFirst ? `${marks(host)}${indent}${text}` : `${" ".repeat(head.length)}${indent}  ${text}`,
  };
}

/** Splits a text into parts of at most `width` characters, between words where possible. */
function wrap(text: string, width: number): string[] {
  const parts: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(" ", width);
    const end = space > 0 ? space : width;
    parts.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...parts, rest];
}
