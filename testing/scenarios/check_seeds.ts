import { AssertionError } from "@std/assert";
import { type Scenario, simulate } from "../simulation/mod.ts";

/**
 * Runs a scenario with several seeds.
 *
 * @param scenario The scenario.
 * @param count The number of seeds: from 1 to this one.
 * @throws {SimulationFailure} If a property does not hold with one of the seeds.
 * @throws {AssertionError} If no seed has reached a state of `sometimes`.
 */
export async function checkSeeds(scenario: Scenario, count: number): Promise<void> {
  const reached = new Map<string, number>();
  for (let seed = 1; seed <= count; seed++) {
    const { sometimes } = await simulate(seed, scenario);
    for (const [name, times] of sometimes) reached.set(name, (reached.get(name) ?? 0) + times);
  }
  const missed = [...reached].filter(([, times]) => times === 0).map(([name]) => name);
  if (missed.length > 0) {
    throw new AssertionError(`None of ${count} seeds has reached: ${missed.join(", ")}`);
  }
}
