import { explore, replay } from "../simulation/mod.ts";
import { scenario } from "./keyed_request_queue.ts";

Deno.test("KeyedRequestQueue gives each request its own outcome, with 60 seeds", async () => {
  await explore({ scenario, seeds: 60 });
});

// Without the fix, the heartbeat of a silent peer logged the full queue as an error.
Deno.test("Heartbeat over a full KeyedRequestQueue logs no error in a partition", async () => {
  await replay(scenario, { faults: ["partition client1 | server 5 s to 25 s"] });
});
