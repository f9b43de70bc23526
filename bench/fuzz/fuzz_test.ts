/** A sample of `deno task fuzz`: the corpus of each parser, and some random inputs. */

import { assert, assertEquals } from "@std/assert";
import { readCorpus } from "./corpus.ts";
import { FUZZ_TARGETS } from "./fuzz_targets.ts";
import { Fuzzer } from "./fuzzer.ts";

const SEED = 20_260_101;
const INPUTS = 2000;

for (const target of FUZZ_TARGETS) {
  Deno.test(`${target.name} decodes ${INPUTS} random inputs alike, whatever their split`, () => {
    const fuzzer = new Fuzzer(target, readCorpus(target.name), SEED);
    fuzzer.check(INPUTS);
    assert(fuzzer.inputs >= INPUTS);
    assert(fuzzer.frames > 0, "No input was valid");
  });
}

Deno.test("FUZZ_TARGETS have unique names, and each has a corpus", () => {
  const names = FUZZ_TARGETS.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  for (const name of names) assert(readCorpus(name).length > 0, name);
});
