import { explore } from "../simulation/mod.ts";
import { scenario, states } from "./chat.ts";

Deno.test("chat keeps its invariants with 20 seeds, and reaches all of its states", async () => {
  await explore({ scenario, sometimes: states, seeds: 20 });
});
