import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { CancelledError, Deferred } from "../../defer/mod.ts";
import { capturedLogs } from "../../log/mod.ts";
import { ProcessTerminated, SpawnError } from "../../reactor/errors.ts";
import type { FakeProcess } from "../../testing/fake_process.ts";
import { MemoryReactorClock } from "../../testing/memory_reactor_clock.ts";
import { assertNoResult, failureResultOf, successResultOf } from "../../testing/results.ts";
import { Supervisor, type SupervisorOptions, type TooManyRestarts, WorkerNotReady } from "./mod.ts";

const PROGRAM = { executable: "serve", args: ["--fast"], env: { LANG: "C" } };

/** A supervisor on a reactor in memory, and the log since its start. */
class Bench implements Disposable {
  readonly reactor = new MemoryReactorClock();
  readonly logs = capturedLogs();
  readonly supervisor: Supervisor;

  constructor(options: SupervisorOptions = {}) {
    this.supervisor = new Supervisor(this.reactor, PROGRAM, { workers: 2, ...options });
    this.supervisor.startService();
  }

  /** Returns a process by the order of the starts. */
  process(number: number): FakeProcess {
    const process = this.reactor.processes[number];
    if (process === undefined) throw new Error(`There is no process ${number}`);
    return process;
  }

  /** The number of processes that were started. */
  get started(): number {
    return this.reactor.processes.length;
  }

  /** Returns the messages of a worker in the log. */
  linesOf(system: string): string[] {
    return this.logs.filter((event) => event.system === system).map(({ message }) => message);
  }

  [Symbol.dispose](): void {
    this.logs[Symbol.dispose]();
  }
}

Deno.test("startService() starts the workers, with pipes for their output", () => {
  using bench = new Bench();
  assertEquals(bench.started, 2);
  const { executable, options } = bench.process(0);
  assertEquals(executable, "serve");
  assertEquals(options, { args: ["--fast"], env: { LANG: "C" }, childFDs: { 1: "r", 2: "r" } });
  assertEquals(bench.supervisor.workers.map(({ name, isReady }) => [name, isReady]), [
    ["worker 1", false],
    ["worker 2", false],
  ]);
  assertEquals(bench.supervisor.workers[1]?.pid, bench.process(1).pid);
});

Deno.test("a worker is ready when it has run for the threshold", () => {
  using bench = new Bench({ threshold: 3 });
  const ready = bench.supervisor.whenReady();
  bench.reactor.advance(2);
  assertNoResult(ready);
  bench.reactor.advance(1);
  successResultOf(ready);
  assertEquals(bench.supervisor.workers.every(({ isReady }) => isReady), true);
  successResultOf(bench.supervisor.whenReady());
});

Deno.test("with isReady(), a worker is ready when it has written such a line", () => {
  using bench = new Bench({ workers: 1, isReady: (line) => line === "up" });
  bench.reactor.advance(30);
  bench.process(0).output(2, "almost\nu");
  assertNoResult(bench.supervisor.whenReady());
  bench.process(0).output(2, "p\n");
  successResultOf(bench.supervisor.whenReady());
});

Deno.test("a worker that is not ready in time is stopped and started again", () => {
  using bench = new Bench({ workers: 1, isReady: () => false, readyTimeout: 5, killTime: 2 });
  bench.reactor.advance(5);
  assertEquals(bench.process(0).signals, ["TERM"]);
  bench.reactor.advance(2);
  assertEquals(bench.process(0).signals, ["TERM", "KILL"]);
  bench.process(0).exit(137, "SIGKILL");
  bench.reactor.advance(1);
  assertEquals(bench.started, 2);
});

Deno.test("an error of isReady() is logged, and the worker is not ready", () => {
  const isReady = () => {
    throw new RangeError("no");
  };
  using bench = new Bench({ workers: 1, isReady });
  bench.process(0).output(1, "up\n");
  assertEquals(bench.logs.filter(({ isError }) => isError).length, 1);
  assertEquals(bench.supervisor.workers[0]?.isReady, false);
});

Deno.test("lines of both outputs are logged with the worker's name, also the last part", () => {
  using bench = new Bench();
  bench.process(1).output(1, "one\r\ntw");
  bench.process(1).output(2, "oops\n");
  bench.process(1).output(1, "o\nlast");
  bench.process(1).exit(0);
  assertEquals(bench.linesOf("worker 2").slice(1, 5), ["one", "oops", "two", "last"]);
});

