/**
 * The entries of a trace that a table shows.
 *
 * @module
 */

import { inSeconds } from "./faults.ts";
import type { TraceEntry } from "./trace.ts";

/** The longest group of entries that counts as a repetition. */
const LONGEST_GROUP = 24;
/** The fewest entries that a repetition must save. */
const LEAST_SAVED = 3;
/** The number of entries shown before and after each fault. */
const BEFORE_FAULT = 3;
const AFTER_FAULT = 6;

/** Entries of a trace that stand for themselves, or a remark about entries that are left out. */
export type TraceItem = TraceEntry | string;

/** An entry with the remark about the entries that repeat those before it, if there are any. */
interface Shown {
  readonly entry: TraceEntry;
  /** The number of entries before it in its group. */
  readonly offset: number;
  /** The number of entries that the remark stands for. */
  repeated: number;
  remark: string;
}

/**
 * Selects the entries that explain a failure: the last ones, those around each fault, and the
 * faults and notes before. A group of packets that repeats at once is shown once.
 *
 * @param entries The entries.
 * @param last The number of the last entries to select, and the most to add for each other reason.
 */
export function selectEntries(entries: readonly TraceEntry[], last: number): TraceItem[] {
  const shown = withoutRepetitions(entries);
  const start = startOfGroup(shown, shown.length - last);
  const keys = indexesOf(shown, start, ({ isRoutine }) => !isRoutine).slice(-last);
  const context = aroundFaults(shown, start, last);
  const selected = [...new Set([...keys, ...context])].sort((a, b) => a - b);
  const items: TraceItem[] = [];
  let previous = -1;
  for (const index of selected) {
    const isGap = index > previous + 1 && (context.has(index) || context.has(previous));
    if (isGap) items.push("…");
    items.push(...itemsOf(shown[index]));
    previous = index;
  }
  const chosen = new Set(selected);
  const omitted = shown.slice(0, start)
    .filter((_, index) => !chosen.has(index))
    .reduce((sum, { repeated }) => sum + repeated + 1, 0);
  if (omitted > 0) {
    items.push(`… ${omitted} earlier entries are not shown. From here on, all are.`);
  }
  return [...items, ...shown.slice(start).flatMap(itemsOf)];
}

function itemsOf(shown: Shown | undefined): TraceItem[] {
  if (shown === undefined) return [];
  return shown.remark === "" ? [shown.entry] : [shown.entry, shown.remark];
}

/** Returns an index, or that of the first entry in its group: a remark counts the whole group. */
function startOfGroup(shown: readonly Shown[], index: number): number {
  return index <= 0 ? 0 : index - (shown[index]?.offset ?? 0);
}

function indexesOf(
  shown: readonly Shown[],
  end: number,
  isWanted: (entry: TraceEntry) => boolean,
): number[] {
  return [...shown.slice(0, end).entries()].filter(([, { entry }]) => isWanted(entry))
    .map(([index]) => index);
}

/** Returns the indexes of the entries around the faults before an index, the latest first. */
function aroundFaults(shown: readonly Shown[], end: number, most: number): Set<number> {
  const found = new Set<number>();
  const isFault = ({ text, isRoutine }: TraceEntry) => !isRoutine && text.startsWith("fault: ");
  for (const fault of indexesOf(shown, end, isFault).reverse()) {
    if (found.size >= most) break;
    const to = Math.min(end, fault + AFTER_FAULT + 1);
    for (let i = startOfGroup(shown, fault - BEFORE_FAULT); i < to; i++) found.add(i);
  }
  return found;
}

/** Replaces each group of packets that repeats the group before it by a remark. */
function withoutRepetitions(entries: readonly TraceEntry[]): Shown[] {
  const shown: Shown[] = [];
  for (let index = 0; index < entries.length;) {
    const [size, times] = repetitionAt(entries, index);
    const count = size === 0 ? 1 : size;
    for (const [offset, entry] of entries.slice(index, index + count).entries()) {
      shown.push({ entry, offset, repeated: 0, remark: "" });
    }
    const end = index + count * (times + 1);
    const final = shown.at(-1);
    const until = entries[end - 1];
    if (times > 0 && final !== undefined && until !== undefined) {
      final.repeated = end - index - count;
      const group = size === 1 ? "the entry above repeats" : `the ${size} entries above repeat`;
      const often = times === 1 ? "once" : `${times} times`;
      final.remark = `… ${group} ${often}, until ${inSeconds(until.time)} s`;
    }
    index = end;
  }
  return shown;
}

/** Returns the size of the group at an index that repeats, and how often it does. */
function repetitionAt(
  entries: readonly TraceEntry[],
  start: number,
): [size: number, times: number] {
  for (let size = 1; size <= LONGEST_GROUP; size++) {
    let end = start + size;
    while (isSame(entries[end], entries[end - size])) end++;
    const times = Math.floor((end - start) / size) - 1;
    if (times * size >= LEAST_SAVED) return [size, times];
    // A group with a fault or a note does not repeat, nor does a longer one.
    if (entries[start + size - 1]?.isRoutine !== true) break;
  }
  return [0, 0];
}

function isSame(one: TraceEntry | undefined, other: TraceEntry | undefined): boolean {
  return one !== undefined && other !== undefined && one.isRoutine && other.isRoutine &&
    one.text === other.text && one.host === other.host;
}
