import { explore, replay } from "../simulation/mod.ts";
import { scenario, states } from "./drain.ts";

Deno.test("drain keeps its invariants with 20 seeds, and reaches all of its states", async () => {
  await explore({ scenario, sometimes: states, seeds: 20 });
});

Deno.test("drain leaves no linger timeout of a TLS connection that has closed at once", async () => {
  await replay(scenario, { seed: 2, faults: [], parameters: { clients: 1, seconds: 5 } });
});
