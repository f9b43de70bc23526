/**
 * A failure of a simulation, run again.
 *
 * @module
 */

import { quote } from "../../internal/validation.ts";
import type { SavedFailure } from "./saved_failure.ts";
import { type Invariants, loadScenario, type ScenarioModule } from "./scenario_source.ts";
import {
  type Scenario,
  simulate,
  type SimulationOptions,
  type SimulationResult,
} from "./simulate.ts";

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
  /**
   * Whether a fault may be left out because its moment or its occurrence does not come.
   *
   * @default {false} Such a fault is an error: a replay without its faults tests nothing.
   */
  allowUnused?: boolean | undefined;
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
 * @throws {RangeError | TypeError} If an option is invalid, a fault does not happen or names a host
 *   that does not exist, or the scenario does not declare a parameter of the failure.
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
  const { allowUnused = false, ...others } = options;
  const { scenario: loaded, taskModules } = await loadScenario(scenario, options);
  const settings = { ...others, taskModules, parameters, script: faults };
  const result = await simulate(seed, loaded, settings);
  const [unused] = result.unusedFaults;
  if (unused === undefined || allowUnused) return result;
  throw new RangeError(
    `Cannot replay the fault ${quote(unused)}: it did not happen in the ${result.seconds} s of ` +
      "the simulation. Correct its moment or number, or pass { allowUnused: true }",
  );
}
