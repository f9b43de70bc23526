/**
 * What a thread does with a task. The pool's side is in `thread_pool_test.ts`, real threads in `../drivers/deno/thread_test.ts`.
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

  /** The error that the only message brings. */
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

/** Runs a task of a module with these exports. */
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

Deno.test("a task is the exported function, called with the arguments", async () => {
  const { sent } = await run(task("add", [1, 2]), { add: (a: number, b: number) => a + b });
  assertEquals(sent, [{ type: "result", value: 3 }]);
});

Deno.test("the promise of a task is waited for", async () => {
  const { sent } = await run(task("default"), { default: () => Promise.resolve("later") });
  assertEquals(sent, [{ type: "result", value: "later" }]);
});

Deno.test("what a task throws, or its promise is rejected with, is its failure", async () => {
  const fail = (): never => {
    throw new RangeError("too far");
  };
  const port = await run(task("fail"), { fail });
  assertEquals([port.error().name, port.error().message], ["RangeError", "too far"]);
  const rejected = await run(task("reject"), { reject: () => Promise.reject("no error") });
  assertEquals(rejected.error().cause, "no error");
});

Deno.test("an export that is no function fails the task, and is named with its module", async () => {
  for (const exports of [{}, { add: 3 }]) {
    const error = (await run(task("add"), exports)).error();
    assertEquals(error.name, "TypeError");
    assertStringIncludes(error.message, 'test:module must export a function "add", has ');
  }
});

Deno.test("a module that does not load fails the task", async () => {
  const port = new Port();
  await runTask(task("add"), port, () => Promise.reject(new SyntaxError("Unexpected token")));
  assertEquals([port.sent[0]?.type, port.error().name], ["unloadable", "SyntaxError"]);
});

Deno.test("a result that cannot be sent fails the task, and says why", async () => {
  const error = (await run(task("make"), { make: () => () => 1 })).error();
  assertEquals(error.name, "TypeError");
  assertStringIncludes(error.message, 'Cannot send the result of "make" of test:module');
  assertEquals((error.cause as Error).name, "DataCloneError");
});

Deno.test("a function among the arguments sends what it is called with, ahead of the result", async () => {
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

Deno.test("a function that is called when its task is over throws", async () => {
  let kept: (() => void) | undefined;
  const keep = (f: () => void): void => {
    kept = f;
  };
  const { sent } = await run(task("keep", [undefined], [0]), { keep });
  assertThrows(() => kept?.(), Error, 'the task "keep" of test:module has ended');
  assertEquals(sent, [{ type: "result", value: undefined }]);
});

Deno.test("a function that is called when its task was cancelled throws, and so ends what computes", async () => {
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

Deno.test("a task sees that it was cancelled, and the next one does not", async () => {
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
  await Promise.resolve(); // the module is imported in this turn
  assertEquals(port.cancellation.cancel(), true);
  await runner.receive({ type: "cancel" });
  await waiting;
  assertEquals([port.error().name, currentTask().cancelled], ["CancelledError", false]);
  port.cancellation.reset();
  await runner.receive({ type: "task", task: task("look") });
  assertEquals(port.sent.at(-1), { type: "result", value: [false, false] });
});

Deno.test("an outcome that cannot be sent, for whatever reason, is a failure that can", async () => {
  const port = new Port();
  const post = port.post.bind(port);
  port.post = (message) => {
    if (port.attempts++ === 0) throw new RangeError("too deep");
    post(message);
  };
  await run(task("fail"), { fail: () => Promise.reject(new Error("deep")) }, port);
  assertEquals(port.error().message, 'Cannot send the error of "fail" of test:module');
});
