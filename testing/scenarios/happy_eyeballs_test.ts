import { explore } from "../simulation/mod.ts";
import { scenario, states } from "./happy_eyeballs.ts";

Deno.test("HostnameEndpoint connects if an address works, with 60 seeds", async () => {
  await explore({ scenario, sometimes: states, seeds: 60 });
});
