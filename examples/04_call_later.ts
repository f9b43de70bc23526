/**
 * Step 4: timed calls, and how they are cancelled, delayed and reset.
 *
 *     deno run examples/04_call_later.ts
 *
 * It prints the time, after 2 seconds the text of the delayed call, after 3 seconds that of the
 * reset call, and after 4 seconds the time again. Then it ends. The cancelled call is never made.
 * An argument sets the length of a second: `0.1` runs the example ten times faster.
 */

import { log, reactor } from "@torsion/reactor";

const second = Number(Deno.args[0] ?? 1);

log.startLogging(Deno.stdout);

function callfunc(x: string): void {
  log.msg(x);
  log.msg(new Date().toLocaleString());
  log.msg("Will stop");
  reactor.stop(); // try reactor.sigInt() or reactor.crash()
}

log.msg(new Date().toLocaleString());
reactor.callLater(4 * second, callfunc, "callfunc called after 4 sec");

// callLater() returns a timed call, which can be cancelled, delayed or reset.
const cancelled = reactor.callLater(second, log.msg, "cancelled, so this is never called");
cancelled.cancel();

const delayed = reactor.callLater(second, log.msg, "delayed by 1 sec, called after 2 sec");
delayed.delay(second);

const reset = reactor.callLater(60 * second, log.msg, "reset to 3 sec, called after 3 sec");
reset.reset(3 * second);

await reactor.run();
