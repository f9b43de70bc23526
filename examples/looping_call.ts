/**
 * A LoopingCall: a function that is called at an interval, and receives the number of missed calls.
 *
 *     deno run examples/looping_call.ts
 *
 * It prints a line at each call, every half second. The third call takes more than a second. The
 * calls that were due meanwhile are skipped, and the fourth call receives their number. The fifth
 * call is on time again. It stops the loop, and the program ends after 3 seconds. An argument sets
 * the length of a second: `0.1` runs the example ten times faster.
 */

import {
  deferLater,
  type Deferred,
  type IReactor,
  log,
  LoopingCall,
  react,
  reactor,
} from "@torsion/reactor";

const second = Number(Deno.args[0] ?? 1);
let calls = 0;

function main(reactor: IReactor): Deferred<unknown> {
  const start = reactor.seconds();
  const loop = LoopingCall.withCount((count) => {
    calls++;
    const time = (reactor.seconds() - start).toFixed(1);
    log.msg(`call ${calls} at ${time} s, ${count === 1 ? "on time" : `for ${count} calls`}`);
    if (calls === 5) loop.stop();
    // The loop waits for a returned Deferred or promise: two calls never overlap.
    return calls === 3 ? deferLater(reactor, 1.25 * second) : undefined;
  });
  loop.clock = reactor;
  return loop.start(0.5 * second).addCallback(() => log.msg("The loop has ended"));
}

log.startLogging(Deno.stdout);
// Runs the reactor until the promise of main has settled, and ends the process.
await react(main, [], { reactor });
