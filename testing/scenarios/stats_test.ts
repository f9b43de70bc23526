import { explore } from "../simulation/mod.ts";
import { scenario, states } from "./stats.ts";

Deno.test("The counters of reactors, ports and transports add up, with 30 seeds", async () => {
  await explore({ scenario, sometimes: states, seeds: 30 });
});
