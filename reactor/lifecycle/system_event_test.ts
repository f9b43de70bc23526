// These tests cover `ThreePhaseEventTests` of Twisted's `test/test_internet.py`, except
// - `test_synchronousRemoveAlreadyExecutedBefore`: Twisted logs a deprecation warning. Here it
//   throws.
// - `test_addBeforeTrigger` and similar tests, and `test_finishedBeforeTriggersCleared`: they read
//   private lists, whose effects are covered by the tests of fire().
// `SystemEventTests`, about the events of the reactor, is covered by `conformance/core.ts`.

import { assertEquals, assertThrows } from "@std/assert";
import { Deferred } from "../../defer/mod.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import type { EventPhase, SystemEventTriggerID } from "../interfaces/mod.ts";
import { SystemEvent } from "./system_event.ts";

/** An event whose triggers record their calls. */
class Recorded {
  readonly event = new SystemEvent("Event1");
  readonly calls: string[] = [];

  add(phase: EventPhase, name: string, then?: () => unknown): SystemEventTriggerID {
    return this.event.add(phase, (called: string) => {
      this.calls.push(called);
      return then?.();
    }, [name]);
  }

  /** Fires the event and returns the names of the triggers that were called. */
  fire(): string[] {
    this.event.fire();
    return this.take();
  }

  take(): string[] {
    return this.calls.splice(0);
  }
}

const PHASES: EventPhase[] = ["before", "during", "after"];

Deno.test("SystemEvent.fire() runs triggers by phase, and within a phase in order of addition", () => {
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

Deno.test("SystemEvent.fire() passes the arguments to the trigger", () => {
  const event = new SystemEvent("Event1");
  const got: unknown[] = [];
  event.add("during", (...args: unknown[]) => got.push(...args), [1, "two", null]);
  event.fire();
  assertEquals(got, [1, "two", null]);
});

Deno.test("SystemEvent.fire() calls its hooks before the during triggers and at the end", () => {
  const recorded = new Recorded();
  for (const phase of PHASES) recorded.add(phase, phase);
  recorded.event.fire({
    during: () => recorded.calls.push("hook"),
    done: () => recorded.calls.push("done"),
  });
  assertEquals(recorded.calls, ["before", "hook", "during", "after", "done"]);
});

Deno.test("SystemEvent.fire() runs each trigger only once, even if called again", () => {
  const recorded = new Recorded();
  for (const phase of PHASES) recorded.add(phase, phase);
  assertEquals(recorded.fire(), PHASES);
  assertEquals(recorded.fire(), []);
});

for (const phase of ["xxx", "Before", "", "constructor", "toString", null, undefined]) {
  Deno.test(`SystemEvent.add() rejects the phase ${JSON.stringify(phase)}`, () => {
    // As a caller without types would.
    const add = () => new SystemEvent("Event1").add(phase as EventPhase, () => {}, []);
    const { message } = assertThrows(add, RangeError);
    const got = JSON.stringify(phase) ?? "undefined";
    assertEquals(
      message,
      `Cannot add a trigger to the event "Event1": phase must be "before", "during" or "after", got ${got}`,
    );
  });
}

Deno.test("SystemEvent.remove() removes one trigger, and keeps others with the same function", () => {
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

Deno.test("SystemEvent.remove() throws for a trigger that has fired or is unknown", () => {
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
    assertThrows(
      () => event.remove(id),
      RangeError,
      `Cannot remove the ${id.phase} trigger from the event`,
    );
  }
});

Deno.test("SystemEvent.remove() throws a RangeError that names an invalid phase", () => {
  const event = new SystemEvent("Event1");
  const real = event.add("before", () => {}, []);
  // As a caller without types would.
  const id = { ...real, phase: "xxx" } as unknown as SystemEventTriggerID;
  assertThrows(() => event.remove(id), RangeError, "xxx");
});

Deno.test("SystemEvent.fire() logs a trigger's error with phase and event, and continues", () => {
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
    assertEquals(event?.why, `Error while calling a ${phase} trigger of the event "Event1"`);
  }
});

Deno.test("SystemEvent.fire() waits for a before trigger's Deferred before the next phase", () => {
  const recorded = new Recorded();
  const waited = new Deferred<string>();
  recorded.add("before", "waits", () => waited);
  recorded.add("before", "continues");
  recorded.add("during", "during");
  recorded.add("after", "after");
  assertEquals(recorded.fire(), ["waits", "continues"]);
  waited.callback("a result");
  assertEquals(recorded.take(), ["during", "after"]);
});

Deno.test("SystemEvent.fire() does not wait for a fired Deferred, and keeps its result", () => {
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

Deno.test("SystemEvent.fire() waits for all Deferreds and promises of before triggers", async () => {
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

Deno.test("SystemEvent.fire() runs all before triggers even if one fires an earlier Deferred", () => {
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

/** A thenable whose `then` throws. */
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
  Deno.test(`SystemEvent.fire() logs the failure of ${kind} from a before trigger`, async () => {
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
    assertEquals(event?.why, 'Error while calling a before trigger of the event "Event1"');
  });
}

for (const phase of ["during", "after"] as const) {
  Deno.test(`SystemEvent.fire() does not wait for the promise of a trigger ${phase} the event`, async () => {
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

Deno.test("SystemEvent.add() within a trigger applies to current and later phases", () => {
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

Deno.test("SystemEvent.remove() within a trigger prevents triggers that have not run", () => {
  const recorded = new Recorded();
  const ids: SystemEventTriggerID[] = [];
  recorded.add("before", "b1", () => ids.forEach((id) => recorded.event.remove(id)));
  ids.push(recorded.add("before", "b2"), recorded.add("during", "d1"));
  recorded.add("during", "d2", () => recorded.event.remove(last));
  const last = recorded.add("during", "d3");
  recorded.add("after", "a1");
  assertEquals(recorded.fire(), ["b1", "d2", "a1"]);
});

Deno.test("SystemEvent.remove() within a trigger throws for one that has run", () => {
  using errors = new LoggedErrors();
  const recorded = new Recorded();
  const first = recorded.add("before", "first");
  recorded.add("before", "second", () => recorded.event.remove(first));
  recorded.add("during", "during");
  assertEquals(recorded.fire(), ["first", "second", "during"]);
  assertEquals(errors.take().map(({ name }) => name), ["RangeError"]);
});

Deno.test("SystemEvent.remove() within a trigger distinguishes equal triggers by phase", () => {
  const event = new SystemEvent("Event1");
  let calls = 0;
  const trigger = () => void calls++;
  event.add("before", trigger, []);
  event.add("before", () => event.remove(during), []);
  const during = event.add("during", trigger, []);
  event.fire();
  assertEquals(calls, 1);
});

Deno.test("SystemEvent.remove() works while fire() waits for a before trigger", () => {
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

Deno.test("SystemEvent.forceClose() stops waiting for before triggers", () => {
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

Deno.test("SystemEvent.abandon() keeps the triggers that have not run for the next fire()", () => {
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
