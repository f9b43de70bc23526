/**
 * What every reactor's threads do: written against `IReactorThreads`, so that each reactor runs it unchanged.
 *
 * Of Twisted's tests:
 *
 * - `internet/test/test_threads.py`: test_getThreadPool, test_suggestThreadPoolSize, test_delayedCallFromThread, test_callFromThread,
 *   test_stopThreadPool, test_stopThreadPoolWhenStartedAfterReactorRan, test_cleanUpThreadPoolEvenBeforeReactorIsRun (that a new pool is
 *   given shows that the old one was dropped, and its state that it was stopped), test_isNotInIOThread. Not: test_isInIOThread (all code
 *   that has a reactor is in its thread), test_threadPoolCurrentThreadDeprecated.
 * - `test/test_threads.py`: ReactorThreadsTests (test_suggestThreadPoolSize, test_callInThread, test_callFromThread, test_wakerOverflow) and
 *   StartupBehaviorTests. The rest is in `../../reactor/threads/defer_to_thread_test.ts`.
 * - `test/test_internet.py`: CallFromThreadTests and CallFromThreadStopsAndWakeUpTests.
 *
 * @module
 */

import type { FakeClock, FakeTimeClass } from "./fake_time.ts";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "../assertions.ts";
import { CancelledError } from "../../defer/errors.ts";
import type { IReactorCore, IReactorThreads, IReactorTime } from "../../reactor/interfaces/mod.ts";
import { deferToThread } from "../../reactor/threads/defer_to_thread.ts";
import { ThreadPoolFull, ThreadPoolStopped } from "../../reactor/threads/errors.ts";
import { workerModule } from "../../reactor/threads/worker_task.ts";
import { LoggedErrors } from "../fixtures/logged_errors.ts";

const tasks = workerModule<typeof import("../fixtures/thread_tasks.ts")>(
  new URL("../fixtures/thread_tasks.ts", import.meta.url),
);

/** What the suite of threads uses of a reactor. */
export type ThreadedReactor = IReactorCore & IReactorTime & IReactorThreads;

/** Runs a reactor while `f` does something with it, unless that stops it itself. */
async function running(reactor: ThreadedReactor, f: () => PromiseLike<unknown>): Promise<void> {
  const over = reactor.run({ installSignalHandlers: false });
  try {
    await f();
  } finally {
    if (reactor.running) reactor.stop();
    await over;
  }
}

/** Runs a reactor until something stops it. */
function untilStopped(reactor: ThreadedReactor): Promise<void> {
  return reactor.run({ installSignalHandlers: false });
}

/**
 * Defines the tests.
 *
 * @param name The reactor's, for the tests' names.
 * @param makeReactor Makes a new one.
 * @param FakeTime `FakeTime` of `@std/testing/time`.
 */
