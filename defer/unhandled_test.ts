/**
 * Failures that no errback handles. Twisted's `test_defer.py`, LogTests: test_errorLog,
 * test_errorLogWithInnerFrameRef, test_errorLogWithInnerFrameCycle, test_errorLogDebugInfo,
 * test_chainedErrorCleanup, test_errorClearedByChaining. Not applicable: test_errorLogNoRepr,
 * because the log formats an error in its own way (see `log/`).
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { FakeTime } from "@std/testing/time";
import { addObserver, type LogEvent, type LogObserver } from "../log/mod.ts";
import { setDebugging } from "./debug.ts";
import { Deferred } from "./deferred.ts";
import { fail } from "./fail.ts";
import { succeed } from "./succeed.ts";
import { holdReports, nameInReports, reportUnhandled } from "./unhandled.ts";

function observing(events: LogEvent[], observer?: LogObserver): Disposable {
  return addObserver((event) => {
    events.push(event);
    observer?.(event);
  }, { replay: false });
}

/** Returns the reports of the unhandled failures that `make` causes. */
async function unhandled(make: () => void): Promise<LogEvent[]> {
  const events: LogEvent[] = [];
  using _observing = observing(events);
  make();
  await Promise.resolve();
  reportUnhandled();
  return events.filter(({ isError }) => isError);
}

// The real timer functions, also while a test fakes time.
const { setInterval, clearInterval } = globalThis;

/** Returns the next error that is logged. The reports' timer does not keep the process alive. */
async function nextError(): Promise<LogEvent> {
  const { promise, resolve } = Promise.withResolvers<LogEvent>();
  using _observing = addObserver((event) => {
    if (event.isError) resolve(event);
  }, { replay: false });
  const hold = setInterval(() => {}, 1000);
  try {
    return await promise;
  } finally {
    clearInterval(hold);
  }
}

