/**
 * Simulations: hosts, networks and faults in virtual time.
 *
 * @module
 */

export type { Violation } from "./checks.ts";
export {
  describeExploration,
  type Exploration,
  ExplorationFailure,
  explore,
  type ExploreOptions,
} from "./explore.ts";
export type { Reached } from "./explore_batch.ts";
export {
  DEFAULT_FAULTS,
  type FaultRates,
  HARMLESS_FAULTS,
  type OccurrenceKind,
  type TimedKind,
} from "./faults.ts";
export type {
  HostOptions,
  Latency,
  LinkOptions,
  Parameter,
  SimulatedNetworkOptions,
} from "./network_options.ts";
export { RandomStream } from "../random_stream.ts";
export { type Replay, replay, type ReplayOptions } from "./replay.ts";
export type { SavedFailure } from "./saved_failure.ts";
export type { Invariants, ScenarioModule } from "./scenario_source.ts";
export {
  type Scenario,
  simulate,
  SimulationFailure,
  type SimulationOptions,
  type SimulationResult,
} from "./simulate.ts";
export { type HostProgram, SimulatedHost, SimulatedReactor } from "./simulated_host.ts";
export { SimulatedNetwork } from "./simulated_network.ts";
export type { TaskModules } from "./simulated_threads.ts";
export { Trace, type TraceEntry } from "./trace.ts";
