/**
 * The record of what happened in a simulation.
 *
 * @module
 */

import { visibleText } from "../../internal/visible_text.ts";
import { formatSeconds } from "./faults.ts";
import { formatTable, TIME_WIDTH } from "./trace_table.ts";

/** One line of a trace. */
export interface TraceEntry {
  /** The virtual time in seconds. */
  readonly time: number;
  /** The host, or `""` for the network and the scenario. */
  readonly host: string;
  /** A sentence without its subject, which is the host. */
  readonly text: string;
  /** Whether it is a packet or a line of the log, of which there are many. */
  readonly isRoutine: boolean;
}

/** The largest number of bytes whose text is shown. */
const MOST_SHOWN = 120;

/** A trace, which can be read as a table with a column per host. */
export class Trace {
  readonly #entries: TraceEntry[] = [];
  readonly #isOn: boolean;
  readonly #names = new Map<string, string>();
  /** Finds the addresses of hosts. Matches nothing without hosts. */
  #addresses = /(?!)/g;

  /**
   * Creates a trace without entries.
   *
   * @param isOn Whether entries are kept.
   */
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

  /**
   * Adds a host. In entries from now on, its name stands in the place of its addresses.
   *
   * @param name The name of the host.
   * @param addresses Its IP addresses.
   */
  addHost(name: string, addresses: readonly string[]): void {
    if (!this.#isOn) return;
    for (const address of addresses) {
      this.#names.set(address.includes(":") ? `[${address}]` : address, name);
    }
    const all = [...this.#names.keys()].map((address) => RegExp.escape(address)).join("|");
    // 10.0.0.1 does not match in 10.0.0.12.
    this.#addresses = new RegExp(`(?<![\\d.])(?:${all})(?!\\.?\\d)`, "g");
  }

  /**
   * Adds an entry: a fault, or a note.
   *
   * @param time The virtual time in seconds.
   * @param host The host, or `""` for the network and the scenario.
   * @param text What happens.
   */
  add(time: number, host: string, text: string): void {
    this.#add(time, host, text, "", false);
  }

  /**
   * Adds an entry of which there are many: a packet, or a line of the log.
   *
   * @param time The virtual time in seconds.
   * @param host The host.
   * @param text What happens.
   * @param data The bytes in the packet, which are shown if they are text.
   */
  addRoutine(time: number, host: string, text: string, data: Uint8Array | null = null): void {
    if (this.#isOn) this.#add(time, host, text, data === null ? "" : preview(data), true);
  }

  #add(time: number, host: string, text: string, data: string, isRoutine: boolean): void {
    if (!this.#isOn) return;
    const named = text.replace(this.#addresses, (address) => this.#names.get(address) ?? address);
    const line = visibleText(named + data, { newlines: "escaped" });
    this.#entries.push({ time, host, text: line, isRoutine });
  }

  /**
   * Returns the trace as lines of text: the time in seconds, the host, and what happened.
   *
   * Two traces are equal to the byte if the same happened.
   */
  toString(): string {
    return this.#entries.map(({ time, host, text }) =>
      `${formatSeconds(time).padStart(TIME_WIDTH)} ${host || "-"}: ${text}\n`
    ).join("");
  }

  /**
   * Returns the trace as a table with a column for each host.
   *
   * @param options The number of the last entries to show; all of them by default. As many faults
   *   and notes are shown from the time before.
   */
  toTable({ last = Infinity }: { last?: number | undefined } = {}): string {
    const hosts = [...new Set(this.#names.values())];
    return formatTable(this.#entries, hosts, last);
  }
}

/** Returns the text that bytes contain, after a colon; `""` if they are no text. */
function preview(data: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(data.subarray(0, MOST_SHOWN));
    // deno-lint-ignore no-control-regex -- such characters show that the bytes are no text
    if (/[\0-\x08\x0e-\x1f]/.test(text)) return "";
    return `: ${text}${data.length > MOST_SHOWN ? "…" : ""}`;
  } catch {
    return "";
  }
}
