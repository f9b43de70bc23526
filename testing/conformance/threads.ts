/**
 * Threads. The tests use only `IReactorThreads`, so every reactor runs them unchanged.
 *
 * Of Twisted's tests:
 *
 * - `internet/test/test_threads.py`: test_getThreadPool, test_suggestThreadPoolSize,
 *   test_delayedCallFromThread, test_callFromThread, test_stopThreadPool,
 *   test_stopThreadPoolWhenStartedAfterReactorRan, test_cleanUpThreadPoolEvenBeforeReactorIsRun
 *   (the reactor drops the old pool if it returns a new one; the old pool's state shows that it was
 *   stopped), test_isNotInIOThread. Not covered: test_isInIOThread (all code that has a reactor
 *   runs in its thread), test_threadPoolCurrentThreadDeprecated.
 * - `test/test_threads.py`: ReactorThreadsTests (test_suggestThreadPoolSize, test_callInThread,
 *   test_callFromThread, test_wakerOverflow) and StartupBehaviorTests. The other tests are in
 *   `../../reactor/threads/defer_to_thread_test.ts`.
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
import { LoggedErrors } from "../logged_errors.ts";

const tasks = workerModule<typeof import("../fixtures/thread_tasks.ts")>(
  new URL("../fixtures/thread_tasks.ts", import.meta.url),
);

/** The part of a reactor that the suite of threads uses. */
export type ThreadedReactor = IReactorCore & IReactorTime & IReactorThreads;

/** Runs a reactor during `f()`, and stops it unless `f()` has stopped it. */
async function running(reactor: ThreadedReactor, f: () => PromiseLike<unknown>): Promise<void> {
  const over = reactor.run({ installSignalHandlers: false });
  try {
    await f();
  } finally {
    if (reactor.running) reactor.stop();
    await over;
  }
}

/** Runs a reactor until it is stopped. */
function untilStopped(reactor: ThreadedReactor): Promise<void> {
  return reactor.run({ installSignalHandlers: false });
}

