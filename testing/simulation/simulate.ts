/**
 * The run of one simulation.
 *
 * @module
 */

import { holdReports, reportUnhandled } from "../../defer/unhandled.ts";
import { creationTracker, setCreationTracker } from "../../internal/creation_tracker.ts";
import { textOf } from "../../internal/foreign_value.ts";
import { checkFunction, checkTimeout, quote } from "../../internal/validation.ts";
import { addObserver, type LogEvent } from "../../log/mod.ts";
import { useWallClock } from "../../log/wall_clock.ts";
import { CreationRecord } from "../creation_record.ts";
import { LoggedErrors } from "../logged_errors.ts";
import type { Violation } from "./checks.ts";
import {
  DEFAULT_FAULTS,
  type FaultRates,
  formatSeconds,
  hostsOfFault,
  parseFault,
} from "./faults.ts";
import type { Parameter, SimulatedNetworkOptions } from "./network_options.ts";
import { hostTurn } from "./run_schedule.ts";
import { internalsOf, type NetworkInternals, SimulatedNetwork } from "./simulated_network.ts";
import type { Trace } from "./trace.ts";
import { watchUncaughtErrors } from "./uncaught_errors.ts";
import { useVirtualGlobals } from "./virtual_globals.ts";

/**
 * Builds hosts in a network, lets them work, and checks what must hold. The simulation ends when
 * the function returns or its promise settles, and each property of `eventually` has held or has
 * reached its deadline. An error that the function throws is a violation.
 */
export type Scenario = (network: SimulatedNetwork) => void | PromiseLike<unknown>;

/** Options of {@linkcode simulate}. */
export interface SimulationOptions extends Omit<SimulatedNetworkOptions, "seed"> {
  /**
   * The rates of the faults. They win over those that the scenario sets: `setFaults()` then only
   * switches kinds of faults off, and on again. `{}` is a network without faults.
   *
   * @default {DEFAULT_FAULTS} The scenario may set others.
   */
  faults?: FaultRates | undefined;
  /**
   * Seconds of virtual time after which the simulation counts as hanging.
   *
   * @default {86400} A day.
   */
  timeLimit?: number | undefined;
}

/** The outcome of a simulation. */
export interface SimulationResult {
  /** The seed. */
  readonly seed: number | string;
  /** The first property that did not hold; `null` if all did. */
  readonly violation: Violation | null;
  /** The faults that happened, one line each. */
  readonly faults: readonly string[];
  /** The faults of the option `script` that did not happen, one line each. */
  readonly unusedFaults: readonly string[];
  /** The record of the simulation. It is empty unless the option `trace` was set. */
  readonly trace: Trace;
  /** How often each state of `sometimes` was reached. */
  readonly sometimes: ReadonlyMap<string, number>;
  /** The names of the hosts, in the order in which they were added. */
  readonly hosts: readonly string[];
  /** The parameters of the scenario. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** Seconds of virtual time. */
  readonly seconds: number;
  /** The number of events: packets, timers and faults. */
  readonly eventCount: number;
}

/** The number of lines of the trace in the message of a failure. */
const SHOWN = 40;
/** The number of faults in the message of a failure. */
const SHOWN_FAULTS = 20;
const DAY = 86_400;

/** Thrown by `simulate()`, `explore()` and `replay()` if a property does not hold. */
export class SimulationFailure extends Error {
  /** The error's name. */
  override readonly name = "SimulationFailure";
  /** The outcome of the simulation. */
  readonly result: SimulationResult;

  /**
   * Creates the error. Its message has the property, the seed, the faults and the end of the trace.
   *
   * @param result The outcome of the simulation, with a violation.
   * @param remark A sentence to add to the message.
   */
  constructor(result: SimulationResult, remark: string = "") {
    super(describeFailure(result) + remark, { cause: result.violation?.cause });
    this.result = result;
  }
}

