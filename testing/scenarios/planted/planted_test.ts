/** Each planted bug is found within 1,000 seeds, and shrinks to at most three faults. */

import { assert, assertMatch, assertRejects } from "@std/assert";
import { ExplorationFailure, explore, type Scenario } from "../../simulation/mod.ts";
import * as http from "../http.ts";
import * as upload from "../upload.ts";
import * as heartbeat from "./heartbeat_kills_busy.ts";
import * as halfClose from "./lost_at_half_close.ts";
import * as wakeUp from "./lost_wake_up.ts";
import * as reconnect from "./reconnect_gives_up.ts";
import * as resends from "./resends_commands.ts";
import * as neverCancelled from "./streams_never_cancelled.ts";
import * as queue from "./wrong_answer.ts";

/** A scenario that has the bug already, or a scenario and what plants the bug. */
interface Planted {
  readonly scenario: Scenario;
  plant?(): Disposable;
}

function test(bug: string, { scenario, plant }: Planted, violation: RegExp): void {
  Deno.test(`explore() finds ${bug}`, async () => {
    using _ = plant?.() ?? null;
    const error = await assertRejects(
      () => explore({ scenario, seeds: 1000 }),
      ExplorationFailure,
    );
    const [failure] = error.exploration.failures;
    assertMatch(failure?.violation.message ?? "", violation);
    assert((failure?.faults.length ?? Infinity) <= 3, error.message);
  });
}

test(
  "a reconnect that gives up after a refused attempt",
  reconnect,
  /is connected after the network has healed/,
);
test(
  "a wake-up that is lost after pauseProducing()",
  { scenario: upload.scenario, plant: wakeUp.plant },
  /an upload stalls without a fault/,
);
test(
  "a message that is lost at half-close",
  { scenario: upload.scenario, plant: halfClose.plant },
  /although a message was lost|a message is missing/,
);
test(
  "a heartbeat that kills a busy connection",
  heartbeat,
  /the heartbeat killed a connection whose peer lives/,
);
test(
  "a queue that answers the wrong request after a timeout",
  queue,
  // The queue forgets a request that the server has, so it also sends too many.
  /a request got the (answer|refusal) (to|of) another one|more requests are in flight/,
);
test(
  "a response whose stream is not cancelled after a loss",
  { scenario: http.scenario, plant: neverCancelled.plant },
  /a handler waits for a connection that is lost/,
);
test(
  "a client that sends commands again after a loss",
  resends,
  /a command reached the server twice/,
);
