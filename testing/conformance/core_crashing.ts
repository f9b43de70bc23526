/**
 * Stopping a reactor at once with `crash()`, and running it again.
 *
 * @module
 */

import type { FakeTimeClass } from "./fake_time.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../assertions.ts";
import { Deferred } from "../../defer/mod.ts";
import { ReactorNotRestartable, ReactorNotRunning } from "../../reactor/errors.ts";
import type { CoreTest } from "../fixtures/core_fixture.ts";

/** Defines the tests of `crash()`. */
export function crashingTests(
  test: CoreTest,
  FakeTime: FakeTimeClass,
): void {
  Deno.test(
    test("crash() stops the reactor without shutdown; run() settles and may be called again", async (fixture) => {
      using time = new FakeTime();
      const { reactor } = fixture;
      fixture.noteRunning("shutdown");
      const first = fixture.run();
      reactor.callLater(0, () => reactor.crash());
      reactor.callLater(1, fixture.note, "timed");
      time.tick(0);
      await first;
      assertEquals([reactor.running, fixture.take()], [false, []]);
      assertThrows(() => reactor.stop(), ReactorNotRunning);
      time.tick(5000);
      assertEquals(fixture.take(), []);

      reactor.callWhenRunning(fixture.note, "running again");
      const second = fixture.run();
      assert(reactor.running);
      time.tick(0);
      assertEquals(fixture.take(), ["running again", "timed"]);
      reactor.stop();
      await second;
      assertEquals(fixture.take().length, 3);
    }),
  );

  Deno.test(
    test("crash() in callWhenRunning() stops the reactor; without run() it has no effect", async (fixture) => {
      const { reactor } = fixture;
      reactor.crash();
      reactor.callWhenRunning(() => reactor.crash());
      await fixture.run();
      reactor.crash();
      assert(!reactor.running);
      reactor.callWhenRunning(() => reactor.stop());
      await fixture.run();
    }),
  );

  Deno.test(
    test("crash() during a 'before startup' wait leaves queued calls to the next run()", async (fixture) => {
      const { reactor } = fixture;
      const waited = new Deferred<void>();
      reactor.addSystemEventTrigger("before", "startup", () => waited);
      reactor.callWhenRunning(fixture.note, "running");
      const first = fixture.run();
      reactor.crash();
      await first;
      waited.callback();
      assertEquals([reactor.running, fixture.take()], [false, []]);
      const second = fixture.run();
      assertEquals(fixture.take(), ["running"]);
      reactor.stop();
      await second;
    }),
  );

  Deno.test(
    test("crash() after stop() prevents the shutdown, timed calls and another run()", async (fixture) => {
      using _time = new FakeTime();
      const { reactor } = fixture;
      fixture.noteRunning("shutdown");
      const running = fixture.run();
      reactor.callLater(0, fixture.note, "timed");
      reactor.stop();
      reactor.crash();
      await running;
      await Promise.resolve();
      assertEquals(fixture.take(), []);
      await assertRejects(() => fixture.run(), ReactorNotRestartable);
    }),
  );

  Deno.test(
    test("crash() during a 'before shutdown' wait prevents the rest of the shutdown", async (fixture) => {
      const { reactor } = fixture;
      const waited = new Deferred<void>();
      reactor.addSystemEventTrigger("before", "shutdown", () => waited);
      reactor.addSystemEventTrigger("during", "shutdown", fixture.note, "during shutdown");
      const running = fixture.run();
      reactor.stop();
      await Promise.resolve();
      reactor.crash();
      await running;
      waited.callback();
      assertEquals(fixture.take(), []);
    }),
  );
}
