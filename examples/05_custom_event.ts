/**
 * Step 5: an event of your own. The reactor fires it, and calls its handlers.
 *
 *     deno run examples/05_custom_event.ts
 *
 * It prints the time, again after 4 seconds, and again after 8 seconds, when Event1 fires. The
 * handler of the event stops the reactor. An argument sets the length of a second: `0.1` runs the
 * example ten times faster.
 */

import { log, reactor } from "@torsion/reactor";

const second = Number(Deno.args[0] ?? 1);

log.startLogging(Deno.stdout);

function callfunc(x: string): void {
  log.msg(x);
  log.msg(new Date().toLocaleString());
  log.msg("Fire Event1 after 4 seconds");
  reactor.callLater(4 * second, () => reactor.fireSystemEvent("Event1"));
}

function onEvent1(): void {
  log.msg(new Date().toLocaleString());
  log.msg("In onEvent1, shutting down");
  reactor.stop();
}

log.msg(new Date().toLocaleString());
reactor.callLater(4 * second, callfunc, "callfunc called after 4 sec");
reactor.addSystemEventTrigger("during", "Event1", onEvent1);
await reactor.run();
