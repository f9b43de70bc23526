/**
 * System events: the reactor's own, and those of the application.
 *
 * @module
 */

import type { FakeTimeClass } from "./fake_time.ts";
import { assertEquals, assertThrows } from "../assertions.ts";
import { Deferred } from "../../defer/mod.ts";
import type { EventPhase, SystemEventTriggerID } from "../../reactor/interfaces/mod.ts";
import type { CoreReactor, CoreTest } from "../fixtures/core_fixture.ts";

/** Defines the tests of events. */
export function eventTests(
  test: CoreTest,
  FakeTime: FakeTimeClass,
  makeReactor: () => CoreReactor,
): void {
  Deno.test(
    test("fireSystemEvent() fires a custom event, whether or not the reactor runs", async (fixture) => {
      using time = new FakeTime();
      const { reactor } = fixture;
      const add = () => {
        for (const phase of ["after", "during", "before"] as const) {
          reactor.addSystemEventTrigger(
            phase,
            "Event1",
            (...args: string[]) => {
              fixture.note([phase, ...args].join(" "));
            },
            "with",
            "arguments",
          );
        }
      };
      const all = ["before with arguments", "during with arguments", "after with arguments"];
      add();
      reactor.fireSystemEvent("Event1");
      assertEquals(fixture.take(), all);
      add();
      const running = fixture.run();
      reactor.callLater(4, () => reactor.fireSystemEvent("Event1"));
      time.tick(4000);
      assertEquals(fixture.take(), all);
      reactor.stop();
      await running;
    }),
  );

  Deno.test(
    test("fireSystemEvent() removes the triggers that it calls; an event needs no trigger", (fixture) => {
      const { reactor } = fixture;
      reactor.fireSystemEvent("Event1");
      reactor.addSystemEventTrigger("during", "Event1", fixture.note, "once");
      reactor.fireSystemEvent("Event1");
      reactor.fireSystemEvent("Event1");
      assertEquals(fixture.take(), ["once"]);
    }),
  );

  Deno.test(test("fireSystemEvent() accepts any name, such as __proto__", (fixture) => {
    for (const event of ["", "__proto__", "constructor", "Event 1"]) {
      fixture.reactor.addSystemEventTrigger("during", event, fixture.note, event);
      fixture.reactor.fireSystemEvent(event);
      assertEquals(fixture.take(), [event]);
    }
  }));

  Deno.test(
    test("addSystemEventTrigger('before') with a Deferred delays only its own event", (fixture) => {
      const { reactor } = fixture;
      const waited = { first: new Deferred<void>(), second: new Deferred<void>() };
      for (const event of ["first", "second"] as const) {
        reactor.addSystemEventTrigger("before", event, () => waited[event]);
        reactor.addSystemEventTrigger("after", event, fixture.note, event);
        reactor.fireSystemEvent(event);
      }
      assertEquals(fixture.take(), []);
      waited.second.callback();
      assertEquals(fixture.take(), ["second"]);
      waited.first.callback();
      assertEquals(fixture.take(), ["first"]);
    }),
  );

  Deno.test(
    test("addSystemEventTrigger('before') may fire the Deferred of an earlier trigger", (fixture) => {
      const { reactor } = fixture;
      const [first, second] = [new Deferred<void>(), new Deferred<void>()];
      reactor.addSystemEventTrigger("before", "Event1", () => first);
      reactor.addSystemEventTrigger("before", "Event1", () => first.callback());
      reactor.addSystemEventTrigger("before", "Event1", () => {
        fixture.note("before");
        return second;
      });
      reactor.addSystemEventTrigger("during", "Event1", fixture.note, "during");
      reactor.fireSystemEvent("Event1");
      assertEquals(fixture.take(), ["before"]);
      second.callback();
      assertEquals(fixture.take(), ["during"]);
    }),
  );

  Deno.test(
    test("addSystemEventTrigger() logs a trigger that throws, and calls the others", (fixture) => {
      const { reactor } = fixture;
      for (const phase of ["before", "during", "after"] as const) {
        reactor.addSystemEventTrigger(phase, "Event1", () => {
          throw new Error(phase);
        });
        reactor.addSystemEventTrigger(phase, "Event1", fixture.note, phase);
      }
      reactor.fireSystemEvent("Event1");
      const phases = ["before", "during", "after"];
      assertEquals([fixture.takeErrors(), fixture.take()], [phases, phases]);
    }),
  );

  Deno.test(
    test("addSystemEventTrigger() and its removal work while the event fires", (fixture) => {
      const { reactor } = fixture;
      const add = (phase: EventPhase, event: string) =>
        reactor.addSystemEventTrigger(phase, "Event1", fixture.note, event);
      reactor.addSystemEventTrigger("before", "Event1", () => {
        add("before", "added before");
        add("during", "added during");
        reactor.removeSystemEventTrigger(pending);
        reactor.removeSystemEventTrigger(during);
      });
      const pending = add("before", "removed before");
      const during = add("during", "removed during");
      add("after", "after");
      reactor.fireSystemEvent("Event1");
      assertEquals(fixture.take(), ["added before", "added during", "after"]);
    }),
  );

  Deno.test(
    test("removeSystemEventTrigger() works during the wait for a 'before' trigger", (fixture) => {
      const { reactor } = fixture;
      const waited = new Deferred<void>();
      reactor.addSystemEventTrigger("before", "Event1", () => waited);
      const id = reactor.addSystemEventTrigger("during", "Event1", fixture.note, "during");
      reactor.addSystemEventTrigger("after", "Event1", fixture.note, "after");
      reactor.fireSystemEvent("Event1");
      reactor.removeSystemEventTrigger(id);
      waited.callback();
      assertEquals(fixture.take(), ["after"]);
    }),
  );

  Deno.test(
    test("addSystemEventTrigger() throws a RangeError that names an unknown phase", (fixture) => {
      // A phase that the types reject.
      const phase = "xxx" as EventPhase;
      assertThrows(
        () => fixture.reactor.addSystemEventTrigger(phase, "Event1", fixture.note, "called"),
        RangeError,
        '"xxx"',
      );
      fixture.reactor.fireSystemEvent("Event1");
      assertEquals(fixture.take(), []);
    }),
  );

  Deno.test(
    test("removeSystemEventTrigger() throws for a trigger that was removed or has fired", (fixture) => {
      const { reactor } = fixture;
      const removed = reactor.addSystemEventTrigger("during", "Event1", fixture.note, "removed");
      const fired = reactor.addSystemEventTrigger("during", "Event1", fixture.note, "fired");
      reactor.removeSystemEventTrigger(removed);
      assertThrows(() => reactor.removeSystemEventTrigger(removed), RangeError, "removed");
      reactor.fireSystemEvent("Event1");
      assertEquals(fixture.take(), ["fired"]);
      assertThrows(() => reactor.removeSystemEventTrigger(fired), RangeError, "fired");
    }),
  );

  Deno.test(
    test("removeSystemEventTrigger() throws a RangeError for a foreign trigger", (fixture) => {
      const { reactor } = fixture;
      const own = reactor.addSystemEventTrigger("during", "Event1", fixture.note, "own");
      const foreign = makeReactor().addSystemEventTrigger("during", "Event1", () => {});
      // The types reject the last four.
      const others: unknown[] = [foreign, { ...own }, { ...own, phase: "xxx" }, null, undefined, 1];
      for (const id of others) {
        assertThrows(
          () => reactor.removeSystemEventTrigger(id as SystemEventTriggerID),
          RangeError,
        );
      }
      reactor.fireSystemEvent("Event1");
      assertEquals(fixture.take(), ["own"]);
    }),
  );
}
