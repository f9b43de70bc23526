// Of Twisted's tests, `test/test_internet.py`: all of `ThreePhaseEventTests` is here but
// - `test_synchronousRemoveAlreadyExecutedBefore`: Twisted only warns of it, and says that it will raise. Here it throws.
// - `test_addBeforeTrigger` and its like, and `test_finishedBeforeTriggersCleared`: they look at private lists; what comes of them is in
//   the tests of firing.
// The reactor's side of events (`SystemEventTests`) is in `conformance/core.ts`.

import { assertEquals, assertThrows } from "@std/assert";
import { Deferred } from "../../defer/mod.ts";
import { LoggedErrors } from "../../testing/fixtures/logged_errors.ts";
import type { EventPhase, SystemEventTriggerID } from "../interfaces/mod.ts";
import { SystemEvent } from "./system_event.ts";

/** An event whose triggers note that they were called. */
class Recorded {
  readonly event = new SystemEvent("Event1");
  readonly calls: string[] = [];

  add(phase: EventPhase, name: string, then?: () => unknown): SystemEventTriggerID {
    return this.event.add(phase, (called: string) => {
      this.calls.push(called);
      return then?.();
    }, [name]);
  }

  /** Fires it. @returns what was called meanwhile. */
  fire(): string[] {
    this.event.fire();
    return this.take();
  }

  take(): string[] {
    return this.calls.splice(0);
  }
}

const PHASES: EventPhase[] = ["before", "during", "after"];

Deno.test("fire() runs before, during and after triggers in this order, those of a phase as they were added", () => {
  const recorded = new Recorded();
  for (const phase of PHASES.toReversed()) {
    recorded.add(phase, `first ${phase}`);
    recorded.add(phase, `second ${phase}`);
  }
  assertEquals(recorded.calls, []);
  assertEquals(
    recorded.fire(),
    PHASES.flatMap((phase) => [`first ${phase}`, `second ${phase}`]),
  );
});

Deno.test("A trigger gets its arguments", () => {
  const event = new SystemEvent("Event1");
  const got: unknown[] = [];
  event.add("during", (...args: unknown[]) => got.push(...args), [1, "two", null]);
  event.fire();
  assertEquals(got, [1, "two", null]);
});

Deno.test("The reactor's part comes ahead of the during triggers, and its end after the last", () => {
  const recorded = new Recorded();
  for (const phase of PHASES) recorded.add(phase, phase);
  recorded.event.fire({
    during: () => recorded.calls.push("hook"),
    done: () => recorded.calls.push("done"),
  });
  assertEquals(recorded.calls, ["before", "hook", "during", "after", "done"]);
});

Deno.test("Triggers are used up by one firing", () => {
  const recorded = new Recorded();
  for (const phase of PHASES) recorded.add(phase, phase);
  assertEquals(recorded.fire(), PHASES);
  assertEquals(recorded.fire(), []);
});

for (const phase of ["xxx", "Before", "", "constructor", "toString", null, undefined]) {
  Deno.test(`add() refuses the phase ${JSON.stringify(phase)}, and says so`, () => {
    // As a caller without types would.
    const add = () => new SystemEvent("Event1").add(phase as EventPhase, () => {}, []);
    const { message } = assertThrows(add, RangeError);
    const got = JSON.stringify(phase) ?? "undefined";
    assertEquals(
      message,
      `Cannot add a trigger to "Event1": phase must be "before", "during" or "after", got ${got}`,
    );
  });
}

Deno.test("A removed trigger does not run; the same function added otherwise does", () => {
  const event = new SystemEvent("Event1");
  const calls: string[] = [];
  const note = (call: string) => calls.push(call);
  event.add("before", note, ["before"]);
  const removed = event.add("during", note, ["during"]);
  event.add("during", note, ["again"]);
  event.remove(removed);
  event.fire();
  assertEquals(calls, ["before", "again"]);
});

Deno.test("remove() of what has been removed, has fired, or was never added throws a RangeError", () => {
  const event = new SystemEvent("Event1");
  const nothing = () => {};
  const removed = event.add("before", nothing, []);
  event.remove(removed);
  const fired = event.add("after", nothing, []);
  event.fire();
  event.add("before", nothing, []);
  const foreign = new SystemEvent("Event1").add("before", nothing, []);
  const made: SystemEventTriggerID = { eventType: "Event1", phase: "before" };
  for (const id of [removed, fired, foreign, made]) {
    assertThrows(() => event.remove(id), RangeError, `Cannot remove the trigger from ${id.phase}`);
  }
});

