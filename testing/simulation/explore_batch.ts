/**
 * The exploration of some seeds, in this thread or in another one.
 *
 * @module
 */

import { type SavedFailure, savedFailure } from "./saved_failure.ts";
import { loadScenario, type ScenarioModule } from "./scenario_source.ts";
import {
  checkParameters,
  runSimulation,
  type Scenario,
  type SimulationOptions,
} from "./simulate.ts";

/** How often a state of `sometimes` was reached. */
export interface Reached {
  /** The number of seeds that reached it. */
  readonly seeds: number;
  /** The number of times that it was reached, in all seeds. */
  readonly times: number;
}

/** A batch, and the states that its module declares. */
export interface BatchOfModule {
  readonly batch: Batch;
  readonly states: readonly string[] | null;
}

/** What some seeds have shown. It consists of plain data, so that a thread can return it. */
export interface Batch {
  /** The number of seeds. */
  readonly seeds: number;
  readonly failures: readonly SavedFailure[];
  readonly sometimes: ReadonlyMap<string, Reached>;
  /** The number of faults that happened. */
  readonly faults: number;
  /** The number of events. */
  readonly events: number;
  /** Seconds of virtual time. */
  readonly seconds: number;
}

/** The options of a batch that can be passed to a thread. */
export type BatchOptions = Pick<
  SimulationOptions,
  "faults" | "latency" | "timeLimit" | "parameters"
>;

/** No seeds. */
export const EMPTY_BATCH: Batch = {
  seeds: 0,
  failures: [],
  sometimes: new Map(),
  faults: 0,
  events: 0,
  seconds: 0,
};

/**
 * Runs a scenario with some seeds.
 *
 * @param scenario The scenario.
 * @param seeds The seeds.
 * @param options The options of the simulations.
 * @param collects Whether to continue after a failure.
 * @throws {RangeError} If the scenario does not declare a parameter of the options.
 */
export async function runBatch(
  scenario: Scenario,
  seeds: readonly (number | string)[],
  options: SimulationOptions,
  collects: boolean,
): Promise<Batch> {
  let batch = EMPTY_BATCH;
  for (const seed of seeds) {
    const result = await runSimulation(seed, scenario, options);
    const failure = savedFailure(result);
    // A scenario that fails may not have declared its parameters yet.
    if (failure === null) checkParameters(result, options.parameters ?? {});
    const sometimes = [...result.sometimes].map(([name, times]): [string, Reached] => [
      name,
      { seeds: times > 0 ? 1 : 0, times },
    ]);
    batch = mergeBatches(batch, {
      seeds: 1,
      failures: failure === null ? [] : [failure],
      sometimes: new Map(sometimes),
      faults: result.faults.length,
      events: result.eventCount,
      seconds: result.seconds,
    });
    if (failure !== null && !collects) break;
  }
  return batch;
}

/** Returns what both batches have shown. */
export function mergeBatches(one: Batch, other: Batch): Batch {
  const sometimes = new Map(one.sometimes);
  for (const [name, { seeds, times }] of other.sometimes) {
    const before = sometimes.get(name) ?? { seeds: 0, times: 0 };
    sometimes.set(name, { seeds: before.seeds + seeds, times: before.times + times });
  }
  return {
    seeds: one.seeds + other.seeds,
    failures: [...one.failures, ...other.failures],
    sometimes,
    faults: one.faults + other.faults,
    events: one.events + other.events,
    seconds: one.seconds + other.seconds,
  };
}

/** Runs a batch in a thread, which imports the module. */
export async function runBatchInThread(
  source: ScenarioModule,
  seeds: readonly (number | string)[],
  options: BatchOptions,
  collects: boolean,
): Promise<BatchOfModule> {
  const { scenario, states, taskModules } = await loadScenario(source);
  return {
    batch: await runBatch(scenario, seeds, { ...options, taskModules }, collects),
    states,
  };
}
