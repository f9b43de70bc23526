/**
 * A LoopingCall: a function that is called again and again, and how many calls it has missed.
 *
 *     deno run examples/looping_call.ts
 *
 * See: a call each half second. The third takes more than a second: the calls that were due
 * meanwhile are not made up for, but the fourth is told how many there were. The fifth is back on
 * time and ends the loop, and with it the program, after 3 seconds in all.
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

let calls = 0;

function main(reactor: IReactor): Deferred<unknown> {
  const start = reactor.seconds();
  const loop = LoopingCall.withCount((count) => {
    calls++;
    const time = (reactor.seconds() - start).toFixed(1);
    log.msg(`call ${calls} at ${time} s, ${count === 1 ? "on time" : `for ${count} calls`}`);
    if (calls === 5) loop.stop();
    // What returns a Deferred or promise is waited for: two calls never overlap.
    return calls === 3 ? deferLater(reactor, 1.25) : undefined;
  });
  loop.clock = reactor;
  return loop.start(0.5).addCallback(() => log.msg("The loop has ended"));
}

log.startLogging(Deno.stdout);
// Runs the reactor until what main returns is there, and ends the process.
await react(main, [], { reactor });
