/**
 * A failure of a simulation, as it can be saved and run again.
 *
 * @module
 */

import type { Violation } from "./checks.ts";
import type { SimulationResult } from "./simulate.ts";

/** A failure of a simulation as plain data. `replay()` runs it again. */
export interface SavedFailure {
  /** The seed of the random numbers that the programs and the scenario draw. */
  readonly seed: number | string;
  /** The faults, one line each. */
  readonly faults: readonly string[];
  /** The parameters of the scenario. */
  readonly parameters: Readonly<Record<string, number>>;
  /** What did not hold. */
  readonly violation: Pick<Violation, "kind" | "message">;
}

/** Returns the failure of a simulation; `null` if it had none. */
export function savedFailure(result: SimulationResult): SavedFailure | null {
  const { seed, faults, parameters, violation } = result;
  if (violation === null) return null;
  const values = [...parameters].map(([name, { value }]) => [name, value]);
  const { kind, message } = violation;
  return { seed, faults, parameters: Object.fromEntries(values), violation: { kind, message } };
}

/**
 * Returns whether two violations are of the same property. The numbers in their messages may
 * differ.
 */
export function isSameViolation(
  one: SavedFailure["violation"],
  other: SavedFailure["violation"],
): boolean {
  const text = ({ message }: SavedFailure["violation"]) => message.replace(/\d+(\.\d+)?/g, "0");
  return one.kind === other.kind && text(one) === text(other);
}
