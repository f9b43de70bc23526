/**
 * The start of a reactor, and the calls that it makes.
 *
 * @module
 */

import type { FakeTimeClass } from "./fake_time.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../assertions.ts";
import { Deferred } from "../../defer/mod.ts";
import { ReactorAlreadyRunning, ReactorNotRunning } from "../../reactor/errors.ts";
import type { CoreTest } from "../fixtures/core_fixture.ts";

/** Defines the tests of starting and running. */
export function runningTests(
  test: CoreTest,
  FakeTime: FakeTimeClass,
): void {
  Deno.test(test("run() completes the startup before it returns its promise", async (fixture) => {
    const { reactor } = fixture;
    fixture.noteRunning("startup");
    assertEquals([reactor.running, fixture.take()], [false, []]);
    const running = fixture.run();
    assertEquals(fixture.take(), [
      "before startup: false",
      "during startup: true",
      "after startup: true",
    ]);
    assert(reactor.running);
    reactor.stop();
    await running;
  }));

  Deno.test(
    test("running is true in 'before shutdown', and false during and after shutdown", async (fixture) => {
      const { reactor } = fixture;
      fixture.noteRunning("shutdown");
      const running = fixture.run();
      reactor.stop();
      assert(reactor.running);
      await running;
      assertEquals(fixture.take(), [
        "before shutdown: true",
        "during shutdown: false",
        "after shutdown: false",
      ]);
      assert(!reactor.running);
    }),
  );

  Deno.test(
    test("run() waits for a 'before startup' Deferred, and makes timed calls meanwhile", async (fixture) => {
      using time = new FakeTime();
      const { reactor } = fixture;
      reactor.addSystemEventTrigger("before", "startup", () => {
        const waited = new Deferred<void>();
        reactor.callLater(1, () => waited.callback());
        return waited;
      });
      fixture.noteRunning("startup");
      const running = fixture.run();
      time.tick(999);
      assertEquals(fixture.take(), ["before startup: false"]);
      time.tick(1);
      assertEquals(fixture.take(), ["during startup: true", "after startup: true"]);
      reactor.stop();
      await running;
    }),
  );

  Deno.test(test("run() waits for a 'before startup' promise", async (fixture) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    fixture.reactor.addSystemEventTrigger("before", "startup", () => promise);
    fixture.reactor.callWhenRunning(() => fixture.reactor.stop());
    const running = fixture.run();
    assert(!fixture.reactor.running);
    resolve();
    await running;
  }));

  Deno.test(
    test("run() logs a 'before startup' trigger that fails, and starts", async (fixture) => {
      const { reactor } = fixture;
      reactor.addSystemEventTrigger("before", "startup", () => {
        throw new Error("thrown");
      });
      const waited = new Deferred<void>();
      reactor.addSystemEventTrigger("before", "startup", () => waited);
      reactor.addSystemEventTrigger(
        "before",
        "startup",
        () => Promise.reject(new Error("rejected")),
      );
      reactor.callWhenRunning(() => reactor.stop());
      const running = fixture.run();
      waited.errback(new Error("errback"));
      await running;
      assertEquals(fixture.takeErrors(), ["thrown", "errback", "rejected"]);
    }),
  );

  Deno.test(
    test("run() rejects with ReactorAlreadyRunning while the reactor runs", async (fixture) => {
      const { reactor } = fixture;
      const inside: Promise<unknown>[] = [];
      const again = () =>
        void inside.push(assertRejects(() => fixture.run(), ReactorAlreadyRunning));
      reactor.addSystemEventTrigger("before", "startup", again);
      reactor.callWhenRunning(again);
      reactor.addSystemEventTrigger("before", "shutdown", again);
      const running = fixture.run();
      await assertRejects(() => fixture.run(), ReactorAlreadyRunning);
      assert(reactor.running);
      reactor.stop();
      await assertRejects(() => fixture.run(), ReactorAlreadyRunning);
      await running;
      assertEquals((await Promise.all(inside)).length, 3);
    }),
  );

  Deno.test(
    test("callWhenRunning() before run() calls in order, with arguments, after the start", async (fixture) => {
      const { reactor } = fixture;
      const note = (event: string) => fixture.note(`${event}: ${reactor.running}`);
      assert(reactor.callWhenRunning(note, "first") !== null);
      reactor.callWhenRunning(note, "second");
      assertEquals(fixture.take(), []);
      const running = fixture.run();
      assertEquals(fixture.take(), ["first: true", "second: true"]);
      reactor.stop();
      await running;
    }),
  );

  Deno.test(
    test("callWhenRunning() on a running reactor calls at once and throws errors", async (fixture) => {
      const { reactor } = fixture;
      const running = fixture.run();
      assertEquals(reactor.callWhenRunning(fixture.note, "now"), null);
      assertEquals(fixture.take(), ["now"]);
      assertThrows(
        () =>
          reactor.callWhenRunning(() => {
            throw new Error("simulated");
          }),
        Error,
        "simulated",
      );
      reactor.stop();
      await running;
    }),
  );

  Deno.test(
    test("removeSystemEventTrigger() cancels a call of callWhenRunning()", async (fixture) => {
      const { reactor } = fixture;
      const id = reactor.callWhenRunning(fixture.note, "taken back");
      assert(id !== null);
      reactor.removeSystemEventTrigger(id);
      reactor.callWhenRunning(() => reactor.stop());
      await fixture.run();
      assertEquals(fixture.take(), []);
    }),
  );

  Deno.test(
    test("callLater(), triggers and callWhenRunning() log an async function's rejection", async (fixture) => {
      using time = new FakeTime();
      const { reactor } = fixture;
      const rejections: Promise<void>[] = [];
      const rejecting = (message: string) => {
        const rejected = Promise.reject(new Error(message));
        rejections.push(rejected.catch(() => {}));
        return rejected;
      };
      reactor.addSystemEventTrigger("during", "startup", rejecting, "during");
      reactor.callWhenRunning(rejecting, "waited for");
      const running = fixture.run();
      reactor.callWhenRunning(rejecting, "running");
      reactor.callLater(0, rejecting, "timed");
      time.tick(0);
      await Promise.all(rejections);
      assert(reactor.running);
      assertEquals(fixture.takeErrors(), ["during", "waited for", "running", "timed"]);
      reactor.stop();
      await running;
    }),
  );

  Deno.test(test("callLater() logs a call that throws, and makes the others", async (fixture) => {
    using time = new FakeTime();
    const running = fixture.run();
    fixture.reactor.callLater(1, () => {
      throw new Error("simulated");
    });
    fixture.reactor.callLater(1, fixture.note, "next");
    time.tick(1000);
    assertEquals([fixture.takeErrors(), fixture.take()], [["simulated"], ["next"]]);
    fixture.reactor.stop();
    await running;
  }));

  Deno.test(
    test("callLater() and its like throw a TypeError for a value that is not a function", (fixture) => {
      const { reactor } = fixture;
      // An argument that the types reject.
      const f = "text" as unknown as () => void;
      for (
        const give of [
          () => reactor.callWhenRunning(f),
          () => reactor.addSystemEventTrigger("before", "startup", f),
          () => reactor.callLater(0, f),
          () => reactor.addSignalHandler("SIGINT", f),
        ]
      ) assertThrows(give, TypeError, 'must be a function, got "text"');
    }),
  );

  Deno.test(
    test("getDelayedCalls() returns the scheduled calls of callLater()", async (fixture) => {
      using time = new FakeTime();
      const { reactor } = fixture;
      const [a, b, c] = [3, 1, 2].map((delay) => reactor.callLater(delay, () => {}));
      const same = (...calls: unknown[]) => {
        const found = new Set<unknown>(reactor.getDelayedCalls());
        assertEquals(found.size, calls.length);
        assert(calls.every((call) => found.has(call)));
      };
      same(a, b, c);
      a?.reset(5);
      c?.delay(-1.5);
      same(a, b, c);
      c?.cancel();
      same(a, b);
      const running = fixture.run();
      time.tick(1000);
      same(a);
      a?.cancel();
      same();
      reactor.stop();
      await running;
    }),
  );

  Deno.test(
    test("stop() before run() throws ReactorNotRunning; run() still works", async (fixture) => {
      const { reactor } = fixture;
      assertThrows(() => reactor.stop(), ReactorNotRunning);
      reactor.callWhenRunning(() => reactor.stop());
      await fixture.run();
    }),
  );
}
