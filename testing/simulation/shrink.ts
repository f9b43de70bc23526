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
/** The number of seeds with which a search tries to do without a fault. */
const OTHER_SEEDS = 10;

/**
 * Returns a smaller failure of the same property: first with fewer faults, then with fewer hosts
 * and other smaller parameters, simpler faults, and the seed 1.
 *
 * The faults are reduced as in delta debugging (Zeller and Hildebrandt, 2002): parts of the list
 * are left out, from halves down to single faults, as long as the property still does not hold.
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
  await search.accepts({ ...search.best, seed: 1 });
  await search.tryOtherSeeds();
  return search.best;
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
    if (this.#runs++ >= BUDGET) return false;
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
    if (failure === null || !isSameViolation(failure.violation, this.best.violation)) return false;
    this.best = failure;
    return true;
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

  /**
   * Leaves out all faults, or single ones, with other seeds. A fault may be needed only because it
   * changes the order in which the programs draw their random numbers.
   */
  async tryOtherSeeds(): Promise<void> {
    if (this.best.faults.length === 0 || await this.#acceptsAnySeed([])) return;
    for (let index = 0; index < this.best.faults.length;) {
      if (await this.#acceptsAnySeed(this.best.faults.toSpliced(index, 1))) index = 0;
      else index++;
    }
  }

  async #acceptsAnySeed(faults: readonly string[]): Promise<boolean> {
    for (let seed = 1; seed <= OTHER_SEEDS; seed++) {
      if (await this.accepts({ ...this.best, seed, faults })) return true;
    }
    return false;
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