Deno.test("Deferred logs a failure that no errback of its chain handled", async () => {
  const error = new RangeError("unhandled");
  const events = await unhandled(() => {
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

Deno.test("Deferred logs each unhandled failure once, with its own error", async () => {
  const messages = (await unhandled(() => {
    fail(new Error("one"));
    fail(new Error("two"));
    new Deferred<void>().cancel();
  })).map(({ failure }) => failure instanceof Error ? failure.message : failure);
  assertEquals(messages.sort(), ["Deferred was cancelled", "one", "two"]);
});

Deno.test("Deferred logs an unhandled failure with its stack", async () => {
  function culprit(): never {
    throw new Error("unhandled");
  }
  const [event] = await unhandled(() => {
    succeed().addCallback(culprit);
  });
  assert(event?.failure instanceof Error);
  assertMatch(event.failure.stack ?? "", /culprit/);
});

Deno.test("Deferred logs an unhandled failure although a circle of references holds it", async () => {
  const events = await unhandled(() => {
    const circle: { deferred?: Deferred<unknown> } = {};
    circle.deferred = new Deferred<unknown>();
    circle.deferred
      .addCallback(() => circle)
      .addCallback(() => {
        throw new Error("unhandled");
      });
    circle.deferred.callback(circle);
  });
  assertEquals(events.length, 1);
});

Deno.test("Deferred does not log a failure that an errback handles in time", async () => {
  const events = await unhandled(() => {
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

Deno.test("Deferred logs an unhandled failure that replaced another failure", async () => {
  const events = await unhandled(() => {
    fail(new Error("first")).addErrback((cause) => {
      throw new Error("second", { cause });
    });
  });
  assertEquals(events.map(({ failure }) => failure instanceof Error && failure.message), [
    "second",
  ]);
});

Deno.test("Deferred logs a failure once that an errback throws again", async () => {
  const events = await unhandled(() => {
    fail(new Error("passed on"))
      .addCallback(() => 1)
      .addErrback((error) => {
        throw error;
      })
      .addCallback(() => 2);
  });
  assertEquals(events.length, 1);
});

Deno.test("Deferred does not log a failure that was passed to a waiting Deferred", async () => {
  const events = await unhandled(() => {
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

Deno.test("Deferred does not log a failure if the errback returned a Deferred", async () => {
  const events = await unhandled(() => {
    fail(new Error("no")).addErrback(() => new Deferred<void>());
  });
  assertEquals(events, []);
});

Deno.test("Deferred does not log a failure that was passed to a promise", async () => {
  const seen: Promise<unknown>[] = [];
  const events = await unhandled(() => {
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

Deno.test("Deferred logs a new failure after one that was passed to a promise", async () => {
  const seen: Promise<unknown>[] = [];
  const events = await unhandled(() => {
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

Deno.test("Deferred logs its call stacks with a failure while debugging is on", async () => {
  function makeIt(): Deferred<void> {
    return new Deferred<void>();
  }
  function fireIt(deferred: Deferred<void>): void {
    deferred.errback(new Error("unhandled"));
  }
  setDebugging(true);
  try {
    const [event] = await unhandled(() => fireIt(makeIt()));
    assertMatch(event?.message ?? "", /made:[^]*makeIt[^]*fired:[^]*fireIt/);
  } finally {
    setDebugging(false);
  }
});

Deno.test("Deferred logs an unhandled failure after one second, without garbage collection", async () => {
  const next = nextError();
  const held = fail(new Error("held"));
  assertEquals((await next).message, "Unhandled error in Deferred");
  held.addErrback(() => {});
});

Deno.test("Deferred logs an unhandled failure in real time also under FakeTime", async () => {
  using _time = new FakeTime();
  const next = nextError();
  fail(new Error("faked"));
  assert((await next).failure instanceof Error);
});

Deno.test("Deferred does not log a failure that is handled within one second", async () => {
  const events: LogEvent[] = [];
  using _observing = observing(events);
  const handled = fail(new Error("handled in time"));
  await Promise.resolve();
  const next = nextError();
  fail(new Error("not handled"));
  handled.addErrback(() => {});
  await next;
  reportUnhandled();
  assertEquals(events.length, 1);
});

Deno.test("Deferred logs that a failure was handled after it had been logged as unhandled", async () => {
  const events: LogEvent[] = [];
  using _observing = observing(events);
  const late = fail(new RangeError("too much"));
  reportUnhandled();
  reportUnhandled();
  late.addErrback(() => {});
  await Promise.resolve();
  reportUnhandled();
  assertEquals(events.map(({ message, level }) => [level, message]), [
    ["error", "Unhandled error in Deferred"],
    [
      "info",
      "An errback has handled an error that was already reported as unhandled: RangeError: too much",
    ],
  ]);
});

Deno.test("Deferred does not log an unhandled failure again that an errback rethrows", async () => {
  const events = await unhandled(() => {
    const late = fail(new Error("thrown on"));
    reportUnhandled();
    late.addErrback((error) => {
      throw error;
    });
  });
  assertEquals(events.length, 1);
});

Deno.test("Deferred allows a log observer to handle failures and to cause new ones", async () => {
  const events: LogEvent[] = [];
  const second = new Deferred<void>();
  let caused = 0;
  using _observing = observing(events, ({ isError }) => {
    second.addErrback(() => {});
    if (isError && caused++ < 1) fail(new Error("caused by a report"));
  });
  fail(new Error("first"));
  second.errback(new Error("second"));
  reportUnhandled();
  assertEquals(events.length, 1);
  await Promise.resolve();
  reportUnhandled();
  assertEquals(events.length, 2);
});

Deno.test("Deferred logs an unhandled failure at the end of the turn while debugging is on", async () => {
  const events: LogEvent[] = [];
  using _observing = observing(events);
  setDebugging(true);
  try {
    const handled = fail(new Error("handled in the same turn"));
    fail(new Error("unhandled"));
    for (let i = 0; i < 10; i++) await Promise.resolve();
    handled.addErrback(() => {});
    assertEquals(events.length, 0);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(events.map(({ failure }) => String(failure)), ["Error: unhandled"]);
  } finally {
    setDebugging(false);
  }
});

Deno.test("Deferred logs an unhandled failure with the name of the Deferred", async () => {
  const messages = (await unhandled(() => {
    nameInReports(fail(new Error("one")), "the first");
    nameInReports(fail(new Error("two")), () => "the second");
    nameInReports(fail(new Error("three")), () => {
      throw new Error("no name");
    });
  })).map(({ message }) => message);
  assertEquals(messages, [
    "Unhandled error in Deferred (the first)",
    "Unhandled error in Deferred (the second)",
    "Unhandled error in Deferred ((unreadable text))",
  ]);
});

Deno.test("Deferred logs at most 1,000 unhandled failures at once, and the number of the rest", async () => {
  const events = await unhandled(() => {
    for (let i = 0; i < 5000; i++) fail(new Error("one of many"));
    const handled = Array.from({ length: 50 }, () => fail(new Error("handled")));
    for (const deferred of handled) deferred.addErrback(() => {});
  });
  assertEquals(events.length, 1001);
  assertStringIncludes(events.at(-1)?.message ?? "", "4000 more Deferreds");
  assertEquals(events.at(-1)?.count, 4000);
});

Deno.test("Deferred logs an unhandled error whose text cannot be read", async () => {
  const error = new Error();
  for (const key of ["name", "message", "toString"]) {
    Object.defineProperty(error, key, {
      get(): never {
        throw new Error("unreadable");
      },
    });
  }
  const deferred = fail(error);
  const events = await unhandled(() => {});
  assertEquals(events.length, 1);
  deferred.addErrback(() => {});
});

Deno.test("Deferred does not log a failure again that was passed to a waiting Deferred", async () => {
  const events: LogEvent[] = [];
  using _observing = observing(events);
  const inner = fail(new Error("taken"));
  reportUnhandled();
  const outer = succeed().addCallback(() => inner);
  await Promise.resolve();
  reportUnhandled();
  assertEquals(events.length, 1);
  outer.addErrback(() => {});
  assertMatch(events[1]?.message ?? "", /already reported as unhandled: Error: taken/);
  assertEquals(events.length, 2);
});

Deno.test("Deferred can be garbage collected after its failure was logged", async () => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const refs = await (async () => {
    const deferreds = [fail(new Error("one")), nameInReports(fail(new Error("two")), "second")];
    assertEquals((await unhandled(() => {})).length, 2);
    return deferreds.map((deferred) => new WeakRef(deferred));
  })();
  // A WeakRef holds its object until the end of the turn.
  await new Promise((resolve) => setTimeout(resolve, 0));
  collect();
  assertEquals(refs.map((ref) => ref.deref()), [undefined, undefined]);
});

Deno.test("holdReports() leaves failures to reportUnhandled(), until the last hold is disposed of", async () => {
  const events: LogEvent[] = [];
  using _observing = observing(events);
  {
    using _outer = holdReports();
    {
      using _inner = holdReports();
      fail(new Error("first"));
      await Promise.resolve();
    }
    assertEquals(events.filter(({ isError }) => isError), []);
    reportUnhandled();
    assertStringIncludes(String(events.at(-1)?.failure), "first");
  }
  const error = nextError();
  {
    using _hold = holdReports();
    fail(new Error("second"));
    await Promise.resolve();
  }
  assertStringIncludes(String((await error).failure), "second");
});
