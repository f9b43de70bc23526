import { explore } from "../simulation/mod.ts";
import { scenario, states } from "./client_service.ts";

Deno.test("ClientService reconnects, and settles every wait, with 30 seeds", async () => {
  await explore({ scenario, sometimes: states, seeds: 30 });
});
