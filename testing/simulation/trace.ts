/**
 * The record of what happened in a simulation.
 *
 * @module
 */

import { visibleText } from "../../internal/visible_text.ts";
import { inSeconds } from "./faults.ts";

/** One line of a trace. */
export interface TraceEntry {
  /** The virtual time in microseconds. */
  readonly time: number;
  /** The host, or `""` for the network and the scenario. */
  readonly host: string;
  /** What happened. */
  readonly text: string;
}

/** The narrowest column, in characters. */
const LEAST_WIDTH = 12;
/** The width of a trace that has few hosts, in characters. */
const WIDTH = 100;
const TIME_WIDTH = 11;

/** A trace, which can be read as a table with a column per host. */
export class Trace {
  readonly #entries: TraceEntry[] = [];
  readonly #isOn: boolean;

  /** @param isOn Whether entries are kept. */
  constructor(isOn: boolean) {
    this.#isOn = isOn;
  }

  /** Whether entries are kept. The text of an entry is made only if they are. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** The entries, in the order of their time. */
  get entries(): readonly TraceEntry[] {
    return this.#entries;
  }

  /** Adds an entry. */
  add(time: number, host: string, text: string): void {
    if (this.#isOn) this.#entries.push({ time, host, text: visibleText(text) });
  }

  /**
   * Returns the trace as lines of text: the time in seconds, the host, and what happened.
   *
   * Two traces are equal to the byte if the same happened.
   */
  toString(): string {
    return this.#entries.map(({ time, host, text }) =>
      `${inSeconds(time).padStart(TIME_WIDTH)} ${host || "-"}: ${text}\n`
    ).join("");
  }

  /**
   * Returns the trace as a table with a column for the network and one for each host.
   *
   * @param options The number of the last entries to show; all of them by default.
   */
  toTable({ last = Infinity }: { last?: number | undefined } = {}): string {
    const entries = this.#entries.slice(-Math.min(last, this.#entries.length));
    const hosts = ["", ...new Set(this.#entries.map(({ host }) => host))]
      .filter((host, index) => host !== "" || index === 0);
    const width = Math.max(LEAST_WIDTH, Math.floor((WIDTH - TIME_WIDTH) / hosts.length) - 3);
    const head = row("seconds", hosts.map((host) => host || "network"), width);
    const lines = entries.flatMap(({ time, host, text }) =>
      wrap(text, width).map((part, index) =>
        row(
          index === 0 ? inSeconds(time) : "",
          hosts.map((each) => each === host ? part : ""),
          width,
        )
      )
    );
    const omitted = this.#entries.length - entries.length;
    const note = omitted > 0 ? [`… ${omitted} earlier entries`] : [];
    return [head, "-".repeat(head.length), ...note, ...lines, ""].join("\n");
  }
}

function row(time: string, cells: readonly string[], width: number): string {
  return [time.padStart(TIME_WIDTH), ...cells.map((cell) => cell.padEnd(width))].join(" | ")
    .trimEnd();
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
