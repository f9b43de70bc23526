/**
 * How a reactor is left at once, and run again.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Deferred } from "../../defer/mod.ts";
import { ReactorNotRestartable, ReactorNotRunning } from "../errors.ts";
import type { IReactor } from "../interfaces.ts";
import { coreTest } from "./core_bed.ts";

/** The tests of `crash()`. */
export function crashingTests(name: string, makeReactor: () => IReactor): void {
  const test = coreTest(name, makeReactor);

  test("crash() ends it without shutdown: run() settles, and it may be run again", async (bed) => {
    using time = new FakeTime();
    const { reactor } = bed;
    bed.noteRunning("shutdown");
    const first = bed.run();
    reactor.callLater(0, () => reactor.crash());
    reactor.callLater(1, bed.note, "timed");
    time.tick(0);
    await first;
    assertEquals([reactor.running, bed.take()], [false, []]);
    assertThrows(() => reactor.stop(), ReactorNotRunning);
    time.tick(5000);
    assertEquals(bed.take(), []);

    reactor.callWhenRunning(bed.note, "running again");
    const second = bed.run();
    assert(reactor.running);
    time.tick(0);
    assertEquals(bed.take(), ["running again", "timed"]);
    reactor.stop();
    await second;
    assertEquals(bed.take().length, 3);
  });

  test("crash() in callWhenRunning() ends it, and while it does not run, does nothing", async (bed) => {
    const { reactor } = bed;
    reactor.crash();
    reactor.callWhenRunning(() => reactor.crash());
    await bed.run();
    reactor.crash();
    assert(!reactor.running);
    reactor.callWhenRunning(() => reactor.stop());
    await bed.run();
  });

  test("crash() while a before startup trigger is waited for: what waits for the start waits for the next run()", async (bed) => {
    const { reactor } = bed;
    const waited = new Deferred<void>();
    reactor.addSystemEventTrigger("before", "startup", () => waited);
    reactor.callWhenRunning(bed.note, "running");
    const first = bed.run();
    reactor.crash();
    await first;
    waited.callback();
    assertEquals([reactor.running, bed.take()], [false, []]);
    const second = bed.run();
    assertEquals(bed.take(), ["running"]);
    reactor.stop();
    await second;
  });

  test("crash() after stop(): no shutdown, no timed call, and no other run()", async (bed) => {
    using _time = new FakeTime();
    const { reactor } = bed;
    bed.noteRunning("shutdown");
    const running = bed.run();
    reactor.callLater(0, bed.note, "timed");
    reactor.stop();
    reactor.crash();
    await running;
    await Promise.resolve();
    assertEquals(bed.take(), []);
    await assertRejects(() => bed.run(), ReactorNotRestartable);
  });

  test("crash() while a before shutdown trigger is waited for: the rest of shutdown never comes", async (bed) => {
    const { reactor } = bed;
    const waited = new Deferred<void>();
    reactor.addSystemEventTrigger("before", "shutdown", () => waited);
    reactor.addSystemEventTrigger("during", "shutdown", bed.note, "during shutdown");
    const running = bed.run();
    reactor.stop();
    await Promise.resolve();
    reactor.crash();
    await running;
    waited.callback();
    assertEquals(bed.take(), []);
  });
}
