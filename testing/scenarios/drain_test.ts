import { explore } from "../simulation/mod.ts";
import { drain } from "./drain.ts";

Deno.test("drain keeps its invariants with 20 seeds, and reaches all of its states", async () => {
  await explore({ scenario: drain, seeds: 20 });
});
