/**
 * How a reactor starts, and what it calls.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Deferred } from "../../defer/mod.ts";
import { ReactorAlreadyRunning, ReactorNotRunning } from "../errors.ts";
import type { IReactor } from "../interfaces.ts";
import { coreTest } from "./core_bed.ts";

/** The tests of starting and running. */
export function runningTests(name: string, makeReactor: () => IReactor): void {
  const test = coreTest(name, makeReactor);

  test("Startup is over before run() returns its promise", async (bed) => {
    const { reactor } = bed;
    bed.noteRunning("startup");
    assertEquals([reactor.running, bed.take()], [false, []]);
    const running = bed.run();
    assertEquals(bed.take(), [
      "before startup: false",
      "during startup: true",
      "after startup: true",
    ]);
    assert(reactor.running);
    reactor.stop();
    await running;
  });

  test("running stays true before shutdown, and is false during and after it", async (bed) => {
    const { reactor } = bed;
    bed.noteRunning("shutdown");
    const running = bed.run();
    reactor.stop();
    assert(reactor.running);
    await running;
    assertEquals(bed.take(), [
      "before shutdown: true",
      "during shutdown: false",
      "after shutdown: false",
    ]);
    assert(!reactor.running);
  });

  test("A before startup trigger that returns a Deferred holds the start back; timed calls are made meanwhile", async (bed) => {
    using time = new FakeTime();
    const { reactor } = bed;
    reactor.addSystemEventTrigger("before", "startup", () => {
      const waited = new Deferred<void>();
      reactor.callLater(1, () => waited.callback());
      return waited;
    });
    bed.noteRunning("startup");
    const running = bed.run();
    time.tick(999);
    assertEquals(bed.take(), ["before startup: false"]);
    time.tick(1);
    assertEquals(bed.take(), ["during startup: true", "after startup: true"]);
    reactor.stop();
    await running;
  });

  test("A before startup trigger that returns a promise holds the start back", async (bed) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    bed.reactor.addSystemEventTrigger("before", "startup", () => promise);
    bed.reactor.callWhenRunning(() => bed.reactor.stop());
    const running = bed.run();
    assert(!bed.reactor.running);
    resolve();
    await running;
  });

  test("A before startup trigger that fails, at once or later, is logged, and the reactor starts", async (bed) => {
    const { reactor } = bed;
    reactor.addSystemEventTrigger("before", "startup", () => {
      throw new Error("thrown");
    });
    const waited = new Deferred<void>();
    reactor.addSystemEventTrigger("before", "startup", () => waited);
    reactor.addSystemEventTrigger("before", "startup", () => Promise.reject(new Error("rejected")));
    reactor.callWhenRunning(() => reactor.stop());
    const running = bed.run();
    waited.errback(new Error("errback"));
    await running;
    assertEquals(bed.takeErrors(), ["thrown", "errback", "rejected"]);
  });

  test("run() while it runs is rejected with ReactorAlreadyRunning, from inside and outside", async (bed) => {
    const { reactor } = bed;
    const inside: Promise<unknown>[] = [];
    const again = () => void inside.push(assertRejects(() => bed.run(), ReactorAlreadyRunning));
    reactor.addSystemEventTrigger("before", "startup", again);
    reactor.callWhenRunning(again);
    reactor.addSystemEventTrigger("before", "shutdown", again);
    const running = bed.run();
    await assertRejects(() => bed.run(), ReactorAlreadyRunning);
    assert(reactor.running);
    reactor.stop();
    await assertRejects(() => bed.run(), ReactorAlreadyRunning);
    await running;
    assertEquals((await Promise.all(inside)).length, 3);
  });

  test("callWhenRunning() before run() calls in order, with the arguments, once it runs", async (bed) => {
    const { reactor } = bed;
    const note = (event: string) => bed.note(`${event}: ${reactor.running}`);
    assert(reactor.callWhenRunning(note, "first") !== null);
    reactor.callWhenRunning(note, "second");
    assertEquals(bed.take(), []);
    const running = bed.run();
    assertEquals(bed.take(), ["first: true", "second: true"]);
    reactor.stop();
    await running;
  });

  test("callWhenRunning() while it runs calls at once, returns null, and lets an error through", async (bed) => {
    const { reactor } = bed;
    const running = bed.run();
    assertEquals(reactor.callWhenRunning(bed.note, "now"), null);
    assertEquals(bed.take(), ["now"]);
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

  test("What waits for the start can be taken back", async (bed) => {
    const { reactor } = bed;
    const id = reactor.callWhenRunning(bed.note, "taken back");
    assert(id !== null);
    reactor.removeSystemEventTrigger(id);
    reactor.callWhenRunning(() => reactor.stop());
    await bed.run();
    assertEquals(bed.take(), []);
  });

  test("Async functions may be triggers, timed calls and callWhenRunning()'s: a rejection is logged", async (bed) => {
    using time = new FakeTime();
    const { reactor } = bed;
    const rejections: Promise<void>[] = [];
    const rejecting = (message: string) => {
      const rejected = Promise.reject(new Error(message));
      rejections.push(rejected.catch(() => {}));
      return rejected;
    };
    reactor.addSystemEventTrigger("during", "startup", rejecting, "during");
    reactor.callWhenRunning(rejecting, "waited for");
    const running = bed.run();
    reactor.callWhenRunning(rejecting, "running");
    reactor.callLater(0, rejecting, "timed");
    time.tick(0);
    await Promise.all(rejections);
    assert(reactor.running);
    assertEquals(bed.takeErrors(), ["during", "waited for", "running", "timed"]);
    reactor.stop();
    await running;
  });

  test("A timed call that throws is logged, and the others are made", async (bed) => {
    using time = new FakeTime();
    const running = bed.run();
    bed.reactor.callLater(1, () => {
      throw new Error("simulated");
    });
    bed.reactor.callLater(1, bed.note, "next");
    time.tick(1000);
    assertEquals([bed.takeErrors(), bed.take()], [["simulated"], ["next"]]);
    bed.reactor.stop();
    await running;
  });

  test("A function is asked for where it is given, with an error that names what was", (bed) => {
    const { reactor } = bed;
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

  test("getDelayedCalls() gives what callLater() returned, while it is still to come", async (bed) => {
    using time = new FakeTime();
    const { reactor } = bed;
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
    const running = bed.run();
    time.tick(1000);
    same(a);
    a?.cancel();
    same();
    reactor.stop();
    await running;
  });

  test("stop() before run() throws ReactorNotRunning, and hinders no run()", async (bed) => {
    const { reactor } = bed;
    assertThrows(() => reactor.stop(), ReactorNotRunning);
    reactor.callWhenRunning(() => reactor.stop());
    await bed.run();
  });
}
