/**
 * A failure of a simulation, run again.
 *
 * @module
 */

import type { SavedFailure } from "./saved_failure.ts";
import { type Invariants, loadScenario, type ScenarioModule } from "./scenario_source.ts";
import { simulate, type SimulationOptions, type SimulationResult } from "./simulate.ts";
import type { Scenario } from "./simulate.ts";

/** What `replay()` needs of a failure. */
export interface Replay extends Partial<Omit<SavedFailure, "faults" | "violation">> {
  /** The faults, one line each. */
  readonly faults: readonly string[];
}

/** Options of {@linkcode replay}. */
export interface ReplayOptions extends Omit<SimulationOptions, "script" | "faults" | "parameters"> {
  /**
   * Properties that must hold at the end of the simulation. They need a scenario that is a
   * function; a module exports its own.
   *
   * @default {{}}
   */
  invariants?: Invariants | undefined;
}

/**
 * Runs a scenario with the faults of a failure, and no others. It is the regression test of a
 * defect that `explore()` has found: it fails while the defect is there.
 *
 * The faults are lines such as `crash server 2 s to 4 s`, so they keep their meaning when a program
 * draws its random numbers in another order.
 *
 * @param scenario The scenario, as `explore()` takes it.
 * @param failure The faults; the seed and the parameters of the scenario, if they matter.
 * @param options The invariants, and the options of the simulation.
 * @returns The outcome.
 * @throws {SimulationFailure} If a property does not hold.
 * @throws {SyntaxError} If a line is not a fault.
 * @throws {RangeError | TypeError} If an option is invalid, or a fault names a host that does not
 *   exist.
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
export async function replay(
  scenario: Scenario | ScenarioModule,
  failure: Replay,
  options: ReplayOptions = {},
): Promise<SimulationResult> {
  const { seed = 1, faults, parameters } = failure;
  const { scenario: loaded, taskModules } = await loadScenario(scenario, options);
  return await simulate(seed, loaded, { ...options, taskModules, parameters, script: faults });
}
