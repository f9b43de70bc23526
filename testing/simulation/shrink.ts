/**
 * The search for a smaller failure: fewer faults, smaller parameters.
 *
 * @module
 */

import {
  type Fault,
  formatFault,
  hostsOfFault,
  isTimed,
  OCCURRENCES,
  parseFault,
} from "./faults.ts";
import { isSameViolation, type SavedFailure, savedFailure } from "./saved_failure.ts";
import { runSimulation, type Scenario, type SimulationOptions } from "./simulate.ts";
import { SECOND } from "./schedule.ts";

/** The number of simulations that a search may run. */
const BUDGET = 1000;
/** The number of seeds among which {@linkcode seedsWithoutFaults} looks. */
const OTHER_SEEDS = 20;

/**
 * Returns a smaller failure of the same property: first with fewer faults, then with fewer hosts
 * and other smaller parameters, simpler faults, and the seed 1.
 *
 * The faults are reduced as in delta debugging (Zeller and Hildebrandt, 2002): parts of the list
 * are left out, from halves down to single faults, as long as the property still does not hold.
 * Another seed never replaces a fault: a seed changes its meaning with the next random number.
 *
 * @param failure The failure.
 * @param scenario The scenario that failed.
 * @param options The options with which it failed.
 * @returns The smallest failure that was found; the given one if its faults alone do not cause it.
 */
export async function shrink(
  failure: SavedFailure,
  scenario: Scenario,
  options: SimulationOptions,
): Promise<SavedFailure> {
  const search = new Search(failure, scenario, options);
  if (!await search.accepts(failure)) return failure;
  await search.dropKinds();
  await search.dropFaults();
  await search.renameHosts();
  await search.reduceParameters();
  await search.dropFaults();
  await search.simplify();
  // A simpler fault may need none of those that came before it.
  await search.dropFaults();
  await search.simplifySeed();
  return search.best;
}

/**
 * Returns some of the first seeds with which a scenario fails in the same way without a fault.
 *
 * @param failure A failure without a fault, whose seed is among the returned ones.
 * @param scenario The scenario that failed.
 * @param options The options with which it failed.
 */
export async function seedsWithoutFaults(
  failure: SavedFailure,
  scenario: Scenario,
  options: SimulationOptions,
): Promise<readonly (number | string)[]> {
  const search = new Search(failure, scenario, options);
  const seeds = [failure.seed];
  for (let seed = 1; seed <= OTHER_SEEDS; seed++) {
    if (seed !== failure.seed && await search.fails({ ...failure, seed })) seeds.push(seed);
  }
  return seeds;
}

class Search {
  best: SavedFailure;
  readonly #scenario: Scenario;
  readonly #options: SimulationOptions;
  readonly #least = new Map<string, number>();
  #hosts: readonly string[] = [];
  #runs = 0;

  constructor(failure: SavedFailure, scenario: Scenario, options: SimulationOptions) {
    this.best = failure;
    this.#scenario = scenario;
    this.#options = options;
  }

  /** Runs a candidate. If it fails in the same way, it is the best one from now on. */
  async accepts(candidate: SavedFailure): Promise<boolean> {
    const failure = await this.fails(candidate);
    if (failure !== null) this.best = failure;
    return failure !== null;
  }

  /** Runs a candidate. Returns its failure if it fails in the same way, else `null`. */
  async fails(candidate: SavedFailure): Promise<SavedFailure | null> {
    if (this.#runs++ >= BUDGET) return null;
    const { seed, faults, parameters } = candidate;
    const result = await runSimulation(seed, this.#scenario, {
      ...this.#options,
      script: faults,
      parameters,
      trace: false,
    });
    this.#hosts = result.hosts;
    for (const [name, { least }] of result.parameters) this.#least.set(name, least);
    const failure = savedFailure(result);
    const isSame = failure !== null && isSameViolation(failure.violation, this.best.violation);
    return isSame ? failure : null;
  }