export function threadsConformance(
  name: string,
  makeReactor: () => ThreadedReactor,
  FakeTime: FakeTimeClass,
): void {
  const test = (claim: string, f: (reactor: ThreadedReactor) => void | Promise<void>): void =>
    Deno.test(`${name}: ${claim}`, async () => {
      using _errors = new LoggedErrors();
      await f(makeReactor());
    });

  callFromThreadTests(name, makeReactor, FakeTime);

  test("the pool starts with run(), and is stopped when that is over", async (reactor) => {
    const pool = reactor.getThreadPool();
    const states = [pool.started];
    reactor.callWhenRunning(() => {
      states.push(pool.started);
      reactor.stop();
    });
    await untilStopped(reactor);
    assertEquals([...states, pool.started], [false, true, false]);
    assert(reactor.getThreadPool() !== pool);
  });

  test("a pool that is asked for while the reactor runs has started", async (reactor) => {
    await running(reactor, () => {
      assertEquals(reactor.getThreadPool().started, true);
      return Promise.resolve();
    });
  });

  test("a shutdown before the reactor ran stops the pool, and forgets it", async (reactor) => {
    const pool = reactor.getThreadPool();
    const call = deferToThread(reactor, tasks.task("add"), 1, 2);
    reactor.fireSystemEvent("shutdown");
    assertInstanceOf(await call.addErrback((error) => error), ThreadPoolStopped);
    assert(reactor.getThreadPool() !== pool);
  });

  test("suggestThreadPoolSize() sets how many threads there may be", (reactor) => {
    assertEquals([reactor.getThreadPool().min, reactor.getThreadPool().max], [0, 10]);
    for (const size of [34, 4, 0]) {
      reactor.suggestThreadPoolSize(size);
      assertEquals(reactor.getThreadPool().max, size);
    }
    assertThrows(() => reactor.suggestThreadPoolSize(-1), RangeError, "max must be an integer");
    reactor.fireSystemEvent("shutdown");
  });

  test("the pool's limits can be changed", async (reactor) => {
    reactor.getThreadPool().adjustPoolsize({ max: 1, maxBacklog: 1 });
    const calls = [1, 2].map((n) => deferToThread(reactor, tasks.task("add"), n, n));
    const [first, second] = calls;
    assert(first !== undefined && second !== undefined);
    const refused = await second.addErrback((error) => error);
    assertInstanceOf(refused, ThreadPoolFull);
    await running(reactor, async () => assertEquals(await first, 2));
  });

  test("deferToThread() gives what the task gives, from another thread", async (reactor) => {
    await running(reactor, async () => {
      assertEquals(await deferToThread(reactor, tasks.task("add"), 3, 4), 7);
      assertEquals(await deferToThread(reactor, tasks.task("isInIOThread")), false);
    });
  });

  test("deferToThread() fails with the task's error, as it was", async (reactor) => {
    await running(reactor, async () => {
      const error = await deferToThread(reactor, tasks.task("fail")).addErrback((error) => error);
      assertInstanceOf(error, RangeError);
      assertInstanceOf(error.cause, TypeError);
      assertEquals([error.message, error.cause.message], ["too far", "deep down"]);
      assertEquals(Reflect.get(error, "code"), "EFAR");
      assert(error.stack?.includes("tasks.ts"));
    });
  });

  test("callInThread() calls back into the reactor's thread, in order", async (reactor) => {
    const seen: number[] = [];
    reactor.callInThread(tasks.task("countTo"), 3, (i) => {
      seen.push(i);
      if (i === 2) reactor.stop();
    });
    await untilStopped(reactor).then(() => assertEquals(seen, [0, 1, 2]));
  });

  test("a task may call back ten thousand times", async (reactor) => {
    await running(reactor, async () => {
      let calls = 0;
      const task = deferToThread(reactor, tasks.task("countTo"), 10_000, () => {
        calls++;
      });
      assertEquals([await task, calls], [10_000, 10_000]);
    });
  });

  test("a task that is given before the reactor runs is begun when it does", async (reactor) => {
    let early = true;
    const seen = deferToThread(reactor, tasks.task("add"), 1, 2).addCallback((sum) => [sum, early]);
    reactor.callWhenRunning(() => {
      early = false;
    });
    await running(reactor, async () => assertEquals(await seen, [3, false]));
  });

  test("cancelling ends a task that waits for ever, and the next one is done", async (reactor) => {
    reactor.suggestThreadPoolSize(1);
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await running(reactor, async () => {
      const forever = deferToThread(reactor, tasks.task("waitForever"), listener.addr.port);
      using connection = await listener.accept();
      await connection.read(new Uint8Array(1));
      forever.cancel();
      assertInstanceOf(await forever.addErrback((error) => error), CancelledError);
      assertEquals(await deferToThread(reactor, tasks.task("add"), 1, 2), 3);
      assertEquals(await connection.read(new Uint8Array(1)), null);
    });
  });

  test("stop() fails what is at work, and does not wait for it", async (reactor) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const forever = deferToThread(reactor, tasks.task("waitForever"), listener.addr.port);
    const over = untilStopped(reactor);
    using connection = await listener.accept();
    reactor.stop();
    await over;
    assertInstanceOf(await forever.addErrback((error) => error), ThreadPoolStopped);
    await connection.read(new Uint8Array(1));
    assertEquals(await connection.read(new Uint8Array(1)), null);
  });
}

