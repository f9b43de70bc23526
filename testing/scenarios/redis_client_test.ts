import { explore } from "../simulation/mod.ts";
import { scenario, states } from "./redis_client.ts";

Deno.test("RESPClientFactory reports what was sent, and keeps subscriptions, with 20 seeds", async () => {
  await explore({ scenario, sometimes: states, seeds: 20 });
});
