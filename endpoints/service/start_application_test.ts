/**
 * Twisted's `test/test_application.py`, `AppSupportTests.test_startApplication`, and further cases.
 * Real signals are tested in `examples_test.ts`.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { Deferred } from "../../defer/mod.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { SystemEvent } from "../../reactor/lifecycle/system_event.ts";
import { MultiService, Service, startApplication } from "./mod.ts";

/** The shutdown triggers of a reactor. */
class Shutdown extends SystemEvent {
  isOver = false;

  constructor() {
    super("shutdown");
  }

  reactor: Parameters<typeof startApplication>[0] = {
    addSystemEventTrigger: (phase, type, f, ...args) => {
      assertEquals(type, "shutdown");
      return this.add(phase, f, args);
    },
  };

  begin(): void {
    this.fire({ during: () => this.isOver = true });
  }
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
  const shutdown = new Shutdown();
  const slow = new Slow();
  const application = new MultiService();
  slow.setServiceParent(application);
  startApplication(shutdown.reactor, application);
  assertEquals([application.running, slow.running, slow.isPrivileged], [true, true, true]);
  shutdown.begin();
  assertEquals([slow.running, shutdown.isOver], [false, false]);
  slow.stopping.callback();
  assertEquals(shutdown.isOver, true);
});

Deno.test("startApplication() does not delay a shutdown that a second signal forces", () => {
  const shutdown = new Shutdown();
  const slow = new Slow();
  startApplication(shutdown.reactor, slow);
  shutdown.begin();
  shutdown.forceClose();
  assertEquals([slow.running, shutdown.isOver], [false, true]);
});

Deno.test("startApplication() throws an error of startService()", () => {
  class Failing extends Service {
    override startService(): void {
      throw new RangeError("boom");
    }
  }
  const shutdown = new Shutdown();
  const [slow, application] = [new Slow(), new MultiService()];
  slow.setServiceParent(application);
  new Failing().setServiceParent(application);
  assertThrows(() => startApplication(shutdown.reactor, application), RangeError, "boom");
  assertEquals(slow.running, true);
  slow.stopping.callback();
  shutdown.begin();
  assertEquals([slow.running, shutdown.isOver], [false, true]);
});

Deno.test("startApplication() logs an error of stopping, and the shutdown continues", () => {
  using errors = new LoggedErrors();
  const shutdown = new Shutdown();
  const slow = new Slow();
  slow.setName("db");
  const application = new MultiService();
  slow.setServiceParent(application);
  startApplication(shutdown.reactor, application);
  shutdown.begin();
  slow.stopping.errback(new RangeError("boom"));
  assertEquals(errors.take().map(String), [
    'ServicesNotStopped: Cannot stop 1 of the child services: Slow "db": boom',
  ]);
  assertEquals(shutdown.isOver, true);
});