Deno.test("remove() of what has a phase that there is not throws a RangeError that names it", () => {
  const event = new SystemEvent("Event1");
  const real = event.add("before", () => {}, []);
  // As a caller without types would.
  const id = { ...real, phase: "xxx" } as unknown as SystemEventTriggerID;
  assertThrows(() => event.remove(id), RangeError, "xxx");
});

Deno.test("A trigger that throws is logged with its phase and event, and the others run", () => {
  for (const phase of PHASES) {
    using errors = new LoggedErrors();
    const recorded = new Recorded();
    recorded.add(phase, "first", () => {
      throw new Error("simulated");
    });
    recorded.add(phase, "second");
    recorded.add("after", "last");
    assertEquals(recorded.fire(), ["first", "second", "last"]);
    const [event, ...more] = errors.takeEvents();
    assertEquals([event?.failure?.message, more], ["simulated", []]);
    assertEquals(event?.why, `While calling a trigger ${phase} "Event1"`);
  }
});

Deno.test("A Deferred from a before trigger holds the other phases back, not the other before triggers", () => {
  const recorded = new Recorded();
  const waited = new Deferred<string>();
  recorded.add("before", "waits", () => waited);
  recorded.add("before", "goes on");
  recorded.add("during", "during");
  recorded.add("after", "after");
  assertEquals(recorded.fire(), ["waits", "goes on"]);
  waited.callback("a result");
  assertEquals(recorded.take(), ["during", "after"]);
});

Deno.test("A Deferred that has fired holds nothing back, and keeps its result", () => {
  const recorded = new Recorded();
  const fired = new Deferred<string>();
  fired.callback("a result");
  recorded.add("before", "before", () => fired);
  recorded.add("during", "during");
  assertEquals(recorded.fire(), ["before", "during"]);
  const results: string[] = [];
  fired.addCallback((result) => results.push(result));
  assertEquals(results, ["a result"]);
});

Deno.test("All that before triggers return is waited for", async () => {
  const recorded = new Recorded();
  const [first, second] = [new Deferred<void>(), new Deferred<void>()];
  const third = Promise.withResolvers<void>();
  for (const result of [first, second, third.promise]) recorded.add("before", "b", () => result);
  recorded.add("during", "during");
  assertEquals(recorded.fire(), ["b", "b", "b"]);
  second.callback();
  first.callback();
  assertEquals(recorded.take(), []);
  third.resolve();
  await third.promise;
  assertEquals(recorded.take(), ["during"]);
});

Deno.test("A before trigger that fires what an earlier one returned does not end the phase before its time", () => {
  const recorded = new Recorded();
  const [first, second] = [new Deferred<void>(), new Deferred<void>()];
  recorded.add("before", "first", () => first);
  recorded.add("before", "second", () => first.callback());
  recorded.add("before", "third", () => second);
  recorded.add("during", "during");
  assertEquals(recorded.fire(), ["first", "second", "third"]);
  second.callback();
  assertEquals(recorded.take(), ["during"]);
});

/** A promise-like whose `then` itself fails. */
const brokenThenable: PromiseLike<void> = {
  then(): never {
    throw new Error("simulated");
  },
};

for (
  const [kind, make] of Object.entries({
    "a Deferred": () => {
      const failed = new Deferred<void>();
      failed.errback(new Error("simulated"));
      return failed;
    },
    "a promise": () => Promise.reject(new Error("simulated")),
    "an object whose then() throws": () => brokenThenable,
  })
) {
  Deno.test(`A failure of ${kind} from a before trigger is logged, and the event goes on`, async () => {
    using errors = new LoggedErrors();
    const recorded = new Recorded();
    const ended = Promise.withResolvers<void>();
    recorded.add("before", "before", make);
    recorded.add("during", "during");
    recorded.add("after", "after", ended.resolve);
    recorded.event.fire();
    await ended.promise;
    assertEquals(recorded.calls, ["before", "during", "after"]);
    const [event, ...more] = errors.takeEvents();
    assertEquals([event?.failure?.message, more], ["simulated", []]);
    assertEquals(event?.why, 'While calling a trigger before "Event1"');
  });
}

