/** Each planted bug is found within 1,000 seeds, and shrinks to at most three faults. */

import { assert, assertRejects, assertStringIncludes } from "@std/assert";
import { ExplorationFailure, explore, type Scenario } from "../../simulation/mod.ts";
import * as heartbeat from "./heartbeat_kills_busy.ts";
import * as halfClose from "./lost_at_half_close.ts";
import * as wakeUp from "./lost_wake_up.ts";
import * as reconnect from "./reconnect_gives_up.ts";
import * as queue from "./wrong_answer.ts";

function test(bug: string, scenario: Scenario, violation: string): void {
  Deno.test(`explore() finds ${bug}`, async () => {
    const error = await assertRejects(
      () => explore({ scenario, seeds: 1000 }),
      ExplorationFailure,
    );
    const [failure] = error.exploration.failures;
    assertStringIncludes(failure?.violation.message ?? "", violation);
    assert((failure?.faults.length ?? Infinity) <= 3, error.message);
  });
}

test(
  "a reconnect that gives up after a refused attempt",
  reconnect.scenario,
  "is connected after the network has healed",
);
test(
  "a wake-up that is lost after pauseProducing()",
  wakeUp.scenario,
  "an upload stalls without a fault",
);
test(
  "a message that is lost at half-close",
  halfClose.scenario,
  "an upload is confirmed although a message was lost",
);
test(
  "a heartbeat that kills a busy connection",
  heartbeat.scenario,
  "the heartbeat killed a connection whose peer lives",
);
test(
  "a queue that answers the wrong request after a timeout",
  queue.scenario,
  "a request got the answer to another one",
);