/**
 * Runs a scenario in a simulated network.
 *
 * The same seed gives the same events to the byte. While the simulation runs, global functions that
 * read the real time, draw random numbers or reach the real network are replaced, and a call is a
 * violation. Another simulation in the same process waits until this one has ended.
 *
 * @param seed Decides all random numbers.
 * @param scenario Builds the hosts, and waits until they have done their work.
 * @param options The faults and the limits.
 * @returns The outcome.
 * @throws {SimulationFailure} If a property does not hold, an error is logged that is not allowed,
 *   a Deferred or a promise fails without a handler, or the scenario throws, hangs or leaves the
 *   virtual time.
 * @throws {RangeError} If an option is invalid, a fault of the script names a host that does not
 *   exist, or the scenario does not declare a parameter of the options.
 * @throws {SyntaxError | TypeError} If an option is invalid.
 *
 * @example
 * ```ts
 * import { simulate } from "@torsion/reactor/testing";
 *
 * const { seconds } = await simulate(7, async (network) => {
 *   const { reactor } = network.addHost("alice");
 *   let ticks = 0;
 *   reactor.callLater(3600, () => ticks++);
 *   await network.eventually(4000, "the call is made", () => ticks === 1);
 * }, { faults: {} });
 * console.log(seconds); // 3600
 * ```
 */
export async function simulate(
  seed: number | string,
  scenario: Scenario,
  options: SimulationOptions = {},
): Promise<SimulationResult> {
  const result = await runSimulation(seed, scenario, options);
  const { violation } = result;
  if (violation === null) {
    checkHosts(result);
    checkParameters(result, options.parameters ?? {});
    return result;
  }
  if (options.trace) throw new SimulationFailure(result);
  // The trace costs time, so it is made by a second run, which is the same.
  const traced = await runSimulation(seed, scenario, { ...options, trace: true });
  if (traced.violation?.message === violation.message && traced.violation.time === violation.time) {
    throw new SimulationFailure(traced);
  }
  throw new SimulationFailure(result, NOT_REPEATED);
}

/** Said when a failure has not happened again. */
export const NOT_REPEATED =
  "Cannot show the trace: a second run with the same seed behaved differently. The scenario " +
  "depends on something that the seed does not decide, such as a variable outside of it.\n";

let running: Promise<unknown> = Promise.resolve();
/** Whether a simulation runs, and the number of simulations that were started meanwhile. */
let isRunning = false;
let startedMeanwhile = 0;

/** Runs a scenario as {@linkcode simulate} does, and returns the outcome whatever it is. */
export async function runSimulation(
  seed: number | string,
  scenario: Scenario,
  options: SimulationOptions = {},
): Promise<SimulationResult> {
  checkFunction("simulate() scenario", scenario);
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`simulate() options must be an object, got ${quote(options)}`);
  }
  checkTimeout("timeLimit", options.timeLimit ?? 0);
  if (isRunning) startedMeanwhile++;
  const previous = running;
  const { promise, resolve } = Promise.withResolvers<void>();
  running = promise;
  await previous;
  isRunning = true;
  startedMeanwhile = 0;
  // What the host has to do for the caller must not happen between the events.
  await hostTurn();
  try {
    return await runAlone(seed, scenario, options);
  } finally {
    isRunning = false;
    resolve();
  }
}

async function runAlone(
  seed: number | string,
  scenario: Scenario,
  options: SimulationOptions,
): Promise<SimulationResult> {
  const { timeLimit = DAY, faults = DEFAULT_FAULTS } = options;
  const network = new SimulatedNetwork({ ...options, seed, faults });
  const internals = internalsOf(network);
  const { checks } = internals;
  if (options.faults !== undefined) internals.fixFaults();
  using stack = new DisposableStack();
  // A failure from before must not be reported as a failure of this simulation.
  reportUnhandled();
  stack.use(shieldTest(options.trace ? new CreationRecord() : null));
  stack.use(holdReports());
  stack.use(useWallClock(() => network.now()));
  stack.use(addObserver((event) => receive(internals, event), {
    level: options.trace ? "debug" : "error",
    replay: false,
  }));
  stack.use(watchUncaughtErrors((what, error) => {
    checks.fail("failure", `${what}: ${textOf(error)}`, error);
  }));
  stack.use(useVirtualGlobals({
    report: (api, instead, caller) =>
      checks.fail("left virtual time", leaves(api, instead, caller)),
    now: () => network.now(),
    random: network.random.fork("Math.random").fraction,
  }));
  reportEverySecond(internals);
  const done = start(network, scenario);
  const isIdle = await internals.runGuarded(done, timeLimit);
  // The host reports rejected promises in a turn of its own.
  await hostTurn();
  reportUnhandled();
  if (isIdle) checks.fail("deadlock", deadlock());
  return {
    seed,
    violation: checks.violation,
    faults: [...network.faults],
    unusedFaults: network.unusedFaults,
    trace: network.trace,
    sometimes: checks.sometimesReached,
    hosts: network.hosts.map(({ name }) => name),
    parameters: network.parameters,
    seconds: network.seconds(),
    eventCount: network.eventCount,
  };
}

