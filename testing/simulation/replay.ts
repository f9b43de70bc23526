/**
 * A failure of a simulation, run again.
 *
 * @module
 */

import type { SavedFailure } from "./saved_failure.ts";
import { simulate, type SimulationOptions, type SimulationResult } from "./simulate.ts";
import type { Scenario } from "./simulate.ts";

/** What `replay()` needs of a failure. */
export interface Replay extends Partial<Omit<SavedFailure, "faults" | "violation">> {
  /** The faults, one line each. */
  readonly faults: readonly string[];
}

/**
 * Runs a scenario with the faults of a failure, and no others. It is the regression test of a
 * defect that `explore()` has found: it fails while the defect is there.
 *
 * The faults are lines such as `crash server 2 s to 4 s`, so they keep their meaning when a program
 * draws its random numbers in another order.
 *
 * @param scenario The scenario.
 * @param failure The faults; the seed and the parameters of the scenario, if they matter.
 * @param options The options of the simulation.
 * @returns The outcome.
 * @throws {SimulationFailure} If a property does not hold.
 * @throws {SyntaxError} If a line is not a fault.
 *
 * @example
 * ```ts
 * import { replay, type SimulatedNetwork } from "@torsion/reactor/testing";
 *
 * async function scenario(network: SimulatedNetwork): Promise<void> {
 *   const server = network.addHost("server", () => {});
 *   await network.sleep(3);
 *   console.log(server.isUp); // false
 * }
 *
 * await replay(scenario, { faults: ["crash server 2 s to 4 s"] });
 * ```
 */
export function replay(
  scenario: Scenario,
  failure: Replay,
  options: Omit<SimulationOptions, "script" | "faults" | "parameters"> = {},
): Promise<SimulationResult> {
  const { seed = 1, faults, parameters } = failure;
  return simulate(seed, scenario, { ...options, parameters, script: faults });
}
