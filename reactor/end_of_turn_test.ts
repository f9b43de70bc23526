import { assertEquals } from "@std/assert";
import { EndOfTurn, type EndOfTurnTask } from "./end_of_turn.ts";

/** Tasks that note that they were done. */
function recordingTasks(): {
  done: string[];
  task: (name: string, then?: () => void) => EndOfTurnTask;
} {
  const done: string[] = [];
  return {
    done,
    task: (name, then) => ({
      endOfTurn: () => {
        done.push(name);
        then?.();
      },
    }),
  };
}

Deno.test("Tasks are done in order when the running code has returned, not before", async () => {
  const { done, task } = recordingTasks();
  const endOfTurn = new EndOfTurn();
  for (const name of ["first", "second", "third"]) endOfTurn.add(task(name));
  assertEquals(done, []);
  await Promise.resolve();
  assertEquals(done, ["first", "second", "third"]);
});

Deno.test("A task is done once for each time that it was added", async () => {
  const { done, task } = recordingTasks();
  const endOfTurn = new EndOfTurn();
  const again = task("again");
  endOfTurn.add(again);
  endOfTurn.add(again);
  await Promise.resolve();
  endOfTurn.add(again);
  await Promise.resolve();
  assertEquals(done, ["again", "again", "again"]);
});

Deno.test("What a task adds is done after the tasks that were there before, and before any timer", async () => {
  const { done, task } = recordingTasks();
  const endOfTurn = new EndOfTurn();
  endOfTurn.add(task("first", () => endOfTurn.add(task("added"))));
  endOfTurn.add(task("second"));
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(() => {
    done.push("timer");
    resolve();
  }, 0);
  await promise;
  assertEquals(done, ["first", "second", "added", "timer"]);
});

Deno.test("Each EndOfTurn has tasks of its own", async () => {
  const { done, task } = recordingTasks();
  const [one, two] = [new EndOfTurn(), new EndOfTurn()];
  one.add(task("one"));
  two.add(task("two"));
  one.add(task("one again"));
  await Promise.resolve();
  assertEquals(done, ["one", "one again", "two"]);
});
