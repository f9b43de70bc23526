/**
 * Step 3: the first event handler. The reactor calls it as soon as it runs.
 *
 *     deno run examples/03_call_when_running.ts
 *
 * It prints three lines from the handler; the second is the argument of the handler. The handler
 * stops the reactor, and the program ends.
 */

import { log, reactor } from "@torsion/reactor";

log.startLogging(Deno.stdout);

function callfunc(x: string): void {
  log.msg("In callfunc as event handler");
  log.msg(x);
  log.msg("Will shut down");
  reactor.stop();
}

reactor.callWhenRunning(callfunc, "This was passed to callfunc");
await reactor.run();
