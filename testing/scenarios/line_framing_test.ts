import { simulate } from "../simulation/mod.ts";
import { checkSeeds } from "./check_seeds.ts";
import { lineFraming } from "./line_framing.ts";

Deno.test("lineFraming keeps its invariants with 100 seeds, and reaches all of its states", () =>
  checkSeeds(lineFraming, 100));

// No fault is needed: with this seed, a receiver throws an error while a timed call resumes it.
Deno.test("lineFraming delivers nothing after an error in held data", async () => {
  await simulate(30, lineFraming, { script: [] });
});
