/**
 * The search for a seed with which a scenario fails.
 *
 * @module
 */

import { checkInteger, checkTimeout, quote } from "../../internal/validation.ts";
import { startDenoThread } from "../../reactor/drivers/deno/thread.ts";
import { deferToThreadPool } from "../../reactor/threads/defer_to_thread.ts";
import { ThreadPool } from "../../reactor/threads/thread_pool.ts";
import { workerModule } from "../../reactor/threads/worker_task.ts";
import {
  type Batch,
  type BatchOfModule,
  type BatchOptions,
  EMPTY_BATCH,
  mergeBatches,
  type Reached,
  runBatch,
} from "./explore_batch.ts";
import { isSameViolation, type SavedFailure } from "./saved_failure.ts";
import { regressionTest } from "./regression_text.ts";
import {
  allStates,
  checkSource,
  forThread,
  type Invariants,
  isScenarioModule,
  type LoadedScenario,
  loadScenario,
  type ScenarioModule,
} from "./scenario_source.ts";
import { seedsWithoutFaults, shrink } from "./shrink.ts";
import {
  NOT_REPEATED,
  runSimulation,
  type Scenario,
  SimulationFailure,
  type SimulationOptions,
  type SimulationResult,
} from "./simulate.ts";

/** Options of {@linkcode explore}. */
export interface ExploreOptions extends Omit<SimulationOptions, "script" | "trace"> {
  /** The scenario. Only one that a module exports can run on several cores. */
  scenario: Scenario | ScenarioModule;
  /**
   * The number of seeds, which are then the integers from {@linkcode firstSeed} on; or the seeds.
   */
  seeds: number | readonly (number | string)[];
  /**
   * The first seed, if `seeds` is a number.
   *
   * @default {1}
   */
  firstSeed?: number | undefined;
  /**
   * Properties that must hold at the end of each simulation. They need a scenario that is a
   * function; a module exports its own.
   *
   * @default {{}}
   */
  invariants?: Invariants | undefined;
  /**
   * The states that some seed must reach, by their names in `SimulatedNetwork.sometimes()`. If any
   * are declared here or by the module, all must be: a name that is not declared fails the search.
   *
   * @default {undefined} Each state that a seed has recorded must be reached.
   */
  sometimes?: readonly string[] | undefined;
  /**
   * The number of threads for a scenario that a module exports. A function runs in this thread.
   *
   * @default {navigator.hardwareConcurrency}
   */
  workers?: number | undefined;
  /**
   * Whether to run all seeds although one has failed.
   *
   * @default {false}
   */
  collect?: boolean | undefined;
  /**
   * Seconds of real time within which a thread must run ten seeds. Otherwise the search fails and
   * names these seeds. A simulation in this thread has no such limit.
   *
   * @default {300}
   */
  realTimeLimit?: number | undefined;
  /**
   * Whether to look for a smaller failure: fewer faults and smaller parameters.
   *
   * @default {true}
   */
  shrink?: boolean | undefined;
}

/** What an exploration has shown. */
export interface Exploration {
  /** The number of seeds that were run. */
  readonly seeds: number;
  /** The failures, the first of them as small as possible. */
  readonly failures: readonly SavedFailure[];
  /** How often each state of `sometimes` was reached. */
  readonly sometimes: ReadonlyMap<string, Reached>;
  /** The number of faults that happened, in all simulations. */
  readonly faults: number;
  /** The number of events: packets, timers and faults. */
  readonly events: number;
  /** Seconds of virtual time, of all simulations together. */
  readonly seconds: number;
}

/** Thrown by `explore()` if a simulation has failed, or a state was never reached. */
export class ExplorationFailure extends Error {
  /** The error's name. */
  override readonly name = "ExplorationFailure";
  /** What the exploration has shown. */
  readonly exploration: Exploration;
  /** The smallest simulation that has failed, with its trace; `null` if none has failed. */
  readonly result: SimulationResult | null;

  /**
   * Creates the error. Its cause is that of the violation, if there is one.
   *
   * @param message The complete message.
   * @param exploration What the exploration has shown.
   * @param result The smallest simulation that has failed.
   */
  constructor(message: string, exploration: Exploration, result: SimulationResult | null = null) {
    super(message, { cause: result?.violation?.cause });
    this.exploration = exploration;
    this.result = result;
  }
}

// The genuine functions, which a fake of the time in the test around must not replace.
const { setTimeout, clearTimeout } = globalThis;

/** The number of seeds that a thread runs at a time. */
const BATCH_SIZE = 10;

