/**
 * The hooks of threads and their pool: the task, its function arguments, and the function that
 * receives the result.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeThreads } from "../fixtures/fake_threads.ts";
import type { WorkerTask } from "../../reactor/interfaces/mod.ts";
import { Cancellation } from "../../reactor/threads/cancellation.ts";
import { ThreadPool } from "../../reactor/threads/mod.ts";
import { deserializeError } from "../../reactor/threads/serialized_error.ts";
import { TaskRunner } from "../../reactor/threads/task_runner.ts";
import { type Case, type Hook, hostTurn } from "./hook.ts";

const TASK: WorkerTask = { module: "file:///srv/sums.ts", export: "add" };

/** Makes a thread complete a task, and then another. */
async function finish({ act }: Case): Promise<void> {
  const threads = new FakeThreads();
  using pool = new ThreadPool({ startThread: threads.start, max: 1 });
  pool.start();
  pool.callInThreadWithCallback(act, TASK);
  threads.at(0).finish(3);
  await null;
  let results = 0;
  pool.callInThreadWithCallback(() => results++, TASK);
  threads.at(0).finish(4);
  assertEquals(results, 1, "the thread runs no further task");
}

/** Makes a task call a function among its arguments. */
async function callBack({ act }: Case): Promise<void> {
  const threads = new FakeThreads();
  using pool = new ThreadPool({ startThread: threads.start, max: 1 });
  pool.start();
  let results = 0;
  // The fake thread does not load the module of the task, which would determine its arguments.
  pool.callInThreadWithCallback(() => results++, TASK as WorkerTask<[() => void]>, act);
  threads.at(0).call(0, "progress");
  await null;
  threads.at(0).finish(3);
  assertEquals(results, 1, "the task did not complete");
}

/** Runs a task that fails, as a thread does. */
async function doTask({ act, received }: Case): Promise<void> {
  const runner = new TaskRunner({
    post: (message) => {
      if (message.type === "failure") received(deserializeError(message.error));
    },
    mayCall: () => true,
    cancellation: new Cancellation(),
  }, () => Promise.resolve({ add: act }));
  const task = { module: TASK.module.toString(), name: "add", args: [], functions: [] };
  void runner.receive({ type: "task", task });
  await hostTurn();
}

export const THREAD_HOOKS: readonly Hook[] = [
  {
    name: "onResult",
    where: "onResult of a thread pool",
    calledBy: "onResult",
    documented: [
      "IThreadPool.callInThreadWithCallback(onResult)",
      "ThreadPool.callInThreadWithCallback(onResult)",
    ],
    run: finish,
    refuses: {
      option: "onResult",
      give: (onResult) => {
        using pool = new ThreadPool({ startThread: new FakeThreads().start });
        return pool.callInThreadWithCallback(onResult, TASK);
      },
      allowsNull: true,
    },
  },
  { name: "function", where: "an argument of a task", documented: [], run: callBack },
  {
    name: "task",
    where: "in its thread",
    documented: ["WorkerTask.signature"],
    reports: "caller",
    run: doTask,
  },
];
