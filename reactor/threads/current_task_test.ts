import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { CancelledError } from "../../defer/errors.ts";
import { Cancellation } from "./cancellation.ts";
import { currentTask, RunningTask, setCurrentTask } from "./current_task.ts";

/** A task, and the pool's instance of its cancellation flags. */
function running(): { task: RunningTask; pool: Cancellation } {
  const pool = new Cancellation();
  pool.reset();
  return { task: new RunningTask('"sum" of test:module', new Cancellation(pool.cells)), pool };
}

Deno.test("currentTask() outside of a pool's thread returns a task that is never cancelled", () => {
  const task = currentTask();
  task.throwIfCancelled();
  assertEquals([task.cancelled, task.signal.aborted], [false, false]);
  assertStrictEquals(task.signal, currentTask().signal);
});

Deno.test("currentTask() returns the running task", () => {
  const { task } = running();
  setCurrentTask(task);
  assertStrictEquals(currentTask(), task);
  setCurrentTask(null);
  assertEquals(currentTask() === task, false);
});

Deno.test("ThreadTask.throwIfCancelled() throws once the pool has cancelled the task", () => {
  const { task, pool } = running();
  task.throwIfCancelled();
  assertEquals(task.cancelled, false);
  pool.cancel();
  const text = 'The task "sum" of test:module was cancelled';
  assertThrows(() => task.throwIfCancelled(), CancelledError, text);
  assertEquals([task.cancelled, task.signal.aborted], [true, true]);
});

Deno.test("ThreadTask.signal aborts with a CancelledError when the pool cancels the task", () => {
  const { task, pool } = running();
  const { signal } = task;
  pool.cancel();
  assertEquals(signal.aborted, false);
  task.abort();
  task.abort();
  assertInstanceOf(signal.reason, CancelledError);
});

Deno.test("Cancellation.cancel() returns whether the task has read `cancelled` or `signal`", () => {
  assertEquals(running().pool.cancel(), false);
  for (const look of ["cancelled", "signal", "throwIfCancelled"] as const) {
    const { task, pool } = running();
    if (look === "throwIfCancelled") task.throwIfCancelled();
    else task[look];
    assertEquals(pool.cancel(), true, look);
  }
});

Deno.test("ThreadTask.cancelled no longer changes once the task has settled", () => {
  const [first, second] = [running(), running()];
  first.pool.cancel();
  first.task.settle();
  first.pool.reset();
  assertEquals(first.task.cancelled, true);
  second.task.settle();
  second.pool.cancel();
  assertEquals(second.task.cancelled, false);
  second.task.throwIfCancelled();
});
