/**
 * Draws the results as one SVG.
 *
 * @module
 */

import type { Table } from "./measure.ts";
import { contendersOf, figure, loadsOf, type Results, valueOf } from "./results.ts";

const WIDTH = 960;
const PANEL_WIDTH = 460;
const PANEL_HEIGHT = 300;
const GAP = 20;
const LABEL_WIDTH = 200;
const VALUE_WIDTH = 70;
const OURS = "#2563eb";
const OTHERS = "#9ca3af";
const TEXT = "#111827";

/** What a panel shows: a metric of a table, under one load or under all. */
interface Panel {
  readonly table: string;
  readonly metric: string;
  readonly title: string;
  /**
   * The start of the load whose figures are bars. Without one, a line for each contender joins all
   * loads.
   */
  readonly load?: string;
}

const PANELS: readonly Panel[] = [
  {
    table: "echo",
    metric: "cpu",
    load: "64 x 64 B",
    title: "Echo of 64 B on 64 connections: processor time",
  },
  {
    table: "echo",
    metric: "cpu",
    load: "512 x 1 KiB",
    title: "Echo of 1 KiB on 512 connections: processor time",
  },
  { table: "hello", metric: "perSecond", load: "32 clients", title: "Connections per second" },
  {
    table: "latency",
    metric: "p99",
    load: "64 x 64 B",
    title: "p99 latency at 10,000 messages per second",
  },
  {
    table: "idle",
    metric: "memory",
    load: "the last",
    title: "Memory of an idle connection",
  },
  {
    table: "growth",
    metric: "cpu",
    title: "Processor time per message, 1 to 10,000 connections",
  },
];

/** Returns a document with a panel for each measured table of those above. */
export function plot(results: Results): string {
  const panels = PANELS.flatMap((panel) => {
    const table = results.tables[panel.table];
    return table === undefined || table.rows.length === 0 ? [] : [{ panel, table }];
  });
  const drawn = panels.map(({ panel, table }, i) => {
    const x = i % 2 * (PANEL_WIDTH + GAP) + GAP / 2;
    const y = Math.floor(i / 2) * (PANEL_HEIGHT + GAP) + GAP;
    const body = panel.load === undefined ? lines(table, panel.metric) : bars(table, panel);
    return `<g transform="translate(${x} ${y})">\n<text y="12" font-weight="bold">${
      escaped(panel.title)
    }</text>\n${body}\n</g>`;
  });
  const height = Math.ceil(panels.length / 2) * (PANEL_HEIGHT + GAP) + GAP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
    `font-family="sans-serif" font-size="12" fill="${TEXT}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...drawn,
    "</svg>\n",
  ].join("\n");
}

/** The figures of a panel, as horizontal bars. */
function bars(table: Table, { metric, load: start = "" }: Panel): string {
  const load = loadsOf(table).find((load) => load.startsWith(start)) ?? "";
  const unit = table.metrics[metric]?.unit ?? "";
  // The best is at the top: the highest rate, or the lowest cost.
  const sign = unit === "/s" ? -1 : 1;
  const values = contendersOf(table).map((name) => ({
    name,
    value: valueOf(table, load, name, metric),
  })).filter(({ value }) => !Number.isNaN(value)).toSorted((a, b) => sign * (a.value - b.value));
  const most = Math.max(...values.map(({ value }) => value));
  const step = (PANEL_HEIGHT - 24) / values.length;
  return values.map(({ name, value }, i) => {
    const y = 24 + i * step;
    const width = (PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH) * value / most;
    const middle = (y + step / 2 + 3).toFixed(1);
    return [
      `<text x="${LABEL_WIDTH - 8}" y="${middle}" text-anchor="end">${escaped(name)}</text>`,
      `<rect x="${LABEL_WIDTH}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" ` +
      `height="${(step * 0.75).toFixed(1)}" fill="${colorOf(name)}"/>`,
      `<text x="${(LABEL_WIDTH + width + 6).toFixed(1)}" y="${middle}">${
        escaped(figure(value, unit))
      }</text>`,
    ].join("\n");
  }).join("\n");
}

/** The figures under all loads, as a line for each contender. */
function lines(table: Table, metric: string): string {
  const loads = loadsOf(table);
  const names = contendersOf(table);
  const valuesOf = (name: string): number[] =>
    loads.map((load) => valueOf(table, load, name, metric));
  const most = Math.max(...names.flatMap(valuesOf).filter((value) => !Number.isNaN(value)));
  const [left, right, top, bottom] = [20, PANEL_WIDTH - LABEL_WIDTH, 30, PANEL_HEIGHT - 20];
  const x = (i: number): number => left + (right - left) * i / Math.max(1, loads.length - 1);
  const y = (value: number): number => bottom - (bottom - top) * value / most;
  const axis = loads.map((load, i) =>
    `<text x="${x(i).toFixed(1)}" y="${PANEL_HEIGHT}" text-anchor="middle">${escaped(load)}</text>`
  );
  const ends = spread(names.map((name) => ({ name, at: y(valuesOf(name).at(-1) ?? 0) })));
  const drawn = names.map((name) => {
    const points = valuesOf(name).map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`);
    return `<polyline points="${points.join(" ")}" fill="none" stroke="${
      colorOf(name)
    }" stroke-width="2"/>`;
  });
  const labels = ends.map(({ name, at }) =>
    `<text x="${right + 8}" y="${(at + 4).toFixed(1)}">${
      escaped(`${name} ${figure(valuesOf(name).at(-1) ?? NaN, table.metrics[metric]?.unit ?? "")}`)
    }</text>`
  );
  return [...axis, ...drawn, ...labels].join("\n");
}

/** Moves labels apart that would overlap. */
function spread(labels: { name: string; at: number }[]): { name: string; at: number }[] {
  let last = Infinity;
  return labels.toSorted((a, b) => b.at - a.at).map(({ name, at }) => {
    last = Math.min(at, last - 14);
    return { name, at: last };
  });
}

function colorOf(name: string): string {
  return name.startsWith("Torsion") ? OURS : OTHERS;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
