import { explore, simulate } from "../simulation/mod.ts";
import { scenario, states } from "./join_connections.ts";

Deno.test("joinConnections keeps its invariants with 20 seeds, and reaches all of its states", async () => {
  await explore({ scenario, seeds: 20, sometimes: states });
});

Deno.test("joinConnections completes all sessions without faults", async () => {
  for (let seed = 1; seed <= 5; seed++) await simulate(seed, scenario, { script: [] });
});
