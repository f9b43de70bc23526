import { explore } from "../simulation/mod.ts";
import { scenario, states } from "./heartbeat.ts";

Deno.test("Heartbeat notices dead peers, and spares live ones, with 30 seeds", async () => {
  await explore({ scenario, sometimes: states, seeds: 30 });
});
