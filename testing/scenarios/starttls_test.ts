import { explore, replay } from "../simulation/mod.ts";
import { scenario, states } from "./starttls.ts";

Deno.test("starttls keeps its invariants with 20 seeds, and reaches all of its states", async () => {
  await explore({ scenario, sometimes: states, seeds: 20 });
});

// An attacker's line is passed to the handshake, which fails at once.
Deno.test("starttls loses no connection within startTLS()", async () => {
  await replay(scenario, { seed: 10, faults: [], parameters: { sessions: 8, seconds: 4 } });
});
