/**
 * Step 6: process signals, handled by the program in place of the reactor.
 *
 *     deno run examples/06_signals.ts
 *
 * See: the number of the process. Send it `kill -HUP NUMBER` as often as you like: each one is
 * logged. Ctrl-C is logged too, and stops the reactor.
 */

import { log, reactor } from "@torsion/reactor";

log.startLogging(Deno.stdout);

// Unlike Python, JavaScript has no interrupted stack frame to show: a signal waits for the turn to
// end.
function onSignal(signal: Deno.Signal): void {
  log.msg(`Received signal - ${signal}`);
  log.msg("In onSignal");
  if (signal === "SIGINT") {
    log.msg("shutting down ....");
    reactor.stop();
  }
}

reactor.addSignalHandler("SIGINT", onSignal);
reactor.addSignalHandler("SIGHUP", onSignal);
reactor.callWhenRunning(() => log.msg(`Process ${Deno.pid} waits for SIGHUP and SIGINT`));
await reactor.run();
