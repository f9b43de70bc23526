/**
 * Failures that nobody handles. Twisted's `test_defer.py`, LogTests: test_errorLog,
 * test_errorLogWithInnerFrameRef, test_errorLogWithInnerFrameCycle, test_errorLogDebugInfo,
 * test_chainedErrorCleanup, test_errorClearedByChaining.
 *
 * Not applicable: test_errorLogNoRepr, as the log says what it logs in its own words (see `log/`).
 */

import { assert, assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { addObserver, type LogEvent } from "../log/mod.ts";
import { setDebugging } from "./debug.ts";
import { Deferred } from "./deferred.ts";
import { fail } from "./fail.ts";
import { succeed } from "./succeed.ts";

// With the flag set, each new context has a gc() that collects all that can be.
setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

const finalized = new Set<object>();
const registry = new FinalizationRegistry<object>((token) => finalized.add(token));

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

/** Has the garbage collected, and waits until what is to be done about it has been done. */
async function collectAndFinalize(): Promise<void> {
  const token = {};
  (() => registry.register({}, token))();
  // What was made or looked at in this job is kept until it ends.
  await nextTurn();
  collect();
  while (!finalized.has(token)) await nextTurn();
}

/** What has been logged as unhandled of what `make` leaves behind, which should be so many. */
async function unhandled(expected: number, make: () => void): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  using _observing = addObserver((event) => {
    if (event.isError) events.push(event);
  }, { replay: false });
  make();
  // V8 finalizes one registry after the other, in no order that is promised: once the second
  // round's has had its turn, all of the first round have. It is free to need more of them.
  for (let round = 0; round < 2 || round < 50 && events.length < expected; round++) {
    await collectAndFinalize();
  }
  return events;
}

Deno.test("a failure at the end of a chain is logged when the Deferred is collected", async () => {
  const error = new RangeError("nobody's");
  const events = await unhandled(1, () => {
    const deferred = new Deferred<number>();
    deferred.addCallback(() => {
      throw error;
    });
    deferred.callback(1);
  });
  assertEquals(events.length, 1);
  assertStrictEquals(events[0]?.failure, error);
  assertMatch(events[0]?.message ?? "", /Unhandled error in Deferred/);
});

Deno.test("a failure is logged once for each Deferred, and with its own error", async () => {
  const messages = (await unhandled(3, () => {
    fail(new Error("one"));
    fail(new Error("two"));
    new Deferred<void>().cancel();
  })).map(({ failure }) => failure instanceof Error ? failure.message : failure);
  assertEquals(messages.sort(), ["Deferred was cancelled", "one", "two"]);
});

Deno.test("the log has the error's stack", async () => {
  function culprit(): never {
    throw new Error("nobody's");
  }
  const [event] = await unhandled(1, () => {
    succeed().addCallback(culprit);
  });
  assert(event?.failure instanceof Error);
  assertMatch(event.failure.stack ?? "", /culprit/);
});

Deno.test("a Deferred in a circle of references is collected and logged, too", async () => {
  const events = await unhandled(1, () => {
    const circle: { deferred?: Deferred<unknown> } = {};
    circle.deferred = new Deferred<unknown>();
    circle.deferred
      .addCallback(() => circle)
      .addCallback(() => {
        throw new Error("nobody's");
      });
    circle.deferred.callback(circle);
  });
  assertEquals(events.length, 1);
});

Deno.test("a failure that is handled is not logged, whenever it was", async () => {
  const events = await unhandled(0, () => {
    const ignore = (): void => {};
    fail(new Error("after")).addErrback(ignore);
    const before = new Deferred<void>().addErrback(ignore);
    before.errback(new Error("before"));
    const paused = fail(new Error("paused"));
    paused.pause();
    paused.addErrback(ignore);
    paused.unpause();
  });
  assertEquals(events, []);
});

Deno.test("of a failure that makes way for another, the other is logged", async () => {
  const events = await unhandled(1, () => {
    fail(new Error("first")).addErrback((cause) => {
      throw new Error("second", { cause });
    });
  });
  assertEquals(events.map(({ failure }) => failure instanceof Error && failure.message), [
    "second",
  ]);
});

Deno.test("a failure that is passed on is logged once", async () => {
  const events = await unhandled(1, () => {
    fail(new Error("passed on"))
      .addCallback(() => 1)
      .addErrback((error) => {
        throw error;
      })
      .addCallback(() => 2);
  });
  assertEquals(events.length, 1);
});

Deno.test("a failure that another Deferred took is that one's affair", async () => {
  const events = await unhandled(0, () => {
    const ignore = (): void => {};
    succeed().addCallback(() => fail(new Error("taken at once"))).addErrback(ignore);
    const later = new Deferred<void>();
    succeed().addCallback(() => later).addErrback(ignore);
    later.errback(new Error("taken later"));
    const chained = new Deferred<void>().addErrback(ignore);
    fail<void>(new Error("chained")).chainDeferred(chained);
  });
  assertEquals(events, []);
});

Deno.test("a failure that makes way for a Deferred to wait on is not logged", async () => {
  const events = await unhandled(0, () => {
    fail(new Error("no")).addErrback(() => new Deferred<void>());
  });
  assertEquals(events, []);
});

Deno.test("a failure that a promise has seen is the promise's affair", async () => {
  const seen: Promise<unknown>[] = [];
  const events = await unhandled(0, () => {
    const before = new Deferred<void>();
    seen.push(assertRejects(() => before.toPromise(), Error, "before"));
    before.errback(new Error("before"));
    seen.push(assertRejects(() => fail(new Error("after")).toPromise(), Error, "after"));
    const passed = new Deferred<void>();
    seen.push(assertRejects(() => passed.toPromise(), Error, "passed"));
    passed.addCallbacks((result) => result, (error) => {
      throw error;
    });
    passed.errback(new Error("passed"));
  });
  await Promise.all(seen);
  assertEquals(events, []);
});

Deno.test("a failure that follows one a promise has seen is logged", async () => {
  const seen: Promise<unknown>[] = [];
  const events = await unhandled(1, () => {
    const deferred = fail(new Error("seen"));
    seen.push(assertRejects(() => deferred.toPromise(), Error, "seen"));
    deferred.addErrback(() => {
      throw new Error("not seen");
    });
  });
  await Promise.all(seen);
  assertEquals(events.map(({ failure }) => failure instanceof Error && failure.message), [
    "not seen",
  ]);
});

Deno.test("with debugging on, the log says where the Deferred was made and fired", async () => {
  function makeIt(): Deferred<void> {
    return new Deferred<void>();
  }
  function fireIt(deferred: Deferred<void>): void {
    deferred.errback(new Error("nobody's"));
  }
  setDebugging(true);
  try {
    const [event] = await unhandled(1, () => fireIt(makeIt()));
    assertMatch(event?.message ?? "", /made:[^]*makeIt[^]*fired:[^]*fireIt/);
  } finally {
    setDebugging(false);
  }
});
