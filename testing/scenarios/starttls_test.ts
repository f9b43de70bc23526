import { explore } from "../simulation/mod.ts";
import { starttls } from "./starttls.ts";

Deno.test("starttls keeps its invariants with 20 seeds, and reaches all of its states", async () => {
  await explore({ scenario: starttls, seeds: 20 });
});