for (const phase of ["during", "after"] as const) {
  Deno.test(`A promise from a trigger ${phase} the event holds nothing back, and its rejection is logged`, async () => {
    using errors = new LoggedErrors();
    const recorded = new Recorded();
    const rejected = Promise.reject(new Error("simulated"));
    recorded.add(phase, "rejects", () => rejected);
    recorded.add("after", "after");
    assertEquals(recorded.fire(), ["rejects", "after"]);
    await rejected.catch(() => {});
    assertEquals(errors.take().map(({ message }) => message), ["simulated"]);
  });
}

Deno.test("A trigger added while its phase runs still runs; one for a phase that is over waits for the next firing", () => {
  const recorded = new Recorded();
  recorded.add("before", "b1", () => recorded.add("before", "b2"));
  recorded.add("during", "d1", () => {
    recorded.add("before", "late");
    recorded.add("during", "d2");
    recorded.add("after", "a1");
  });
  assertEquals(recorded.fire(), ["b1", "b2", "d1", "d2", "a1"]);
  assertEquals(recorded.fire(), ["late"]);
});

Deno.test("A trigger removed by one that runs ahead of it does not run", () => {
  const recorded = new Recorded();
  const ids: SystemEventTriggerID[] = [];
  recorded.add("before", "b1", () => ids.forEach((id) => recorded.event.remove(id)));
  ids.push(recorded.add("before", "b2"), recorded.add("during", "d1"));
  recorded.add("during", "d2", () => recorded.event.remove(last));
  const last = recorded.add("during", "d3");
  recorded.add("after", "a1");
  assertEquals(recorded.fire(), ["b1", "d2", "a1"]);
});

Deno.test("A before trigger that removes one which has run is told so, and the event goes on", () => {
  using errors = new LoggedErrors();
  const recorded = new Recorded();
  const first = recorded.add("before", "first");
  recorded.add("before", "second", () => recorded.event.remove(first));
  recorded.add("during", "during");
  assertEquals(recorded.fire(), ["first", "second", "during"]);
  assertEquals(errors.take().map(({ name }) => name), ["RangeError"]);
});

Deno.test("A before trigger that removes another one, which only looks the same and has another phase, can", () => {
  const event = new SystemEvent("Event1");
  let calls = 0;
  const trigger = () => void calls++;
  event.add("before", trigger, []);
  event.add("before", () => event.remove(during), []);
  const during = event.add("during", trigger, []);
  event.fire();
  assertEquals(calls, 1);
});

Deno.test("Triggers can be removed while a before trigger is waited for", () => {
  const recorded = new Recorded();
  const waited = new Deferred<void>();
  recorded.add("before", "before", () => waited);
  const during = recorded.add("during", "during");
  recorded.add("after", "after");
  recorded.event.fire();
  recorded.event.remove(during);
  waited.callback();
  assertEquals(recorded.calls, ["before", "after"]);
});

Deno.test("forceClose() goes on without what is waited for, once, and does nothing when nothing is", () => {
  const recorded = new Recorded();
  recorded.event.forceClose();
  const waited = new Deferred<void>();
  recorded.add("before", "before", () => waited);
  recorded.add("during", "during");
  recorded.event.fire();
  recorded.event.forceClose();
  assertEquals(recorded.take(), ["before", "during"]);
  recorded.add("during", "next");
  recorded.event.forceClose();
  waited.callback();
  assertEquals(recorded.take(), []);
  assertEquals(recorded.fire(), ["next"]);
});

Deno.test("abandon() ends a firing that waits: what is left of it waits for the next one", () => {
  const recorded = new Recorded();
  const waited = new Deferred<void>();
  recorded.add("before", "before", () => waited);
  recorded.add("during", "during");
  recorded.event.fire({ during: () => recorded.calls.push("hook") });
  recorded.event.abandon();
  waited.callback();
  recorded.event.forceClose();
  assertEquals(recorded.take(), ["before"]);
  assertEquals(recorded.fire(), ["during"]);
});
