/** Cancellers that throw or reject with any value, and promises that settle too late. */

import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { addObserver, eventText, type LogEvent } from "../log/mod.ts";
import { hostileValues } from "../testing/fixtures/hostile_values.ts";
import { Clock } from "../task/mod.ts";
import { CancelledError, Deferred, fail, TimeoutError } from "./mod.ts";
import { reportUnhandled } from "./unhandled.ts";

const CANCELLER = "Error in the canceller of a Deferred";

/** Returns the errors that are logged until the end of the turn in which `f` is called. */
async function logged(f: () => void): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  using _observing = addObserver((event) => events.push(event), { level: "error", replay: false });
  f();
  await new Promise((resolve) => setTimeout(resolve, 0));
  reportUnhandled();
  // Checks that each event can be formatted.
  for (const event of events) eventText(event);
  return events;
}

/** The outcome of a Deferred that has fired. */
function outcomeOf(deferred: Deferred<unknown>): unknown {
  let seen: unknown = "not fired";
  deferred.addBoth((outcome) => {
    seen = outcome;
  });
  return seen;
}

const rejects = (value: unknown): Promise<never> => Promise.reject(value);

for (const [name, value] of hostileValues()) {
  Deno.test(`Deferred.cancel() logs a canceller's rejection with ${name}`, async () => {
    const deferred = new Deferred<void>(() => rejects(value));
    const events = await logged(() => {
      deferred.cancel();
      assertInstanceOf(outcomeOf(deferred), CancelledError);
    });
    assertEquals(events.map(({ message }) => message), [CANCELLER]);
  });

  Deno.test(`Deferred.addSignal() and addTimeout() log ${name} thrown by a canceller`, async () => {
    const aborting = new AbortController();
    const clock = new Clock();
    const make = (): Deferred<number> =>
      new Deferred<number>(() => {
        throw value;
      });
    const bySignal = make().addSignal(aborting.signal);
    const byTimeout = make().addTimeout(1, clock);
    const events = await logged(() => {
      make().addSignal(AbortSignal.abort());
      aborting.abort();
      clock.advance(1);
    });
    assertEquals(events.map(({ message }) => message), [CANCELLER, CANCELLER, CANCELLER]);
    // As in Twisted, the Deferreds have not fired.
    for (const each of [bySignal, byTimeout]) each.callback(1);
    assertEquals([bySignal, byTimeout].map(outcomeOf), [1, 1]);
  });
}

Deno.test("Deferred.cancel() ignores a canceller's thenable that throws or never settles", async () => {
  const thenables = [
    {
      then(): never {
        throw new Error("thrown by then()");
      },
    },
    { then(): void {} },
    new Promise(() => {}),
  ];
  const deferreds = thenables.map((each) => new Deferred<void>(() => each as unknown as void));
  const events = await logged(() => {
    for (const each of deferreds) {
      each.cancel();
      assertInstanceOf(outcomeOf(each), CancelledError);
    }
  });
  assertEquals(events.map(({ message }) => message), [CANCELLER]);
});

Deno.test("Deferred.cancel() reports a failed Deferred that the canceller returned", async () => {
  const deferred = new Deferred<void>(() => fail(new Error("failed")));
  const events = await logged(() => {
    deferred.cancel();
    assertInstanceOf(outcomeOf(deferred), CancelledError);
  });
  assertEquals(events.map(({ message }) => message), [
    "Unhandled error in Deferred (returned by the canceller of a Deferred)",
  ]);
});

Deno.test("Deferred.fromPromise() logs a promise that settles after the Deferred was fired", async () => {
  const outcomes = [Promise.resolve(1), rejects(new Error("late"))];
  const deferreds = outcomes.map((each) => Deferred.fromPromise(each));
  const events = await logged(() => deferreds.forEach((each) => each.callback(2)));
  assertEquals(deferreds.map(outcomeOf), [2, 2]);
  assertEquals(events.map(({ message }) => message), [
    "Cannot fire a Deferred with the outcome of its promise",
    "Cannot fire a Deferred with the outcome of its promise",
  ]);
  assertStringIncludes(String(events[0]?.failure), "AlreadyCalledError");
});

Deno.test("Deferred.addTimeout() fails with the rejection of onTimeoutCancel", async () => {
  const clock = new Clock();
  const reject = () => rejects(new TimeoutError("rejected"));
  const failed = new Deferred<number>().addTimeout(1, clock, reject);
  clock.advance(1);
  await assertRejects(() => failed, TimeoutError, "rejected");
});