/**
 * Runs a scenario with many seeds, until a property does not hold.
 *
 * A failure is made smaller before it is reported. The error's message has the faults that are
 * needed, as the call of `replay()` that becomes a regression test, and the trace.
 *
 * @param options The scenario, the seeds, and what to check.
 * @returns What the exploration has shown.
 * @throws {ExplorationFailure} If a property does not hold, no seed has reached a state of
 *   `sometimes`, or a state is not declared although others are.
 * @throws {RangeError | TypeError} If an option is invalid, or the scenario does not declare a
 *   parameter of the options.
 *
 * @example
 * ```ts
 * import { explore, type SimulatedNetwork } from "@torsion/reactor/testing";
 *
 * async function scenario(network: SimulatedNetwork): Promise<void> {
 *   const answer = network.random.below(10);
 *   await network.sleep(1);
 *   network.always("the answer is a digit", () => answer < 10);
 *   network.sometimes("the answer is 7", answer === 7);
 * }
 *
 * const states = ["the answer is 7"];
 * const { seeds, sometimes } = await explore({ scenario, sometimes: states, seeds: 100 });
 * console.log(seeds, sometimes.get("the answer is 7")?.seeds !== 0); // 100 true
 * ```
 */
export async function explore(options: ExploreOptions): Promise<Exploration> {
  const seeds = seedsOf(options);
  checkSource(options.scenario, options);
  const { batch: found, states } = await runAll(seeds, options);
  const batch = { ...found, sometimes: withDeclared(found.sometimes, states ?? []) };
  if (batch.failures.length > 0) throw await failureOf(batch, options);
  checkStates(batch, states);
  return batch;
}

/**
 * Runs the seeds in threads or in this one. The module of a scenario is not imported here: it may
 * be the main module, which is still running when it calls `explore()`.
 */
async function runAll(
  seeds: readonly (number | string)[],
  options: ExploreOptions,
): Promise<BatchOfModule> {
  const { scenario: source, sometimes, collect = false } = options;
  if (isScenarioModule(source)) {
    const { batch, states } = await exploreInThreads(source, seeds, options);
    return { batch, states: allStates(states, sometimes) };
  }
  const loaded = await loadScenario(source, options);
  const own = simulationOptions(options, loaded);
  return { batch: await runBatch(loaded.scenario, seeds, own, collect), states: loaded.states };
}

/** Returns how often each state was reached, the declared ones first. */
function withDeclared(
  reached: ReadonlyMap<string, Reached>,
  states: readonly string[],
): Map<string, Reached> {
  const none = states.map((name): [string, Reached] => [name, { seeds: 0, times: 0 }]);
  return new Map([...none, ...reached]);
}

/** Throws unless all states were reached, and all that were recorded are declared. */
function checkStates(batch: Batch, states: readonly string[] | null): void {
  const names = [...batch.sometimes.keys()];
  const undeclared = names.filter((name) => states !== null && !states.includes(name));
  if (undeclared.length > 0) {
    const list = undeclared.map(quote).join(", ");
    throw new ExplorationFailure(
      `The option sometimes does not declare ${list}, which the scenario records`,
      batch,
    );
  }
  const missed = names.filter((name) => batch.sometimes.get(name)?.seeds === 0);
  if (missed.length === 0) return;
  const list = missed.map(quote).join(", ");
  const message = `None of ${batch.seeds} seeds has reached ${list}`;
  throw new ExplorationFailure(`${message}\n${describeExploration(batch)}`, batch);
}

/**
 * Returns an exploration as lines of text: the numbers of seeds, faults and events, and how often
 * each state of `sometimes` was reached.
 *
 * @param exploration The exploration.
 */
export function describeExploration(exploration: Exploration): string {
  const { seeds, faults, events, seconds, sometimes } = exploration;
  const hours = (seconds / 3600).toFixed(1);
  return [
    `${seeds} seeds, ${faults} faults, ${events} events, ${hours} virtual hours`,
    ...[...sometimes].map(([name, { seeds, times }]) =>
      `  ${name}: in ${seeds} seeds, ${times} times`
    ),
  ].join("\n");
}

function seedsOf({ seeds, firstSeed = 1 }: ExploreOptions): readonly (number | string)[] {
  if (typeof seeds === "number") {
    checkInteger("seeds", seeds, 1, Number.MAX_SAFE_INTEGER);
    return Array.from({ length: seeds }, (_, index) => firstSeed + index);
  }
  if (!Array.isArray(seeds)) {
    throw new TypeError(`seeds must be a number or an array of seeds, got ${quote(seeds)}`);
  }
  if (seeds.length === 0) throw new RangeError("seeds must contain at least one seed, got []");
  return seeds;
}

