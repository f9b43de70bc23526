/**
 * Feeds random input to the parsers of this library, and checks the rules of
 * `fuzz/check_input.ts`: any split of the same bytes gives the same frames, errors are the
 * documented ones, and memory has a limit.
 *
 * The inputs begin with those in `fuzz/corpus/` and are changed at random. Those that reach new
 * code are printed, and with `--save` they are added to the corpus. The same seed gives the same
 * inputs. A failure prints the smallest input that was found, and the program exits with 1.
 *
 * Usage: `deno run -A bench/fuzz.ts [PARSER|all] [SECONDS] [SEED] [--save]`
 *
 * SECONDS are seconds of processor time for each parser; 10 by default.
 *
 * @module
 */

import { CodeCoverage } from "./fuzz/code_coverage.ts";
import { addToCorpus, readCorpus } from "./fuzz/corpus.ts";
import { FUZZ_TARGETS } from "./fuzz/fuzz_targets.ts";
import type { FuzzTarget } from "./fuzz/fuzz_target.ts";
import { Fuzzer, FuzzFailure } from "./fuzz/fuzzer.ts";
import { textOf } from "./fuzz/input.ts";

const isSaving = Deno.args.includes("--save");
const [name = "all", duration = "10", chosenSeed] = Deno.args.filter((arg) => arg !== "--save");
const seconds = Number(duration);
const seed = Number(chosenSeed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const targets = FUZZ_TARGETS.filter((target) => name === "all" || target.name === name);
if (targets.length === 0 || !(seconds > 0) || !Number.isInteger(seed)) {
  const names = FUZZ_TARGETS.map((target) => target.name).join(" ");
  console.error(`usage: deno run -A bench/fuzz.ts [PARSER|all] [SECONDS] [SEED] [--save]`);
  console.error(`parsers: ${names}`);
  Deno.exit(2);
}

/** Fuzzes one parser, and prints what was found. Returns whether it kept the rules. */
async function fuzz(target: FuzzTarget): Promise<boolean> {
  const fuzzer = new Fuzzer(target, readCorpus(target.name), seed);
  using coverage = new CodeCoverage(target.sources);
  try {
    await fuzzer.run(seconds * 1000, coverage);
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error;
    console.error(error.message);
    return false;
  }
  await print(target, fuzzer, coverage);
  return true;
}

async function print(target: FuzzTarget, fuzzer: Fuzzer, coverage: CodeCoverage): Promise<void> {
  const ends = [...fuzzer.ends].map(([end, count]) => `${end} ${count}`).join(", ");
  console.log(`${target.name}: ${fuzzer.inputs} inputs, ${fuzzer.frames} frames, seed ${seed}`);
  console.log(`  ends: ${ends}`);
  console.log(`  buffered: at most ${fuzzer.buffered} bytes of ${target.maxBuffered}`);
  for (const line of await coverage.report()) console.log(`  ${line}`);
  for (const bytes of fuzzer.found) console.log(`  new code: ${textOf(bytes)}`);
  if (isSaving) addToCorpus(target.name, fuzzer.found);
}

let hasFailed = false;
for (const target of targets) hasFailed = !await fuzz(target) || hasFailed;
if (hasFailed) Deno.exit(1);
