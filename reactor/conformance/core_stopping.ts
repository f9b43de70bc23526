/**
 * How a reactor is stopped: by `stop()`, a signal, an AbortSignal.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Deferred } from "../../defer/mod.ts";
import { ReactorNotRestartable, ReactorNotRunning } from "../errors.ts";
import type { IReactor } from "../interfaces.ts";
import { coreTest, LoggedTexts } from "./core_bed.ts";

/** The tests of stopping. */
export function stoppingTests(name: string, makeReactor: () => IReactor): void {
  const test = coreTest(name, makeReactor);

  test("stop() fires all of shutdown, after it has returned and before run() settles", async (bed) => {
    const { reactor } = bed;
    bed.noteRunning("shutdown");
    reactor.callWhenRunning(() => {
      reactor.stop();
      bed.note("stopped");
    });
    const running = bed.run().then(() => bed.note("settled"));
    assertEquals(bed.take(), ["stopped"]);
    await running;
    assertEquals(bed.take(), [
      "before shutdown: true",
      "during shutdown: false",
      "after shutdown: false",
      "settled",
    ]);
  });

  test("the shutdown reports failures that no errback handles, and leaves those that are", async (bed) => {
    const { reactor } = bed;
    const failures = ["left", "handled after run()"].map((message) => {
      const deferred = new Deferred<void>();
      reactor.addSystemEventTrigger("during", "shutdown", () => {
        deferred.errback(new Error(message));
      });
      return deferred;
    });
    reactor.callWhenRunning(() => reactor.stop());
    await bed.run();
    failures[1]?.addErrback(() => {});
    assertEquals(bed.takeErrors(), []);
    // The turn is over.
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(bed.takeErrors(), ["left"]);
  });

  test("stop() twice throws ReactorNotRunning, at once, while it stops, and after it", async (bed) => {
    const { reactor } = bed;
    const stop = () => assertThrows(() => reactor.stop(), ReactorNotRunning);
    reactor.addSystemEventTrigger("before", "shutdown", stop);
    reactor.addSystemEventTrigger("after", "shutdown", stop);
    const running = bed.run();
    reactor.stop();
    stop();
    await running;
    stop();
  });

  test("run() after stop() is rejected with ReactorNotRestartable, in `after shutdown` too", async (bed) => {
    const { reactor } = bed;
    const inside: Promise<unknown>[] = [];
    reactor.addSystemEventTrigger("after", "shutdown", () => {
      inside.push(assertRejects(() => bed.run(), ReactorNotRestartable));
    });
    reactor.callWhenRunning(() => reactor.stop());
    await bed.run();
    assertEquals((await Promise.all(inside)).length, 1);
    await assertRejects(() => bed.run(), ReactorNotRestartable);
  });

  test("stop() in `before startup` lets the start go on, and shutdown follows", async (bed) => {
    const { reactor } = bed;
    reactor.addSystemEventTrigger("before", "startup", () => reactor.stop());
    bed.noteRunning("startup");
    bed.noteRunning("shutdown");
    await bed.run();
    assertEquals(bed.take(), [
      "before startup: false",
      "during startup: true",
      "after startup: true",
      "before shutdown: true",
      "during shutdown: false",
      "after shutdown: false",
    ]);
  });

  test("stop() while a before startup trigger is waited for ends it: it never runs, not when that is over either", async (bed) => {
    const { reactor } = bed;
    const waited = new Deferred<void>();
    reactor.addSystemEventTrigger("before", "startup", () => waited);
    reactor.callWhenRunning(bed.note, "running");
    const running = bed.run();
    reactor.stop();
    await running;
    waited.callback();
    assertEquals([reactor.running, bed.take()], [false, []]);
  });

  test("stop() in the callback that ends the wait of a before startup trigger: it starts, then stops", async (bed) => {
    using time = new FakeTime();
    const { reactor } = bed;
    reactor.addSystemEventTrigger("before", "startup", () => {
      const waited = new Deferred<void>();
      waited.addCallback(() => reactor.stop());
      reactor.callLater(0, () => waited.callback());
      return waited;
    });
    reactor.callWhenRunning(bed.note, "running");
    bed.noteRunning("shutdown");
    const running = bed.run();
    time.tick(0);
    await running;
    assertEquals(bed.take(), [
      "running",
      "before shutdown: true",
      "during shutdown: false",
      "after shutdown: false",
    ]);
  });

  test("stop() in a timed call fires shutdown in the same turn, after the calls that are due already", async (bed) => {
    using time = new FakeTime();
    const { reactor } = bed;
    bed.noteRunning("shutdown");
    const running = bed.run();
    reactor.callLater(1, () => {
      reactor.stop();
      bed.note("stopped");
    });
    reactor.callLater(1, () => {
      bed.note("due");
      reactor.callLater(0, bed.note, "asked for too late");
    });
    reactor.callLater(1.001, bed.note, "not due");
    time.tick(1000);
    assertEquals(bed.take(), [
      "stopped",
      "due",
      "before shutdown: true",
      "during shutdown: false",
      "after shutdown: false",
    ]);
    time.tick(1000);
    await running;
    assertEquals(bed.take(), []);
  });

  test("stop() from a promise's continuation ends it, before any timer", async (bed) => {
    const { reactor } = bed;
    const running = bed.run();
    const late = reactor.callLater(0, bed.note, "timed");
    late.delay(1000);
    await Promise.resolve();
    reactor.stop();
    await running;
    assertEquals(bed.take(), []);
  });

  test("A before shutdown trigger holds the end back; the reactor runs on, and its timed calls are made", async (bed) => {
    using time = new FakeTime();
    const { reactor } = bed;
    const waited = new Deferred<void>();
    const promised = Promise.withResolvers<void>();
    reactor.addSystemEventTrigger("before", "shutdown", () => waited);
    reactor.addSystemEventTrigger("before", "shutdown", () => promised.promise);
    reactor.addSystemEventTrigger("during", "shutdown", bed.note, "during shutdown");
    const running = bed.run();
    reactor.callLater(0, () => reactor.stop());
    time.tick(0);
    reactor.callLater(5, bed.note, "timed");
    time.tick(5000);
    assertEquals([reactor.running, bed.take()], [true, ["timed"]]);
    promised.resolve();
    await promised.promise;
    assertEquals(bed.take(), []);
    waited.callback();
    await running;
    assertEquals(bed.take(), ["during shutdown"]);
  });

  test("Shutdown triggers that fail in each phase are logged, and it ends all the same", async (bed) => {
    const { reactor } = bed;
    for (const phase of ["before", "during", "after"] as const) {
      reactor.addSystemEventTrigger(phase, "shutdown", () => {
        throw new Error(phase);
      });
    }
    reactor.addSystemEventTrigger(
      "before",
      "shutdown",
      () => Promise.reject(new Error("rejected")),
    );
    reactor.callWhenRunning(() => reactor.stop());
    await bed.run();
    assertEquals(bed.takeErrors(), ["before", "rejected", "during", "after"]);
  });

  test("sigInt(), sigTerm() and sigBreak() log the signal and stop; once more, nothing is waited for", async () => {
    for (
      const [signal, send] of [
        ["SIGINT", (r: IReactor) => r.sigInt()],
        ["SIGTERM", (r: IReactor) => r.sigTerm()],
        ["SIGBREAK", (r: IReactor) => r.sigBreak()],
      ] as const
    ) {
      using logged = new LoggedTexts();
      const reactor = makeReactor();
      reactor.addSystemEventTrigger("before", "shutdown", () => new Deferred<void>());
      const running = reactor.run({ installSignalHandlers: false });
      send(reactor);
      await Promise.resolve();
      send(reactor);
      await running;
      const [first, second, ...rest] = logged.texts;
      assertEquals(first, `Received ${signal}, shutting down.`);
      assertMatch(second ?? "", new RegExp(`^Received ${signal} .*not waiting`));
      assertEquals(rest, ["Main loop terminated."]);
    }
  });

  test('fireSystemEvent("shutdown") ends it as stop() does', async (bed) => {
    const { reactor } = bed;
    bed.noteRunning("shutdown");
    const running = bed.run();
    reactor.fireSystemEvent("shutdown");
    assertEquals([reactor.running, bed.take().length], [false, 3]);
    await running;
    assertThrows(() => reactor.stop(), ReactorNotRunning);
  });

  test('fireSystemEvent("startup") does not start a reactor that is not run', (bed) => {
    bed.noteRunning("startup");
    bed.reactor.fireSystemEvent("startup");
    assertEquals(bed.take(), [
      "before startup: false",
      "during startup: false",
      "after startup: false",
    ]);
  });

  test("run({ signal }) stops when the signal is aborted, with a shutdown", async (bed) => {
    const aborter = new AbortController();
    bed.noteRunning("shutdown");
    const running = bed.run({ signal: aborter.signal });
    assert(bed.reactor.running);
    aborter.abort();
    await running;
    assertEquals(bed.take().length, 3);
    aborter.abort();
  });

  test("run({ signal }) with one that is aborted already starts, and stops", async (bed) => {
    bed.noteRunning("startup");
    bed.noteRunning("shutdown");
    await bed.run({ signal: AbortSignal.abort() });
    assertEquals(bed.take().length, 6);
  });

  test("An abort does nothing to a reactor that is stopping, or that has crashed and runs again", async (bed) => {
    const { reactor } = bed;
    const aborter = new AbortController();
    const first = bed.run({ signal: aborter.signal });
    reactor.crash();
    await first;
    const other = new AbortController();
    const second = bed.run({ signal: other.signal });
    aborter.abort();
    assert(reactor.running);
    reactor.stop();
    other.abort();
    await second;
  });
}
