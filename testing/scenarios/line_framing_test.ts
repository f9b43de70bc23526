import { explore, replay } from "../simulation/mod.ts";
import { scenario, states } from "./line_framing.ts";

Deno.test("lineFraming keeps its invariants with 100 seeds, and reaches all of its states", async () => {
  await explore({ scenario, sometimes: states, seeds: 100 });
});

// No fault is needed: a receiver throws an error while a timed call resumes it.
Deno.test("lineFraming delivers nothing after an error in held data", async () => {
  const parameters = { connections: 5, items: 38, seconds: 1 };
  await replay(scenario, { seed: 27, faults: [], parameters });
});