Deno.test("lineReceived() receives the lines instead of the log, and its error is logged", () => {
  const lines: string[] = [];
  const lineReceived = (worker: string, line: string) => {
    lines.push(`${worker}: ${line}`);
    throw new RangeError("full");
  };
  using bench = new Bench({ lineReceived });
  bench.process(0).output(1, `é${"x".repeat(16_384)}\n`);
  assertEquals(lines.map(({ length }) => length), [16_384 + 10, 1 + 10]);
  assertEquals(bench.logs.filter(({ isError }) => isError).length, 2);
});

Deno.test("a worker that has run for the threshold is started again at once", () => {
  using bench = new Bench();
  bench.reactor.advance(1);
  bench.process(1).exit(3);
  bench.reactor.advance(0);
  assertEquals(bench.started, 3);
  assertEquals(bench.linesOf("worker 2").some((line) => line.includes("worker 2 has ended")), true);
});

Deno.test("a worker that ends too soon again and again waits longer and longer", () => {
  using bench = new Bench({ workers: 1 });
  const waits = [1, 2, 4, 8, 16, 32, 60, 60].map((wait, number) => {
    bench.process(number).exit(1);
    bench.reactor.advance(wait - 0.001);
    assertEquals(bench.started, number + 1);
    bench.reactor.advance(0.001);
    return bench.started;
  });
  assertEquals(waits, [2, 3, 4, 5, 6, 7, 8, 9]);
  bench.reactor.advance(1);
  bench.process(8).exit(1); // it has run long enough: the count begins again
  bench.reactor.advance(0);
  bench.process(9).exit(1);
  bench.reactor.advance(1);
  assertEquals(bench.started, 11);
});

Deno.test("a bad result of retryPolicy() is logged, and the wait is a minute", () => {
  using bench = new Bench({ workers: 1, retryPolicy: () => NaN });
  bench.process(0).exit(1);
  bench.reactor.advance(59);
  assertEquals(bench.started, 1);
  bench.reactor.advance(1);
  assertEquals(bench.started, 2);
});

Deno.test("a program that cannot be started is tried again", () => {
  using logs = capturedLogs();
  const reactor = new MemoryReactorClock();
  let attempts = 0;
  reactor.spawnProcess = (_protocol, executable) => {
    attempts++;
    throw new SpawnError(executable, { code: "ENOENT" });
  };
  const supervisor = new Supervisor(reactor, PROGRAM, { workers: 1 });
  supervisor.startService();
  reactor.advance(1);
  reactor.advance(2);
  assertEquals(attempts, 3);
  assertEquals(logs.filter(({ isError }) => isError).length, 3);
  successResultOf(supervisor.stopService());
  reactor.advance(100);
  assertEquals(attempts, 3);
});

Deno.test("the supervisor gives up when the workers end too often", () => {
  const errors: TooManyRestarts[] = [];
  const gaveUp = (error: TooManyRestarts) => errors.push(error);
  using bench = new Bench({ maxRestarts: 2, within: 10, gaveUp });
  bench.reactor.advance(1);
  bench.process(0).exit(1);
  bench.reactor.advance(10);
  bench.process(1).exit(1); // the first end is too long ago
  bench.reactor.advance(1);
  bench.process(2).exit(1);
  assertEquals(errors, []);
  bench.reactor.advance(1);
  bench.process(3).exit(1);
  assertEquals(errors.length, 1);
  assertEquals(
    errors[0]?.message,
    "Stopped all workers: they ended more than 2 times in 10 seconds, worker 2 as the last one: " +
      String(errors[0]?.cause instanceof Error && errors[0].cause.message),
  );
  assertEquals(bench.process(4).signals, ["TERM"]);
  assertEquals(bench.supervisor.running, false);
  assertEquals(bench.logs.some(({ level }) => level === "critical"), true);
});

Deno.test("stopService() ends the workers and waits for them", () => {
  using bench = new Bench();
  const ready = bench.supervisor.whenReady();
  const stopped = bench.supervisor.stopService();
  assertInstanceOf(failureResultOf(ready), CancelledError);
  assertEquals(bench.process(0).signals, ["TERM"]);
  bench.process(0).exit(0);
  assertNoResult(stopped);
  bench.reactor.advance(40);
  assertEquals(bench.process(1).signals, ["TERM", "KILL"]);
  bench.process(1).exit(137, "SIGKILL");
  successResultOf(stopped);
  assertEquals(bench.reactor.getDelayedCalls(), []);
  assertEquals(bench.started, 2);
  bench.supervisor.startService();
  assertEquals(bench.started, 4);
});

Deno.test("startService() throws while workers are still stopping", () => {
  using bench = new Bench();
  bench.supervisor.stopService();
  assertThrows(
    () => bench.supervisor.startService(),
    Error,
    "Cannot start Supervisor: its workers have not ended yet",
  );
});

