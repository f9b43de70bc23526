import { explore } from "../simulation/mod.ts";
import { scenario, states } from "./upload.ts";

Deno.test("A producer and half-close lose no message, with 30 seeds", async () => {
  await explore({ scenario, sometimes: states, seeds: 30 });
});
