/**
 * Explores the scenarios of this folder: `deno task explore SCENARIO [SEEDS] [FIRST]`.
 *
 * `SCENARIO` is the name of a file without its ending, or `all`. The program prints what was
 * explored, and ends with the code 1 if a property does not hold.
 *
 * @module
 */

import { describeExploration, ExplorationFailure, explore } from "../simulation/mod.ts";

const HELP = "Usage: deno task explore SCENARIO|all [SEEDS] [FIRST SEED]";
const SEEDS = 1000;

/** The files of this folder that are not scenarios. */
const OTHERS = new Set(["main"]);

/** Returns the names of the scenarios. */
function scenarioNames(): string[] {
  return [...Deno.readDirSync(new URL(".", import.meta.url))]
    .filter(({ name, isFile }) => isFile && name.endsWith(".ts") && !name.endsWith("_test.ts"))
    .map(({ name }) => name.slice(0, -".ts".length))
    .filter((name) => !OTHERS.has(name))
    .sort();
}

/** Explores one scenario, and prints what was found. Returns whether all properties held. */
async function exploreOne(name: string, seeds: number, firstSeed: number): Promise<boolean> {
  const module = new URL(`${name}.ts`, import.meta.url);
  const { invariants } = await import(module.href);
  const start = performance.now();
  try {
    const exploration = await explore({
      scenario: {
        module,
        export: "scenario",
        invariants: invariants === undefined ? undefined : "invariants",
        sometimes: "states",
      },
      seeds,
      firstSeed,
    });
    const elapsed = ((performance.now() - start) / 1000).toFixed(1);
    console.log(`${name}: ok in ${elapsed} s: ${describeExploration(exploration)}`);
    return true;
  } catch (error) {
    if (!(error instanceof ExplorationFailure)) throw error;
    console.log(`${name}: ${error.message}`);
    return false;
  }
}

/** Returns an argument as a number, or ends the program with a message. */
function numberOf(text: string | undefined, byDefault: number): number {
  const number = text === undefined ? byDefault : Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  console.error(`${HELP}\nThe number of seeds must be an integer from 1, got ${text}`);
  Deno.exit(2);
}

if (import.meta.main) {
  const [chosen, seeds, first] = Deno.args;
  const known = scenarioNames();
  if (chosen === undefined || (chosen !== "all" && !known.includes(chosen))) {
    console.error(`${HELP}\nThe scenarios are ${known.join(", ")}`);
    Deno.exit(2);
  }
  const names = chosen === "all" ? known : [chosen];
  let isFine = true;
  for (const name of names) {
    isFine = await exploreOne(name, numberOf(seeds, SEEDS), numberOf(first, 1)) && isFine;
  }
  if (!isFine) Deno.exit(1);
}
