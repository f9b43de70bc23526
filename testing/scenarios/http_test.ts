import { explore } from "../simulation/mod.ts";
import { scenario, states } from "./http.ts";

Deno.test("HTTPFactory answers each request once, in order and completely, with 30 seeds", async () => {
  await explore({ scenario, sometimes: states, seeds: 30 });
});
