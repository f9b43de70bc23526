/**
 * Explores the scenarios of this folder: `deno task explore SCENARIO [SEEDS] [FIRST]`.
 *
 * `SCENARIO` is the name of a file without its ending, or `all`. The program prints what was
 * explored, and ends with the code 1 if a property does not hold, or if the exploration took longer
 * than the limit of `--within=SECONDS`.
 *
 * @module
 */

import { describeExploration, ExplorationFailure, explore } from "../simulation/mod.ts";

const HELP = "Usage: deno task explore SCENARIO|all [SEEDS] [FIRST SEED] [--within=SECONDS]";
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

/**
 * Explores one scenario, and prints what was found.
 *
 * @returns The seconds that it took; Infinity if a property does not hold.
 */
async function exploreOne(name: string, seeds: number, firstSeed: number): Promise<number> {
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
    const elapsed = (performance.now() - start) / 1000;
    console.log(`${name}: ok in ${elapsed.toFixed(1)} s: ${describeExploration(exploration)}`);
    return elapsed;
  } catch (error) {
    if (!(error instanceof ExplorationFailure)) throw error;
    console.log(`${name}: ${error.message}`);
    return Infinity;
  }
}

/** Returns an argument as a number, or ends the program with a message. */
function numberOf(text: string | undefined, byDefault: number): number {
  const number = text === undefined ? byDefault : Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  console.error(`${HELP}\nA number must be an integer from 1, got ${text}`);
  Deno.exit(2);
}

if (import.meta.main) {
  const LIMIT = "--within=";
  const [chosen, seeds, first] = Deno.args.filter((each) => !each.startsWith(LIMIT));
  const limit = Deno.args.find((each) => each.startsWith(LIMIT))?.slice(LIMIT.length);
  const known = scenarioNames();
  if (chosen === undefined || (chosen !== "all" && !known.includes(chosen))) {
    console.error(`${HELP}\nThe scenarios are ${known.join(", ")}`);
    Deno.exit(2);
  }
  const names = chosen === "all" ? known : [chosen];
  let elapsed = 0;
  for (const name of names) {
    elapsed += await exploreOne(name, numberOf(seeds, SEEDS), numberOf(first, 1));
  }
  const within = numberOf(limit, Number.MAX_SAFE_INTEGER);
  const isLate = elapsed > within && elapsed !== Infinity;
  if (isLate) console.log(`It took ${elapsed.toFixed(1)} s, more than ${within} s`);
  if (isLate || elapsed === Infinity) Deno.exit(1);
}
