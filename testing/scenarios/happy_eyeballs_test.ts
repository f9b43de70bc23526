import { explore } from "../simulation/mod.ts";
import { scenario } from "./happy_eyeballs.ts";

Deno.test("HostnameEndpoint connects if an address works, with 60 seeds", async () => {
  await explore({ scenario, seeds: 60 });
});