Deno.test("restart() replaces one worker after another, each when the new one is ready", () => {
  using bench = new Bench({ isReady: (line) => line === "up" });
  const [first, second] = [bench.process(0), bench.process(1)];
  for (const process of [first, second]) process.output(1, "up\n");
  const restarted = bench.supervisor.restart();
  assertEquals(bench.started, 3);
  assertEquals(first.signals, []);
  bench.process(2).output(1, "up\n");
  assertEquals(first.signals, ["TERM"]);
  assertEquals(bench.supervisor.workers[0]?.pid, bench.process(2).pid);
  assertEquals(bench.started, 3); // the second worker waits until the first has ended
  first.exit(0);
  bench.process(3).output(1, "up\n");
  assertNoResult(restarted);
  second.exit(0);
  successResultOf(restarted);
  assertEquals(bench.process(2).signals, []);
});

Deno.test("restart() fails and keeps the old process when the new one is not ready", () => {
  using bench = new Bench();
  bench.reactor.advance(1);
  const restarted = bench.supervisor.restart();
  bench.process(2).exit(9);
  const error = failureResultOf(restarted);
  assertInstanceOf(error, WorkerNotReady);
  assertInstanceOf(error.cause, ProcessTerminated);
  assertEquals(error.worker, "worker 1");
  bench.reactor.advance(100);
  assertEquals([bench.started, bench.process(0).signals], [3, []]);
});

Deno.test("restart() fails when the new process never becomes ready, and kills it", () => {
  const isReady = (line: string) => line === "up";
  using bench = new Bench({ isReady, readyTimeout: 5, killTime: 2 });
  for (const number of [0, 1]) bench.process(number).output(1, "up\n");
  const restarted = bench.supervisor.restart();
  bench.reactor.advance(5);
  bench.reactor.advance(2);
  assertEquals(bench.process(2).signals, ["TERM", "KILL"]);
  assertNoResult(restarted);
  bench.process(2).exit(137, "SIGKILL");
  assertInstanceOf(failureResultOf(restarted), WorkerNotReady);
  bench.reactor.advance(100);
  assertEquals([bench.process(0).signals, bench.process(1).signals], [[], []]);
  assertEquals([bench.started, bench.supervisor.workers[0]?.pid], [3, bench.process(0).pid]);
});

Deno.test("restart() continues when an old process is killed before the new one is ready", () => {
  using bench = new Bench({ workers: 1, isReady: (line) => line === "up" });
  bench.process(0).output(1, "up\n");
  const restarted = bench.supervisor.restart();
  bench.process(0).exit(137, "SIGKILL");
  bench.reactor.advance(10);
  assertEquals([bench.started, bench.supervisor.workers[0]?.isReady], [2, false]);
  bench.process(1).output(1, "up\n");
  successResultOf(restarted);
  assertEquals([bench.started, bench.supervisor.workers[0]?.pid], [2, bench.process(1).pid]);
});

Deno.test("restart() replaces a worker that is waiting for its next start", () => {
  using bench = new Bench({ workers: 1 });
  bench.process(0).exit(1);
  const restarted = bench.supervisor.restart();
  assertEquals(bench.started, 2);
  bench.reactor.advance(1);
  successResultOf(restarted);
  bench.reactor.advance(100);
  assertEquals(bench.started, 2);
});

Deno.test("when both processes of a worker end during a restart, it is started again", () => {
  using bench = new Bench({ workers: 1 });
  const restarted = bench.supervisor.restart();
  bench.process(0).exit(1);
  bench.process(1).exit(1);
  assertInstanceOf(failureResultOf(restarted), WorkerNotReady);
  bench.reactor.advance(2);
  assertEquals(bench.started, 3);
});

Deno.test("restarts wait for each other", () => {
  using bench = new Bench({ workers: 1 });
  bench.reactor.advance(1);
  const [one, two] = [bench.supervisor.restart(), bench.supervisor.restart()];
  assertEquals(bench.started, 2);
  bench.reactor.advance(1);
  bench.process(0).exit(0);
  successResultOf(one);
  assertEquals(bench.started, 3);
  bench.reactor.advance(1);
  bench.process(1).exit(0);
  successResultOf(two);
});

Deno.test("a cancelled restart stops the new process and keeps the old one", () => {
  using bench = new Bench({ workers: 1 });
  bench.reactor.advance(1);
  const restarted = bench.supervisor.restart();
  restarted.cancel();
  assertInstanceOf(failureResultOf(restarted), CancelledError);
  assertEquals(bench.process(1).signals, ["TERM"]);
  bench.process(1).exit(0);
  bench.reactor.advance(100);
  assertEquals([bench.started, bench.process(0).signals], [2, []]);
});

