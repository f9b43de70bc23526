import { assertEquals } from "@std/assert";
import { MicrotaskQueue, type MicrotaskTask } from "./microtask_queue.ts";

/** Returns a function that creates tasks, and the names of the tasks that have run. */
function recordingTasks(): {
  done: string[];
  task: (name: string, then?: () => void) => MicrotaskTask;
} {
  const done: string[] = [];
  return {
    done,
    task: (name, then) => ({
      runMicrotask: () => {
        done.push(name);
        then?.();
      },
    }),
  };
}

Deno.test("MicrotaskQueue runs tasks in order when the running code has returned", async () => {
  const { done, task } = recordingTasks();
  const microtasks = new MicrotaskQueue();
  for (const name of ["first", "second", "third"]) microtasks.add(task(name));
  assertEquals(done, []);
  await Promise.resolve();
  assertEquals(done, ["first", "second", "third"]);
});

Deno.test("MicrotaskQueue runs a task once for each time that it was added", async () => {
  const { done, task } = recordingTasks();
  const microtasks = new MicrotaskQueue();
  const again = task("again");
  microtasks.add(again);
  microtasks.add(again);
  await Promise.resolve();
  microtasks.add(again);
  await Promise.resolve();
  assertEquals(done, ["again", "again", "again"]);
});

Deno.test("MicrotaskQueue runs a task added by a task after the others and before any timer", async () => {
  const { done, task } = recordingTasks();
  const microtasks = new MicrotaskQueue();
  microtasks.add(task("first", () => microtasks.add(task("added"))));
  microtasks.add(task("second"));
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(() => {
    done.push("timer");
    resolve();
  }, 0);
  await promise;
  assertEquals(done, ["first", "second", "added", "timer"]);
});

Deno.test("MicrotaskQueue instances are independent", async () => {
  const { done, task } = recordingTasks();
  const [one, two] = [new MicrotaskQueue(), new MicrotaskQueue()];
  one.add(task("one"));
  two.add(task("two"));
  one.add(task("one again"));
  await Promise.resolve();
  assertEquals(done, ["one", "one again", "two"]);
});
