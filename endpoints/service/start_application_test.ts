/**
 * Twisted's `test/test_application.py`, `AppSupportTests.test_startApplication`, and further cases.
 * Real signals are tested in `examples_test.ts`.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { Deferred } from "../../defer/mod.ts";
import { Clock } from "../../task/mod.ts";
import { InMemoryReactor, LoggedErrors } from "../../testing/mod.ts";
import { MultiService, Service, startApplication } from "./mod.ts";

/** Returns a reactor that runs until it is stopped and its clock moves. */
function runningReactor(): [reactor: InMemoryReactor, clock: Clock] {
  const clock = new Clock();
  const reactor = new InMemoryReactor(clock);
  reactor.run();
  return [reactor, clock];
}

class Slow extends Service {
  readonly stopping = new Deferred<void>();
  isPrivileged = false;

  override privilegedStartService(): void {
    this.isPrivileged = true;
  }

  override stopService(): Deferred<void> {
    super.stopService();
    return this.stopping;
  }
}

Deno.test("startApplication() starts the service, and stops it at the reactor's shutdown", () => {
  const [reactor, clock] = runningReactor();
  const slow = new Slow();
  const application = new MultiService();
  slow.setServiceParent(application);
  startApplication(reactor, application);
  assertEquals([application.running, slow.running, slow.isPrivileged], [true, true, true]);
  reactor.stop();
  clock.advance(0);
  assertEquals([slow.running, reactor.running], [false, true]);
  slow.stopping.callback();
  clock.advance(0);
  assertEquals(reactor.running, false);
});

Deno.test("startApplication() does not delay a shutdown that a second signal forces", () => {
  const [reactor, clock] = runningReactor();
  const slow = new Slow();
  startApplication(reactor, slow);
  for (const isRunning of [true, false]) {
    reactor.deliverSignal("SIGINT");
    clock.advance(0);
    assertEquals([slow.running, reactor.running], [false, isRunning]);
  }
});

Deno.test("startApplication() throws an error of startService()", () => {
  class Failing extends Service {
    override startService(): void {
      throw new RangeError("boom");
    }
  }
  const [reactor, clock] = runningReactor();
  const [slow, application] = [new Slow(), new MultiService()];
  slow.setServiceParent(application);
  new Failing().setServiceParent(application);
  assertThrows(() => startApplication(reactor, application), RangeError, "boom");
  assertEquals(slow.running, true);
  slow.stopping.callback();
  reactor.stop();
  clock.advance(0);
  assertEquals([slow.running, reactor.running], [false, false]);
});

Deno.test("startApplication() logs an error of stopping, and the shutdown continues", () => {
  using errors = new LoggedErrors();
  const [reactor, clock] = runningReactor();
  const slow = new Slow();
  slow.setName("db");
  const application = new MultiService();
  slow.setServiceParent(application);
  startApplication(reactor, application);
  reactor.stop();
  clock.advance(0);
  slow.stopping.errback(new RangeError("boom"));
  clock.advance(0);
  assertEquals(errors.take().map(String), [
    'ServicesNotStopped: Cannot stop 1 of the child services: Slow "db": boom',
  ]);
  assertEquals(reactor.running, false);
});