function callFromThreadTests(
  name: string,
  makeReactor: () => ThreadedReactor,
  FakeTime: FakeTimeClass,
): void {
  const test = (
    claim: string,
    f: (reactor: ThreadedReactor, time: FakeClock, errors: LoggedErrors) => void,
  ): void =>
    Deno.test(`${name}: callFromThread() ${claim}`, async () => {
      using time = new FakeTime();
      using errors = new LoggedErrors();
      const reactor = makeReactor();
      const over = reactor.run({ installSignalHandlers: false });
      f(reactor, time, errors);
      if (reactor.running) reactor.stop();
      await over;
    });

  test("calls in the next turn, in order, with the arguments", (reactor, time) => {
    const seen: unknown[] = [];
    reactor.callFromThread((...args: unknown[]) => seen.push(args), 1, "a");
    reactor.callFromThread(() => seen.push("second"));
    assertEquals([seen, reactor.getDelayedCalls()], [[], []]);
    time.tick(0);
    assertEquals(seen, [[1, "a"], "second"]);
  });

  test("calls ahead of the timed calls that are due", (reactor, time) => {
    const seen: string[] = [];
    reactor.callLater(0, () => seen.push("timed"));
    reactor.callFromThread(() => seen.push("called"));
    time.tick(0);
    assertEquals(seen, ["called", "timed"]);
  });

  test("wakes a reactor that waits for a call far away", (reactor, time) => {
    const seen: string[] = [];
    reactor.callLater(1000, () => seen.push("timed"));
    reactor.callFromThread(() => seen.push("called"));
    time.tick(0);
    assertEquals(seen, ["called"]);
  });

  test("out of a timed call, or of itself, calls in the turn after", (reactor, time) => {
    const seen: string[] = [];
    reactor.callLater(1, () => {
      reactor.callFromThread(() => {
        reactor.callFromThread(() => seen.push("called by the call"));
        reactor.callLater(0, () => seen.push("the timed calls of that turn"));
        seen.push("called");
      });
      seen.push("timed");
    });
    reactor.callLater(1, () => seen.push("timed, too"));
    time.tick(1000);
    assertEquals(seen, [
      "timed",
      "timed, too",
      "called",
      "the timed calls of that turn",
      "called by the call",
    ]);
  });

  test("logs what a call throws, and makes the others", (reactor, time, errors) => {
    const seen: string[] = [];
    reactor.callFromThread(() => {
      throw new Error("in the call");
    });
    reactor.callFromThread(() => seen.push("second"));
    time.tick(0);
    assertEquals(errors.take().map(({ message }) => message), ["in the call"]);
    assertEquals(seen, ["second"]);
  });

  test("takes a hundred thousand calls", (reactor, time) => {
    let calls = 0;
    for (let i = 0; i < 100_000; i++) reactor.callFromThread(() => calls++);
    time.tick(0);
    assertEquals(calls, 100_000);
  });

  test("refuses what is no function", (reactor) => {
    // What a caller may pass who has no types.
    const callFromThread = reactor.callFromThread.bind(reactor) as (f: unknown) => void;
    assertThrows(() => callFromThread("f"), TypeError, "callFromThread() callable");
  });

  Deno.test(`${name}: callFromThread() before run() calls when the reactor has started`, async () => {
    const reactor = makeReactor();
    const seen: boolean[] = [];
    reactor.callFromThread(() => {
      seen.push(reactor.running);
      reactor.stop();
    });
    await untilStopped(reactor);
    assertEquals(seen, [true]);
  });

  Deno.test(`${name}: callFromThread() before stop() calls before the shutdown`, async () => {
    const reactor = makeReactor();
    const seen: string[] = [];
    reactor.addSystemEventTrigger("before", "shutdown", () => seen.push("shutdown"));
    reactor.callWhenRunning(() => {
      reactor.callFromThread(() => seen.push("called"));
      reactor.stop();
    });
    await untilStopped(reactor);
    assertEquals(seen, ["called", "shutdown"]);
  });
}
