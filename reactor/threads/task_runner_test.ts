/**
 * Tests of the worker's side. `thread_pool_test.ts` has the pool's side, and
 * `../drivers/deno/thread_test.ts` real threads.
 */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { currentTask } from "./current_task.ts";
import type { TaskMessage, ThreadMessage } from "./messages.ts";
import { deserializeError } from "./serialized_error.ts";
import { Cancellation } from "./cancellation.ts";
import { type LoadModule, TaskRunner, type ThreadPort } from "./task_runner.ts";

const MODULE = "test:module";

class Port implements ThreadPort {
  readonly sent: ThreadMessage[] = [];
  readonly cancellation = new Cancellation();
  cancelled = false;
  attempts = 0;

  post(message: ThreadMessage): void {
    this.sent.push(structuredClone(message));
  }

  mayCall(): boolean {
    return !this.cancelled;
  }

  /** The error in the only message. */
  error(): Error {
    const [message, ...others] = this.sent;
    assert(message?.type === "failure" || message?.type === "unloadable");
    assertEquals(others, []);
    return deserializeError(message.error);
  }
}

function task(name: string, args: unknown[] = [], functions: number[] = []): TaskMessage {
  return { module: MODULE, name, args, functions };
}

function runTask(task: TaskMessage, port: ThreadPort, load: LoadModule): Promise<void> {
  return new TaskRunner(port, load).receive({ type: "task", task });
}

/** Runs a task of a module with the given exports. */
async function run(
  message: TaskMessage,
  exports: Record<string, unknown>,
  port = new Port(),
): Promise<Port> {
  const urls: string[] = [];
  await runTask(message, port, (url) => {
    urls.push(url);
    return Promise.resolve(exports);
  });
  assertEquals(urls, [MODULE]);
  return port;
}

Deno.test("TaskRunner calls the exported function with the task's arguments", async () => {
  const { sent } = await run(task("add", [1, 2]), { add: (a: number, b: number) => a + b });
  assertEquals(sent, [{ type: "result", value: 3 }]);
});

Deno.test("TaskRunner awaits a promise that the task returns", async () => {
  const { sent } = await run(task("default"), { default: () => Promise.resolve("later") });
  assertEquals(sent, [{ type: "result", value: "later" }]);
});

Deno.test("TaskRunner reports an error that the task throws or rejects with", async () => {
  const fail = (): never => {
    throw new RangeError("too far");
  };
  const port = await run(task("fail"), { fail });
  assertEquals([port.error().name, port.error().message], ["RangeError", "too far"]);
  const rejected = await run(task("reject"), { reject: () => Promise.reject("no error") });
  assertEquals(rejected.error().cause, "no error");
});

Deno.test("TaskRunner fails a task whose export is not a function, and names export and module", async () => {
  for (const exports of [{}, { add: 3 }]) {
    const error = (await run(task("add"), exports)).error();
    assertEquals(error.name, "TypeError");
    assertStringIncludes(error.message, 'test:module must export a function "add", got ');
  }
});

Deno.test("TaskRunner fails a task whose module does not load", async () => {
  const port = new Port();
  await runTask(task("add"), port, () => Promise.reject(new SyntaxError("Unexpected token")));
  assertEquals([port.sent[0]?.type, port.error().name], ["unloadable", "SyntaxError"]);
});

Deno.test("TaskRunner fails a task whose result cannot be cloned, and gives the reason", async () => {
  const error = (await run(task("make"), { make: () => () => 1 })).error();
  assertEquals(error.name, "TypeError");
  assertStringIncludes(error.message, 'Cannot send the result of the task "make" of test:module');
  assertEquals((error.cause as Error).name, "DataCloneError");
});

Deno.test("TaskRunner sends the calls of a function argument before the result", async () => {
  const count = (n: number, at: (i: number) => void): string => {
    for (let i = 0; i < n; i++) at(i);
    return "done";
  };
  const { sent } = await run(task("count", [2, undefined], [1]), { count });
  assertEquals(sent, [
    { type: "call", argument: 1, args: [0] },
    { type: "call", argument: 1, args: [1] },
    { type: "result", value: "done" },
  ]);
});

Deno.test("TaskRunner throws from a function argument that is called after its task has settled", async () => {
  let kept: (() => void) | undefined;
  const keep = (f: () => void): void => {
    kept = f;
  };
  const { sent } = await run(task("keep", [undefined], [0]), { keep });
  assertThrows(() => kept?.(), Error, 'the task "keep" of test:module has settled');
  assertEquals(sent, [{ type: "result", value: undefined }]);
});

Deno.test("TaskRunner throws from a function argument once the task is cancelled", async () => {
  const port = new Port();
  const seen: number[] = [];
  const forever = (at: (i: number) => void): void => {
    for (let i = 0;; i++) {
      if (i === 3) port.cancelled = true;
      at(i);
      seen.push(i);
    }
  };
  await run(task("forever", [undefined], [0]), { forever }, port);
  assertEquals(seen, [0, 1, 2]);
  assertEquals(port.sent.at(-1)?.type, "failure");
});

Deno.test("TaskRunner reports a cancellation to the cancelled task only, not to the next one", async () => {
  const port = new Port();
  const runner = new TaskRunner(port, () =>
    Promise.resolve({
      wait: () => {
        const { signal } = currentTask();
        return new Promise((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason))
        );
      },
      look: () => [currentTask().cancelled, currentTask().signal.aborted],
    }));
  await runner.receive({ type: "cancel" });
  const waiting = runner.receive({ type: "task", task: task("wait") });
  await Promise.resolve(); // the module is imported in this microtask
  assertEquals(port.cancellation.cancel(), true);
  await runner.receive({ type: "cancel" });
  await waiting;
  assertEquals([port.error().name, currentTask().cancelled], ["CancelledError", false]);
  port.cancellation.reset();
  await runner.receive({ type: "task", task: task("look") });
  assertEquals(port.sent.at(-1), { type: "result", value: [false, false] });
});

Deno.test("TaskRunner reports a result that cannot be sent as a failure of the task", async () => {
  const port = new Port();
  const post = port.post.bind(port);
  port.post = (message) => {
    if (port.attempts++ === 0) throw new RangeError("too deep");
    post(message);
  };
  await run(task("fail"), { fail: () => Promise.reject(new Error("deep")) }, port);
  assertEquals(
    port.error().message,
    'Cannot send the error of the task "fail" of test:module: too deep',
  );
});