Deno.test("restart() keeps the old process when the new one ends as it reports to be ready", () => {
  using bench = new Bench({ workers: 1, isReady: (line) => line === "up" });
  bench.process(0).output(1, "up\n");
  const restarted = bench.supervisor.restart();
  bench.process(1).output(1, "up"); // a line whose end is missing
  bench.process(1).exit(1);
  assertInstanceOf(failureResultOf(restarted), WorkerNotReady);
  bench.reactor.advance(100);
  assertEquals([bench.started, bench.process(0).signals], [2, []]);
});

Deno.test("restart() works while the new process of a cancelled restart still ends", () => {
  using bench = new Bench({ workers: 1 });
  bench.reactor.advance(1);
  const cancelled = bench.supervisor.restart();
  cancelled.cancel();
  assertInstanceOf(failureResultOf(cancelled), CancelledError);
  const restarted = bench.supervisor.restart();
  bench.process(1).exit(0);
  assertNoResult(restarted);
  assertEquals(bench.supervisor.workers[0]?.pid, bench.process(0).pid);
  bench.reactor.advance(1);
  assertEquals(bench.process(0).signals, ["TERM"]);
  bench.process(0).exit(0);
  successResultOf(restarted);
  bench.reactor.advance(100);
  assertEquals([bench.started, bench.supervisor.workers[0]?.pid], [3, bench.process(2).pid]);
});

Deno.test("restart() works while the old process of a cancelled restart still ends", () => {
  using bench = new Bench({ workers: 1 });
  bench.reactor.advance(1);
  const cancelled = bench.supervisor.restart();
  bench.reactor.advance(1);
  cancelled.cancel();
  assertInstanceOf(failureResultOf(cancelled), CancelledError);
  const restarted = bench.supervisor.restart();
  bench.process(0).exit(0);
  assertNoResult(restarted);
  bench.reactor.advance(1);
  bench.process(1).exit(0);
  successResultOf(restarted);
  bench.reactor.advance(100);
  assertEquals([bench.started, bench.supervisor.workers[0]?.pid], [3, bench.process(2).pid]);
});

Deno.test("a cancelled restart of a worker that waits for its next start starts it again", () => {
  using bench = new Bench({ workers: 1 });
  bench.process(0).exit(1);
  const restarted = bench.supervisor.restart();
  restarted.cancel();
  assertInstanceOf(failureResultOf(restarted), CancelledError);
  bench.process(1).exit(0);
  bench.reactor.advance(100);
  assertEquals([bench.started, bench.supervisor.workers[0]?.isReady], [3, true]);
});

Deno.test("stopService() ends a restart, which fails", () => {
  using bench = new Bench();
  const restarted = bench.supervisor.restart();
  const stopped = bench.supervisor.stopService();
  for (const number of [2, 0, 1]) bench.process(number).exit(0);
  successResultOf(stopped);
  assertInstanceOf(failureResultOf(restarted), WorkerNotReady);
  assertEquals(
    failureResultOf(bench.supervisor.restart()).message,
    "Cannot restart the workers: Supervisor is not running",
  );
});

Deno.test("signalWorkers() sends a signal to all workers that run", () => {
  using bench = new Bench();
  bench.process(0).exit(0);
  bench.supervisor.signalWorkers("SIGHUP");
  assertEquals([bench.process(0).signals, bench.process(1).signals], [[], ["SIGHUP"]]);
});

Deno.test("a reactor that stops without waiting kills the workers", () => {
  using bench = new Bench();
  bench.reactor.run();
  bench.reactor.stop();
  assertEquals(bench.process(0).signals, ["KILL"]);
});

Deno.test("a reactor that stops does not start a worker that waits for its next start", () => {
  using bench = new Bench({ workers: 1 });
  bench.reactor.run();
  const shutdown = new Deferred<void>();
  bench.reactor.addSystemEventTrigger("during", "shutdown", () => shutdown);
  bench.process(0).exit(1);
  bench.reactor.stop();
  bench.reactor.advance(100);
  assertEquals(bench.started, 1);
  shutdown.callback();
});

Deno.test("the constructor refuses bad options", () => {
  const reactor = new MemoryReactorClock();
  const refuse = (options: SupervisorOptions, message: string) =>
    assertThrows(() => new Supervisor(reactor, PROGRAM, options), Error, message);
  refuse({ workers: 0 }, "Supervisor() workers must be");
  refuse({ killTime: Infinity }, "Supervisor() killTime must be");
  refuse({ maxRestarts: -1 }, "Supervisor() maxRestarts must be");
  assertStrictEquals(reactor.processes.length, 0);
});