  /** Leaves out all faults of a kind. */
  async dropKinds(): Promise<void> {
    if (await this.#acceptsFaults([])) return;
    const kinds = new Set(this.best.faults.map((line) => parseFault(line).kind));
    for (const kind of kinds) {
      await this.#acceptsFaults(this.best.faults.filter((line) => parseFault(line).kind !== kind));
    }
  }

  /** Leaves out parts of the list of faults, from halves down to single faults. */
  async dropFaults(): Promise<void> {
    let size = Math.ceil(this.best.faults.length / 2);
    while (size >= 1 && this.best.faults.length > 0) {
      let dropped = false;
      for (let start = 0; start < this.best.faults.length;) {
        const rest = this.best.faults.toSpliced(start, size);
        if (await this.#acceptsFaults(rest)) dropped = true;
        else start += size;
      }
      if (!dropped || size > 1) {
        if (size === 1) return;
        size = Math.ceil(size / 2);
      }
    }
  }

  /** Moves faults to hosts that were added earlier, so that fewer hosts may do. */
  async renameHosts(): Promise<void> {
    const hosts = this.#hosts;
    for (const [index, host] of hosts.entries()) {
      for (const earlier of hosts.slice(0, index)) {
        const names = hostsOf(this.best.faults);
        if (!names.has(host)) break;
        if (names.has(earlier)) continue;
        await this.#acceptsFaults(this.best.faults.map((line) => renamed(line, host, earlier)));
      }
    }
  }

  /** Tries the least value of each parameter, and then values between. */
  async reduceParameters(): Promise<void> {
    for (const [name, value] of Object.entries(this.best.parameters)) {
      let [low, high] = [this.#least.get(name) ?? value, value];
      while (low < high) {
        const middle = low + Math.floor((high - low) / 2);
        const parameters = { ...this.best.parameters, [name]: middle };
        if (await this.accepts({ ...this.best, parameters })) high = middle;
        else low = middle + 1;
      }
    }
  }

  /** Makes single faults simpler: whole seconds, the first occurrence, and the least values. */
  async simplify(): Promise<void> {
    for (let index = 0; index < this.best.faults.length; index++) {
      for (const simpler of SIMPLER) {
        const line = this.best.faults[index];
        if (line === undefined) return;
        const changed = formatFault(simpler(parseFault(line)));
        if (changed !== line) await this.#acceptsFaults(this.best.faults.with(index, changed));
      }
    }
  }

  /** Tries the seed 1, unless the faults are not the reason for which it fails. */
  async simplifySeed(): Promise<void> {
    const candidate = { ...this.best, seed: 1 };
    const { length } = candidate.faults;
    if (length > 0 && await this.fails({ ...candidate, faults: [] }) !== null) return;
    await this.accepts(candidate);
  }

  #acceptsFaults(faults: readonly string[]): Promise<boolean> {
    return this.accepts({ ...this.best, faults });
  }
}

/** Returns the names of the hosts in lines of faults. */
function hostsOf(faults: readonly string[]): Set<string> {
  return new Set(faults.map(parseFault).flatMap(hostsOfFault));
}

/** Returns a line with one host in the place of another. */
function renamed(line: string, from: string, to: string): string {
  const fault = parseFault(line);
  const rename = (name: string) => name === from ? to : name;
  if ("place" in fault) {
    const place = fault.place.split("->").map(rename).join("->");
    return formatFault({ ...fault, place });
  }
  if ("host" in fault) return formatFault({ ...fault, host: rename(fault.host) });
  return formatFault({
    ...fault,
    hosts: fault.hosts.map(rename),
    from: fault.from.map(rename),
  });
}

/** The ways to make a fault simpler. Each returns the fault itself if it does not apply. */
const SIMPLER: readonly ((fault: Fault) => Fault)[] = [
  (fault) => "n" in fault ? { ...fault, n: 1 } : fault,
  (fault) => "n" in fault && OCCURRENCES[fault.kind] !== "" ? { ...fault, value: 1 } : fault,
  (fault) => fault.kind === "skew" ? { ...fault, drift: 0 } : fault,
  (fault) => {
    if (!isTimed(fault)) return fault;
    const at = inWholeSeconds(fault.at);
    return { ...fault, at, until: Math.max(inWholeSeconds(fault.until), at + SECOND) };
  },
];

function inWholeSeconds(time: number): number {
  return Math.round(time / SECOND) * SECOND;
}