/**
 * Keeps the objects and the logged errors of the simulation from the test around it. The simulation
 * checks its errors itself, and what a host leaves behind has gone when it has ended.
 *
 * @param record Records where objects are made, for the trace; `null` without a trace.
 */
function shieldTest(record: CreationRecord | null): Disposable {
  const tracker = creationTracker;
  const errors = new LoggedErrors();
  setCreationTracker(record);
  return {
    [Symbol.dispose]: () => {
      setCreationTracker(tracker);
      errors.close();
    },
  };
}

/** Starts the scenario. The promise resolves when it ends, and an error is a violation. */
async function start(network: SimulatedNetwork, scenario: Scenario): Promise<void> {
  try {
    await scenario(network);
    await internalsOf(network).checks.nonePending();
    internalsOf(network).checks.end();
  } catch (error) {
    internalsOf(network).checks.fail("failure", `the scenario has thrown ${textOf(error)}`, error);
  }
}

/** Reports failures of Deferreds in virtual time, as a program does in real time. */
function reportEverySecond(internals: NetworkInternals): void {
  internals.inBackground(1, () => {
    reportUnhandled();
    reportEverySecond(internals);
  });
}

function receive(internals: NetworkInternals, event: LogEvent): void {
  const { message, failure } = event;
  const texts = failure === undefined ? [message] : [message, failure];
  const text = texts.map((each) => textOf(each).split("\n", 1)[0]).join(": ");
  internals.noteCurrent(`log: ${text}`);
  if (!event.isError || internals.isAllowedError(failure)) return;
  internals.checks.fail("error", `an error was logged: ${text}`, failure);
}

function leaves(api: string, instead: string, caller: string): string {
  return `${api} leaves the virtual time: use ${instead} (called ${caller})`;
}

function deadlock(): string {
  const nothing = "the scenario waits, and nothing can happen";
  return startedMeanwhile > 0
    ? `${nothing}. Cannot run a simulation inside a simulation: each waits for the other`
    : `${nothing} in the simulation (import(), for one, belongs to the real world)`;
}

/** Throws if an unused fault names an unknown host, probably a typing error. */
function checkHosts({ unusedFaults, hosts }: SimulationResult): void {
  for (const line of unusedFaults) {
    const unknown = hostsOfFault(parseFault(line)).find((name) => !hosts.includes(name));
    if (unknown === undefined) continue;
    throw new RangeError(
      `Cannot apply the fault ${quote(line)} of the script: there is no host ${quote(unknown)}; ` +
        `the hosts are ${hosts.join(", ") || "none"}`,
    );
  }
}

/** Throws if the options set a parameter that the scenario does not declare. */
export function checkParameters(
  { parameters }: SimulationResult,
  given: Readonly<Record<string, number>>,
): void {
  const unknown = Object.keys(given).find((name) => !parameters.has(name));
  if (unknown === undefined) return;
  throw new RangeError(
    `Cannot set the parameter ${quote(unknown)}: the scenario does not declare it; its ` +
      `parameters are ${[...parameters.keys()].join(", ") || "none"}`,
  );
}

function describeFailure(result: SimulationResult): string {
  const { seed, violation, faults, unusedFaults, trace } = result;
  if (violation === null) return `The simulation with the seed ${seed} has not failed`;
  const { kind, message, time } = violation;
  const omitted = faults.length - SHOWN_FAULTS;
  return [
    `${kind}: ${message} (seed ${JSON.stringify(seed)}, after ${formatSeconds(time)} s)`,
    faults.length === 0
      ? "without a fault"
      : `${faults.length} ${faults.length === 1 ? "fault" : "faults"}:`,
    ...omitted > 0 ? [`  … ${omitted} earlier faults`] : [],
    ...faults.slice(-SHOWN_FAULTS).map((fault) => `  ${fault}`),
    ...unusedFaults.slice(0, SHOWN_FAULTS).map((fault) => `  (did not happen: ${fault})`),
    "",
    trace.toTable({ last: SHOWN }),
  ].join("\n");
}
