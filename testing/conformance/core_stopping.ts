/**
 * Stopping a reactor: by `stop()`, a signal of the system, or an AbortSignal.
 *
 * @module
 */

import type { FakeTimeClass } from "./fake_time.ts";
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "../assertions.ts";
import { Deferred } from "../../defer/mod.ts";
import { ReactorNotRestartable, ReactorNotRunning } from "../../reactor/errors.ts";
import { EventLoggingObserver } from "../event_logging_observer.ts";
import type { CoreReactor, CoreTest } from "../fixtures/core_fixture.ts";

/** Defines the tests of stopping. */
export function stoppingTests(
  test: CoreTest,
  FakeTime: FakeTimeClass,
  makeReactor: () => CoreReactor,
): void {
  Deno.test(
    test("stop() fires the whole shutdown after it returns and before run() settles", async (fixture) => {
      const { reactor } = fixture;
      fixture.noteRunning("shutdown");
      reactor.callWhenRunning(() => {
        reactor.stop();
        fixture.note("stopped");
      });
      const running = fixture.run().then(() => fixture.note("settled"));
      assertEquals(fixture.take(), ["stopped"]);
      await running;
      assertEquals(fixture.take(), [
        "before shutdown: true",
        "during shutdown: false",
        "after shutdown: false",
        "settled",
      ]);
    }),
  );

  Deno.test(
    test("stop() reports Deferreds' unhandled failures at the shutdown", async (fixture) => {
      const { reactor } = fixture;
      const failures = ["left", "handled after run()"].map((message) => {
        const deferred = new Deferred<void>();
        reactor.addSystemEventTrigger("during", "shutdown", () => {
          deferred.errback(new Error(message));
        });
        return deferred;
      });
      reactor.callWhenRunning(() => reactor.stop());
      await fixture.run();
      failures[1]?.addErrback(() => {});
      assertEquals(fixture.takeErrors(), []);
      // A new turn begins.
      await new Promise((resolve) => setTimeout(resolve, 0));
      assertEquals(fixture.takeErrors(), ["left"]);
    }),
  );

  Deno.test(test("stop() called again throws ReactorNotRunning", async (fixture) => {
    const { reactor } = fixture;
    const stop = () => assertThrows(() => reactor.stop(), ReactorNotRunning);
    reactor.addSystemEventTrigger("before", "shutdown", stop);
    reactor.addSystemEventTrigger("after", "shutdown", stop);
    const running = fixture.run();
    reactor.stop();
    stop();
    await running;
    stop();
  }));

  Deno.test(
    test("run() after stop() rejects with ReactorNotRestartable, in 'after shutdown' too", async (fixture) => {
      const { reactor } = fixture;
      const inside: Promise<unknown>[] = [];
      reactor.addSystemEventTrigger("after", "shutdown", () => {
        inside.push(assertRejects(() => fixture.run(), ReactorNotRestartable));
      });
      reactor.callWhenRunning(() => reactor.stop());
      await fixture.run();
      assertEquals((await Promise.all(inside)).length, 1);
      await assertRejects(() => fixture.run(), ReactorNotRestartable);
    }),
  );

  Deno.test(
    test("stop() in 'before startup' lets the startup complete, then shuts down", async (fixture) => {
      const { reactor } = fixture;
      reactor.addSystemEventTrigger("before", "startup", () => reactor.stop());
      fixture.noteRunning("startup");
      fixture.noteRunning("shutdown");
      await fixture.run();
      assertEquals(fixture.take(), [
        "before startup: false",
        "during startup: true",
        "after startup: true",
        "before shutdown: true",
        "during shutdown: false",
        "after shutdown: false",
      ]);
    }),
  );

  Deno.test(test("stop() during a 'before startup' wait prevents the start", async (fixture) => {
    const { reactor } = fixture;
    const waited = new Deferred<void>();
    reactor.addSystemEventTrigger("before", "startup", () => waited);
    reactor.callWhenRunning(fixture.note, "running");
    const running = fixture.run();
    reactor.stop();
    await running;
    waited.callback();
    assertEquals([reactor.running, fixture.take()], [false, []]);
  }));

  Deno.test(
    test("stop() in the callback that ends a 'before startup' wait starts, then stops", async (fixture) => {
      using time = new FakeTime();
      const { reactor } = fixture;
      reactor.addSystemEventTrigger("before", "startup", () => {
        const waited = new Deferred<void>();
        waited.addCallback(() => reactor.stop());
        reactor.callLater(0, () => waited.callback());
        return waited;
      });
      reactor.callWhenRunning(fixture.note, "running");
      fixture.noteRunning("shutdown");
      const running = fixture.run();
      time.tick(0);
      await running;
      assertEquals(fixture.take(), [
        "running",
        "before shutdown: true",
        "during shutdown: false",
        "after shutdown: false",
      ]);
    }),
  );

  Deno.test(
    test("stop() in a timed call fires shutdown in the same turn, after other due calls", async (fixture) => {
      using time = new FakeTime();
      const { reactor } = fixture;
      fixture.noteRunning("shutdown");
      const running = fixture.run();
      reactor.callLater(1, () => {
        reactor.stop();
        fixture.note("stopped");
      });
      reactor.callLater(1, () => {
        fixture.note("due");
        reactor.callLater(0, fixture.note, "asked for too late");
      });
      reactor.callLater(1.001, fixture.note, "not due");
      time.tick(1000);
      assertEquals(fixture.take(), [
        "stopped",
        "due",
        "before shutdown: true",
        "during shutdown: false",
        "after shutdown: false",
      ]);
      time.tick(1000);
      await running;
      assertEquals(fixture.take(), []);
    }),
  );

  Deno.test(
    test("stop() in a promise's continuation shuts down before any timer", async (fixture) => {
      const { reactor } = fixture;
      const running = fixture.run();
      const late = reactor.callLater(0, fixture.note, "timed");
      late.delay(1000);
      await Promise.resolve();
      reactor.stop();
      await running;
      assertEquals(fixture.take(), []);
    }),
  );

  Deno.test(
    test("stop() waits for a 'before shutdown' Deferred, and makes timed calls meanwhile", async (fixture) => {
      using time = new FakeTime();
      const { reactor } = fixture;
      const waited = new Deferred<void>();
      const promised = Promise.withResolvers<void>();
      reactor.addSystemEventTrigger("before", "shutdown", () => waited);
      reactor.addSystemEventTrigger("before", "shutdown", () => promised.promise);
      reactor.addSystemEventTrigger("during", "shutdown", fixture.note, "during shutdown");
      const running = fixture.run();
      reactor.callLater(0, () => reactor.stop());
      time.tick(0);
      reactor.callLater(5, fixture.note, "timed");
      time.tick(5000);
      assertEquals([reactor.running, fixture.take()], [true, ["timed"]]);
      promised.resolve();
      await promised.promise;
      assertEquals(fixture.take(), []);
      waited.callback();
      await running;
      assertEquals(fixture.take(), ["during shutdown"]);
    }),
  );

  Deno.test(test("stop() logs shutdown triggers that fail, and completes", async (fixture) => {
    const { reactor } = fixture;
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
    await fixture.run();
    assertEquals(fixture.takeErrors(), ["before", "rejected", "during", "after"]);
  }));

  Deno.test(
    test("sigInt(), sigTerm() and sigBreak() stop; a second signal ends the waits", async () => {
      for (
        const [signal, send] of [
          ["SIGINT", (r: CoreReactor) => r.sigInt()],
          ["SIGTERM", (r: CoreReactor) => r.sigTerm()],
          ["SIGBREAK", (r: CoreReactor) => r.sigBreak()],
        ] as const
      ) {
        using logged = EventLoggingObserver.createWithCleanup();
        const reactor = makeReactor();
        reactor.addSystemEventTrigger("before", "shutdown", () => new Deferred<void>());
        const running = reactor.run({ installSignalHandlers: false });
        send(reactor);
        await Promise.resolve();
        send(reactor);
        await running;
        const [first, second, ...rest] = logged.texts;
        assertEquals(first, `Received ${signal}, shutting down.`);
        assertMatch(second ?? "", new RegExp(`^Received ${signal} .*no longer waiting`));
        assertEquals(rest, ["Main loop terminated."]);
      }
    }),
  );

  Deno.test(test('fireSystemEvent("shutdown") ends it as stop() does', async (fixture) => {
    const { reactor } = fixture;
    fixture.noteRunning("shutdown");
    const running = fixture.run();
    reactor.fireSystemEvent("shutdown");
    assertEquals([reactor.running, fixture.take().length], [false, 3]);
    await running;
    assertThrows(() => reactor.stop(), ReactorNotRunning);
  }));

  Deno.test(
    test('fireSystemEvent("startup") does not start a reactor that is not run', (fixture) => {
      fixture.noteRunning("startup");
      fixture.reactor.fireSystemEvent("startup");
      assertEquals(fixture.take(), [
        "before startup: false",
        "during startup: false",
        "after startup: false",
      ]);
    }),
  );

  Deno.test(test("run({ signal }) shuts down when the signal aborts", async (fixture) => {
    const aborter = new AbortController();
    fixture.noteRunning("shutdown");
    const running = fixture.run({ signal: aborter.signal });
    assert(fixture.reactor.running);
    aborter.abort();
    await running;
    assertEquals(fixture.take().length, 3);
    aborter.abort();
  }));

  Deno.test(
    test("run({ signal }) with an aborted signal starts, then shuts down", async (fixture) => {
      fixture.noteRunning("startup");
      fixture.noteRunning("shutdown");
      await fixture.run({ signal: AbortSignal.abort() });
      assertEquals(fixture.take().length, 6);
    }),
  );

  Deno.test(test("run({ signal }) ignores the signal after stop() or crash()", async (fixture) => {
    const { reactor } = fixture;
    const aborter = new AbortController();
    const first = fixture.run({ signal: aborter.signal });
    reactor.crash();
    await first;
    const other = new AbortController();
    const second = fixture.run({ signal: other.signal });
    aborter.abort();
    assert(reactor.running);
    reactor.stop();
    other.abort();
    await second;
  }));
}
