import { assertEquals } from "@std/assert";
import { MicrotaskQueue, type MicrotaskTask } from "./microtask_queue.ts";

/** Tasks that note that they were done. */
function recordingTasks(): {
  done: string[];
  task: (name: string, then?: () => void) => MicrotaskTask;
} {
  const done: string[] = [];
  return {
    done,
    task: (name, then) => ({
      microtasks: () => {
        done.push(name);
        then?.();
      },
    }),
  };
}

Deno.test("Tasks are done in order when the running code has returned, not before", async () => {
  const { done, task } = recordingTasks();
  const microtasks = new MicrotaskQueue();
  for (const name of ["first", "second", "third"]) microtasks.add(task(name));
  assertEquals(done, []);
  await Promise.resolve();
  assertEquals(done, ["first", "second", "third"]);
});

Deno.test("A task is done once for each time that it was added", async () => {
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

Deno.test("What a task adds is done after the tasks that were there before, and before any timer", async () => {
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

Deno.test("Each MicrotaskQueue has tasks of its own", async () => {
  const { done, task } = recordingTasks();
  const [one, two] = [new MicrotaskQueue(), new MicrotaskQueue()];
  one.add(task("one"));
  two.add(task("two"));
  one.add(task("one again"));
  await Promise.resolve();
  assertEquals(done, ["one", "one again", "two"]);
});
