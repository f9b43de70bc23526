import { explore, replay } from "../simulation/mod.ts";
import { scenario, states } from "./request_queue.ts";

Deno.test("RequestQueue gives each request its own outcome, with 20 seeds", async () => {
  await explore({ scenario, sometimes: states, seeds: 20 });
});

// Without the fix, the heartbeat of a silent peer logged the full queue as an error. Whether the
// queue is full at that time depends on the requests, so there are several seeds.
Deno.test("Heartbeat over a full RequestQueue logs no error in a partition", async () => {
  const faults = [
    "partition client1,client2 | server 5 s to 15 s",
    "partition client1,client2 | server 24 s to 34 s",
    "partition client1,client2 | server 43 s to 53 s",
  ];
  for (let seed = 1; seed <= 10; seed++) await replay(scenario, { seed, faults });
});
