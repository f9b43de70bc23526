/**
 * How a reactor starts, and what it calls.
 *
 * @module
 */

import type { FakeTimeClass } from "./fake_time.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../assertions.ts";
import { Deferred } from "../../defer/mod.ts";
import { ReactorAlreadyRunning, ReactorNotRunning } from "../../reactor/errors.ts";
import { type CoreReactor, coreTest } from "../fixtures/core_fixture.ts";

/** The tests of starting and running. */
export function runningTests(
  name: string,
  makeReactor: () => CoreReactor,
  FakeTime: FakeTimeClass,
): void {
  const test = coreTest(name, makeReactor);

  test("Startup is over before run() returns its promise", async (fixture) => {
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
  });

  test("running stays true before shutdown, and is false during and after it", async (fixture) => {
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
  });

  test("A before startup trigger that returns a Deferred holds the start back; timed calls are made meanwhile", async (fixture) => {
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
  });

  test("A before startup trigger that returns a promise holds the start back", async (fixture) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    fixture.reactor.addSystemEventTrigger("before", "startup", () => promise);
    fixture.reactor.callWhenRunning(() => fixture.reactor.stop());
    const running = fixture.run();
    assert(!fixture.reactor.running);
    resolve();
    await running;
  });

  test("A before startup trigger that fails, at once or later, is logged, and the reactor starts", async (fixture) => {
    const { reactor } = fixture;
    reactor.addSystemEventTrigger("before", "startup", () => {
      throw new Error("thrown");
    });
    const waited = new Deferred<void>();
    reactor.addSystemEventTrigger("before", "startup", () => waited);
    reactor.addSystemEventTrigger("before", "startup", () => Promise.reject(new Error("rejected")));
    reactor.callWhenRunning(() => reactor.stop());
    const running = fixture.run();
    waited.errback(new Error("errback"));
    await running;
    assertEquals(fixture.takeErrors(), ["thrown", "errback", "rejected"]);
  });

  test("run() while it runs is rejected with ReactorAlreadyRunning, from inside and outside", async (fixture) => {
    const { reactor } = fixture;
    const inside: Promise<unknown>[] = [];
    const again = () => void inside.push(assertRejects(() => fixture.run(), ReactorAlreadyRunning));
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
  });

  test("callWhenRunning() before run() calls in order, with the arguments, once it runs", async (fixture) => {
    const { reactor } = fixture;
    const note = (event: string) => fixture.note(`${event}: ${reactor.running}`);
    assert(reactor.callWhenRunning(note, "first") !== null);
    reactor.callWhenRunning(note, "second");
    assertEquals(fixture.take(), []);
    const running = fixture.run();
    assertEquals(fixture.take(), ["first: true", "second: true"]);
    reactor.stop();
    await running;
  });

  test("callWhenRunning() while it runs calls at once, returns null, and lets an error through", async (fixture) => {
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
  });

  test("What waits for the start can be taken back", async (fixture) => {
    const { reactor } = fixture;
    const id = reactor.callWhenRunning(fixture.note, "taken back");
    assert(id !== null);
    reactor.removeSystemEventTrigger(id);
    reactor.callWhenRunning(() => reactor.stop());
    await fixture.run();
    assertEquals(fixture.take(), []);
  });

  test("Async functions may be triggers, timed calls and callWhenRunning()'s: a rejection is logged", async (fixture) => {
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
  });

  test("A timed call that throws is logged, and the others are made", async (fixture) => {
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
  });

  test("A function is asked for where it is given, with an error that names what was", (fixture) => {
    const { reactor } = fixture;
    // As a caller without types would.
    const f = "text" as unknown as () => void;
    for (
      const give of [
        () => reactor.callWhenRunning(f),
        () => reactor.addSystemEventTrigger("before", "startup", f),
        () => reactor.callLater(0, f),
        () => reactor.addSignalHandler("SIGINT", f),
      ]
    ) assertThrows(give, TypeError, 'must be a function, got "text"');
  });

  test("getDelayedCalls() gives what callLater() returned, while it is still to come", async (fixture) => {
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
  });

  test("stop() before run() throws ReactorNotRunning, and hinders no run()", async (fixture) => {
    const { reactor } = fixture;
    assertThrows(() => reactor.stop(), ReactorNotRunning);
    reactor.callWhenRunning(() => reactor.stop());
    await fixture.run();
  });
}
