/**
 * What all tables of the benchmarks share: the results of a table, and how they are collected.
 *
 * @module
 */

import process from "node:process";

/** How long a table is measured. */
export interface Options {
  /** The number of rounds. In each, all contenders take turns. */
  readonly rounds: number;
  /** The approximate length of one measurement, in seconds. */
  readonly seconds: number;
  /** The greatest number of connections at a time. */
  readonly connections: number;
}

/** A measured quantity. */
export interface Metric {
  readonly title: string;
  readonly unit: string;
}

/** The values of one contender under one load, one for each round. */
export interface Row {
  readonly load: string;
  readonly contender: string;
  readonly values: Record<string, number[]>;
}

/** What a table measures. */
export interface TableDescription {
  /** A title for people. */
  readonly title: string;
  /**
   * How it is printed: a line for each contender and a column for each load, or a line for each
   * load and contender beside the figure of this library.
   */
  readonly shape: "matrix" | "pairs";
  /** The metrics, by the names that the rows use. */
  readonly metrics: Record<string, Metric>;
  /**
   * The contenders with which a matrix compares the others; in pairs, the name of this library's.
   */
  readonly references: readonly string[];
  /** Whether a matrix ends with the last load divided by the first one. */
  readonly comparesLoads?: boolean;
}

/** The results of a table. */
export interface Table extends TableDescription {
  /** When it was measured, as an ISO string. */
  readonly date: string;
  readonly options: Options;
  /** The contenders that are not installed, or cannot run here, with the reason. */
  readonly missing: readonly string[];
  /** The contenders that have failed, with the reason. */
  readonly failures: readonly string[];
  readonly rows: readonly Row[];
}

/** The results of a table, while it is measured. */
export class TableRecorder {
  /** The contenders that are not installed, or cannot run here, with the reason. */
  readonly missing: string[] = [];
  /** The contenders that have failed, with the reason. The others are measured all the same. */
  readonly failures: string[] = [];
  readonly #description: TableDescription;
  readonly #options: Options;
  readonly #rows: Row[] = [];

  constructor(description: TableDescription, options: Options) {
    this.#description = description;
    this.#options = options;
  }

  /** Adds a row, unless there is one: rows keep the order in which they were first named. */
  expect(load: string, contender: string): Row {
    const found = this.#rows.find((row) => row.load === load && row.contender === contender);
    if (found !== undefined) return found;
    const row = { load, contender, values: {} };
    this.#rows.push(row);
    return row;
  }

  /** Adds the values of one round. */
  add(load: string, contender: string, values: Readonly<Record<string, number>>): void {
    const row = this.expect(load, contender);
    for (const [metric, value] of Object.entries(values)) {
      if (!Number.isFinite(value)) {
        throw new Error(`Cannot record ${metric} of ${contender}: ${value}`);
      }
      (row.values[metric] ??= []).push(Number(value.toPrecision(5)));
    }
  }

  /** Returns the results. */
  finish(): Table {
    const { missing, failures } = this;
    const options = this.#options;
    const date = new Date().toISOString();
    return { ...this.#description, date, options, missing, failures, rows: this.#rows };
  }
}

/** One side of a comparison in this process: returns its values for one round. */
export interface Contender {
  readonly name: string;
  run(): Record<string, number> | Promise<Record<string, number>>;
}

/**
 * Measures contenders in turns. Each round begins with another one, because the first one also pays
 * for the garbage and the cold caches that others have left behind.
 *
 * @param warmUps The number of rounds that do not count, while the compilers warm up.
 */
export async function compare(
  recorder: TableRecorder,
  load: string,
  contenders: readonly Contender[],
  rounds: number,
  warmUps = 0,
): Promise<void> {
  for (const { name } of contenders) recorder.expect(load, name);
  const failed = new Set<string>();
  for (let round = 0; round < warmUps + rounds; round++) {
    const first = round % contenders.length;
    for (const { name, run } of [...contenders.slice(first), ...contenders.slice(0, first)]) {
      if (failed.has(name)) continue;
      try {
        const values = await run();
        if (round >= warmUps) recorder.add(load, name, values);
      } catch (error) {
        failed.add(name);
        recorder.failures.push(`${name}, ${load}: ${messageOf(error)}`);
      }
    }
  }
}

/** Returns the message of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns the median. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

/** Returns the processor time of this process, in seconds. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Returns chunks in new memory, as a socket's are. */
export function chunksOf(bytes: Uint8Array, size: number): Uint8Array<ArrayBuffer>[] {
  const starts = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => i * size);
  return starts.map((start) => bytes.slice(start, start + size));
}
