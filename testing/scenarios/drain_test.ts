import { explore, replay } from "../simulation/mod.ts";
import { drain } from "./drain.ts";

Deno.test("drain keeps its invariants with 20 seeds, and reaches all of its states", async () => {
  await explore({ scenario: drain, seeds: 20 });
});

Deno.test("drain leaves no linger timeout of a TLS connection that has closed at once", async () => {
  await replay(drain, { seed: 2, faults: [], parameters: { clients: 3, seconds: 5 } });
});
