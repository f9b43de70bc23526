/**
 * The code of a regression test for a failure that a search has found.
 *
 * @module
 */

import type { ExploreOptions } from "./explore.ts";
import type { SavedFailure } from "./saved_failure.ts";
import { isScenarioModule } from "./scenario_source.ts";

/** The options of a search that its regression test repeats. */
type Options = Pick<
  ExploreOptions,
  "scenario" | "invariants" | "taskModules" | "latency" | "timeLimit"
>;

/**
 * Returns a sentence with the code of a regression test.
 *
 * @param failure The failure.
 * @param seeds The seeds that fail without a fault, if the failure needs none.
 * @param options The options of the search.
 */
export function regressionTest(
  failure: SavedFailure,
  seeds: readonly (number | string)[],
  options: Options,
): string {
  const { seed, faults } = failure;
  if (faults.length > 0) {
    const call = replayCall(`"seed":${JSON.stringify(seed)}`, failure, options);
    return `A regression test: await ${call};`;
  }
  const call = replayCall("seed", failure, options);
  return "No fault is needed. A seed changes its meaning with the next random number, so test " +
    "the code itself, or all seeds that have failed among the first: " +
    `for (const seed of ${JSON.stringify(seeds)}) await ${call};`;
}

/** Returns the call of `replay()` that repeats a failure, with all options that matter to it. */
function replayCall(seed: string, { faults, parameters }: SavedFailure, options: Options): string {
  const { scenario, invariants, taskModules, latency, timeLimit } = options;
  const module = isScenarioModule(scenario) ? scenario : null;
  const values = [`"faults":${JSON.stringify(faults)}`];
  if (Object.keys(parameters).length > 0) values.push(`"parameters":${JSON.stringify(parameters)}`);
  const named = [
    property("invariants", module?.invariants ?? (invariants && "invariants")),
    property("taskModules", module?.taskModules ?? (taskModules && "taskModules")),
    property("latency", latency?.toString()),
    property("timeLimit", timeLimit?.toString()),
  ].filter((each) => each !== "");
  const args = [module?.export ?? "scenario", `{${[seed, ...values].join(",")}}`];
  if (named.length > 0) args.push(`{ ${named.join(", ")} }`);
  return `replay(${args.join(", ")})`;
}

/** Returns a property of an object literal, or `""` without a value. */
function property(name: string, value: string | undefined): string {
  return value === undefined ? "" : value === name ? name : `${name}: ${value}`;
}
