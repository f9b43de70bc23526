/**
 * The text of `reactor.describe()`.
 *
 * @module
 */

import { findOrigin } from "../../defer/debug.ts";
import { classNameOf, logUserError } from "../../defer/guarded_call.ts";
import { visibleText } from "../../internal/visible_text.ts";
import type { IDelayedCall } from "../interfaces/mod.ts";
import { descriptionOf } from "./description_of.ts";
import type { ReactorResource } from "./open_resources.ts";

/** The greatest number of characters of the description of one item. */
const MAX_LENGTH = 1000;

/** The parts of a reactor that are described. */
export interface DescribedReactor {
  /** Whether the reactor runs. */
  readonly running: boolean;
  /** The open resources, in the order in which they were opened. */
  readonly resources: readonly ReactorResource[];
  /** The pending timed calls, in any order. */
  readonly calls: readonly IDelayedCall[];
  /** The number of resources, and of calls, that are listed. */
  readonly limit: number;
}

/** Returns the description of a reactor, in several lines. */
export function describeReactor({ running, resources, calls, limit }: DescribedReactor): string {
  return [
    `The reactor is ${running ? "running" : "not running"}.`,
    `Open resources: ${resources.length}`,
    ...listed(
      resources.slice(0, limit),
      (resource) => resource.describe?.() ?? descriptionOf(resource),
    ),
    ...rest(resources.length - limit),
    `Pending timed calls: ${calls.length}`,
    ...listed(earliest(calls, limit), String),
    ...rest(calls.length - limit),
  ].join("\n");
}

/**
 * Returns the earliest calls, in order. The times are sorted as numbers, and then only few calls,
 * because sorting a million calls would stop the program for a second.
 */
function earliest(calls: readonly IDelayedCall[], limit: number): IDelayedCall[] {
  const times = Float64Array.from(calls, (call) => call.getTime()).sort();
  const last = times[limit - 1] ?? Infinity;
  return calls.filter((call) => call.getTime() <= last)
    .sort((a, b) => a.getTime() - b.getTime())
    .slice(0, limit);
}

function listed<T extends object>(items: readonly T[], describe: (item: T) => string): string[] {
  return items.map((item) => `  ${described(item, describe)}`);
}

function rest(count: number): string[] {
  return count > 0 ? [`  and ${count} more`] : [];
}

/** Describes one item. User code that fails while it names the item does not hide the others. */
function described<T extends object>(item: T, describe: (item: T) => string): string {
  const created = findOrigin(item)?.created;
  const place = created === undefined ? "" : `, made:\n${created}`;
  try {
    return oneLine(describe(item)) + place;
  } catch (error) {
    const name = oneLine(classNameOf(item));
    logUserError(error, `Error while describing ${name}`);
    return `${name} (its description failed)${place}`;
  }
}

/**
 * Returns a description on one line, shortened. Names come from user code and from peers: the
 * client of a UNIX socket chooses its path, which may contain newlines and terminal controls.
 */
function oneLine(description: string): string {
  const text = visibleText(description.slice(0, MAX_LENGTH), { newlines: "escaped" });
  return description.length <= MAX_LENGTH ? text : `${text}…`;
}
