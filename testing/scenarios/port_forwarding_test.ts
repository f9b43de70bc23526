import { explore, simulate } from "../simulation/mod.ts";
import { scenario, states } from "./port_forwarding.ts";

Deno.test("portForwarding keeps its invariants with 20 seeds, and reaches all of its states", async () => {
  await explore({ scenario, sometimes: states, seeds: 20 });
});

Deno.test("portForwarding completes all sessions without faults", async () => {
  for (let seed = 1; seed <= 5; seed++) await simulate(seed, scenario, { script: [] });
});
