/**
 * Step 6: process signals, handled by the program in place of the reactor.
 *
 *     deno run examples/06_signals.ts
 *
 * It prints the process id. Run `kill -HUP PID` in another terminal: the program logs each signal.
 * It also logs Ctrl-C, and then stops the reactor.
 */

import { log, reactor } from "@torsion/reactor";

log.startLogging(Deno.stdout);

// Python shows the stack frame that a signal interrupts. In JavaScript there is none: the handler
// runs after the current turn.
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