/**
 * Defines the tests of threads.
 *
 * @param name The name of the reactor, which starts the tests' names.
 * @param makeReactor Makes a new reactor.
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

  test("getThreadPool() returns a pool that starts with run() and stops at its end", async (reactor) => {
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

  test("getThreadPool() on a running reactor returns a started pool", async (reactor) => {
    await running(reactor, () => {
      assertEquals(reactor.getThreadPool().started, true);
      return Promise.resolve();
    });
  });

  test("getThreadPool() returns a new pool after a shutdown without run()", async (reactor) => {
    const pool = reactor.getThreadPool();
    const call = deferToThread(reactor, tasks.task("add"), 1, 2);
    reactor.fireSystemEvent("shutdown");
    assertInstanceOf(await call.addErrback((error) => error), ThreadPoolStopped);
    assert(reactor.getThreadPool() !== pool);
  });

  test("suggestThreadPoolSize() sets the greatest number of threads", (reactor) => {
    assertEquals([reactor.getThreadPool().min, reactor.getThreadPool().max], [0, 10]);
    for (const size of [34, 4, 0]) {
      reactor.suggestThreadPoolSize(size);
      assertEquals(reactor.getThreadPool().max, size);
    }
    assertThrows(() => reactor.suggestThreadPoolSize(-1), RangeError, "max must be an integer");
    reactor.fireSystemEvent("shutdown");
  });

  test("adjustPoolsize() changes the limits of the pool", async (reactor) => {
    reactor.getThreadPool().adjustPoolsize({ max: 1, maxBacklog: 1 });
    const calls = [1, 2].map((n) => deferToThread(reactor, tasks.task("add"), n, n));
    const [first, second] = calls;
    assert(first !== undefined && second !== undefined);
    const refused = await second.addErrback((error) => error);
    assertInstanceOf(refused, ThreadPoolFull);
    await running(reactor, async () => assertEquals(await first, 2));
  });

  test("deferToThread() fires with the task's result, from another thread", async (reactor) => {
    await running(reactor, async () => {
      assertEquals(await deferToThread(reactor, tasks.task("add"), 3, 4), 7);
      assertEquals(await deferToThread(reactor, tasks.task("isInIOThread")), false);
    });
  });

  test("deferToThread() fails with the task's error, including its cause", async (reactor) => {
    await running(reactor, async () => {
      const error = await deferToThread(reactor, tasks.task("fail")).addErrback((error) => error);
      assertInstanceOf(error, RangeError);
      assertInstanceOf(error.cause, TypeError);
      assertEquals([error.message, error.cause.message], ["too far", "deep down"]);
      assertEquals(Reflect.get(error, "code"), "EFAR");
      assert(error.stack?.includes("tasks.ts"));
    });
  });

  test("callInThread() runs its callback in the reactor's thread, in order", async (reactor) => {
    const seen: number[] = [];
    reactor.callInThread(tasks.task("countTo"), 3, (i) => {
      seen.push(i);
      if (i === 2) reactor.stop();
    });
    await untilStopped(reactor).then(() => assertEquals(seen, [0, 1, 2]));
  });

  test("callInThread() may run its callback ten thousand times", async (reactor) => {
    await running(reactor, async () => {
      let calls = 0;
      const task = deferToThread(reactor, tasks.task("countTo"), 10_000, () => {
        calls++;
      });
      assertEquals([await task, calls], [10_000, 10_000]);
    });
  });

  test("deferToThread() before run() starts the task when the reactor runs", async (reactor) => {
    let early = true;
    const seen = deferToThread(reactor, tasks.task("add"), 1, 2).addCallback((sum) => [sum, early]);
    reactor.callWhenRunning(() => {
      early = false;
    });
    await running(reactor, async () => assertEquals(await seen, [3, false]));
  });

  test("deferToThread() when cancelled ends an endless task; the next task runs", async (reactor) => {
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

  test("stop() fails running tasks, and does not wait for them", async (reactor) => {
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

  test("makes calls in the next turn, in order, with the arguments", (reactor, time) => {
    const seen: unknown[] = [];
    reactor.callFromThread((...args: unknown[]) => seen.push(args), 1, "a");
    reactor.callFromThread(() => seen.push("second"));
    assertEquals([seen, reactor.getDelayedCalls()], [[], []]);
    time.tick(0);
    assertEquals(seen, [[1, "a"], "second"]);
  });

  test("makes its calls before the timed calls that are due", (reactor, time) => {
    const seen: string[] = [];
    reactor.callLater(0, () => seen.push("timed"));
    reactor.callFromThread(() => seen.push("called"));
    time.tick(0);
    assertEquals(seen, ["called", "timed"]);
  });

  test("wakes a reactor that waits for a distant timed call", (reactor, time) => {
    const seen: string[] = [];
    reactor.callLater(1000, () => seen.push("timed"));
    reactor.callFromThread(() => seen.push("called"));
    time.tick(0);
    assertEquals(seen, ["called"]);
  });

  test("within a timed call, or its own call, calls in the next turn", (reactor, time) => {
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

  test("logs a call that throws, and makes the others", (reactor, time, errors) => {
    const seen: string[] = [];
    reactor.callFromThread(() => {
      throw new Error("in the call");
    });
    reactor.callFromThread(() => seen.push("second"));
    time.tick(0);
    assertEquals(errors.take().map(({ message }) => message), ["in the call"]);
    assertEquals(seen, ["second"]);
  });

  test("accepts a hundred thousand calls", (reactor, time) => {
    let calls = 0;
    for (let i = 0; i < 100_000; i++) reactor.callFromThread(() => calls++);
    time.tick(0);
    assertEquals(calls, 100_000);
  });

  test("throws for a value that is not a function", (reactor) => {
    // An argument that the types reject.
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