function simulationOptions(
  { faults, latency, timeLimit, parameters }: ExploreOptions,
  { taskModules }: LoadedScenario,
): SimulationOptions {
  return { faults, latency, timeLimit, parameters, taskModules };
}

async function exploreInThreads(
  source: ScenarioModule,
  seeds: readonly (number | string)[],
  options: ExploreOptions,
): Promise<BatchOfModule> {
  const { workers = navigator.hardwareConcurrency, collect = false, realTimeLimit = 300 } = options;
  checkInteger("workers", workers, 1, 1024);
  checkTimeout("realTimeLimit", realTimeLimit);
  const { faults, latency, timeLimit, parameters } = options;
  const own: BatchOptions = { faults, latency, timeLimit, parameters };
  const module = workerModule<typeof import("./explore_batch.ts")>(
    new URL("./explore_batch.ts", import.meta.url),
  );
  using pool = new ThreadPool({
    max: workers,
    maxHeapSize: Infinity,
    startThread: startDenoThread,
  });
  pool.start();
  const queue = [...seeds];
  let total = EMPTY_BATCH;
  let states: readonly string[] | null = null;
  const work = async (): Promise<void> => {
    while (queue.length > 0) {
      const next = queue.splice(0, BATCH_SIZE);
      const task = module.task("runBatchInThread");
      const running = deferToThreadPool(pool, task, forThread(source), next, own, collect);
      const outcome = await within(running, realTimeLimit);
      if (outcome === null) throw new ExplorationFailure(tooLong(next, realTimeLimit), total);
      const { batch } = outcome;
      states = outcome.states;
      total = mergeBatches(total, batch);
      if (batch.failures.length > 0 && !collect) queue.length = 0;
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return { batch: total, states };
}

/** Returns the result of a thread; `null` if it takes longer than the limit, in seconds. */
async function within<T>(running: PromiseLike<T>, limit: number): Promise<T | null> {
  const { promise, resolve } = Promise.withResolvers<null>();
  // A longer time of setTimeout() would mean no time.
  const timer = setTimeout(() => resolve(null), Math.min(limit * 1000, 2 ** 31 - 1));
  try {
    return await Promise.race([running, promise]);
  } finally {
    clearTimeout(timer);
  }
}

function tooLong(seeds: readonly (number | string)[], limit: number): string {
  return `Cannot explore the seeds ${seeds.join(", ")}: a thread has not run them within ` +
    `${limit} s of real time, so one of the simulations runs for ever`;
}

/** Makes the first failure smaller, runs it with a trace, and describes it. */
async function failureOf(batch: Batch, options: ExploreOptions): Promise<ExplorationFailure> {
  const loaded = await loadScenario(options.scenario, options);
  const { scenario } = loaded;
  const [first, ...others] = batch.failures.toSorted((a, b) => a.faults.length - b.faults.length);
  if (first === undefined) throw new RangeError("Cannot describe a failure: there is none");
  const own = simulationOptions(options, loaded);
  const smallest = options.shrink ?? true ? await shrink(first, scenario, own) : first;
  const traced = await runSimulation(smallest.seed, scenario, {
    ...own,
    script: smallest.faults,
    parameters: smallest.parameters,
    trace: true,
  });
  const exploration = { ...batch, failures: [smallest, ...others] };
  const heading = [
    `${first.violation.kind}: ${first.violation.message}`,
    `${batch.failures.length} of ${batch.seeds} seeds ` +
    `${batch.failures.length === 1 ? "has" : "have"} failed: ` +
    batch.failures.slice(0, 10).map(({ seed }) => seed).join(", "),
  ];
  const { violation } = traced;
  if (violation === null || !isSameViolation(violation, smallest.violation)) {
    return new ExplorationFailure([...heading, NOT_REPEATED].join("\n"), exploration);
  }
  const seeds = smallest.faults.length > 0 ? [] : await seedsWithoutFaults(smallest, scenario, own);
  const test = regressionTest(smallest, seeds, options);
  const isOther = smallest.faults.length > 0 && smallest.seed !== first.seed;
  const remark = isOther
    ? [
      `(The seed ${smallest.seed} is enough: the faults happen without the seed ${first.seed}, too.)`,
    ]
    : [];
  const failure = new SimulationFailure(traced).message;
  const message = [...heading, test, ...remark, "", failure].join("\n");
  return new ExplorationFailure(message, exploration, traced);
}
