/**
 * Step 4: timed calls, and how they are cancelled, delayed and reset.
 *
 *     deno run examples/04_call_later.ts
 *
 * See: the time now; after 2 seconds the delayed call, after 3 the one that was reset, after 4 the
 * time again, and the end. The cancelled call is never heard of.
 */

import { log, reactor } from "@torsion/reactor";

log.startLogging(Deno.stdout);

function callfunc(x: string): void {
  log.msg(x);
  log.msg(new Date().toLocaleString());
  log.msg("Will stop");
  reactor.stop(); // try reactor.sigInt() or reactor.crash()
}

log.msg(new Date().toLocaleString());
reactor.callLater(4, callfunc, "callfunc called after 4 sec");

// callLater returns a DelayedCall: it can be taken back, put off, or started anew
const cancelled = reactor.callLater(1, log.msg, "cancelled, so this is never called");
cancelled.cancel();

const delayed = reactor.callLater(1, log.msg, "delayed by 1 sec, called after 2 sec");
delayed.delay(1);

const reset = reactor.callLater(60, log.msg, "reset to 3 sec, called after 3 sec");
reset.reset(3);

await reactor.run();
