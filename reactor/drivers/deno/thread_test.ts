/**
 * Real threads in a pool, and whole programs that use them. The leak checks of `deno test` do not
 * see threads, so these tests check for themselves: each stops its pool with all threads, and the
 * programs must exit by themselves.
 */

import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { CancelledError } from "../../../defer/errors.ts";
import { LoggedErrors } from "../../../testing/logged_errors.ts";
import { MAX_CALLS_IN_FLIGHT } from "../../threads/call_limiter.ts";
import { deferToThreadPool } from "../../threads/defer_to_thread.ts";
import { TaskUnloadable, ThreadExited } from "../../threads/errors.ts";
import { ThreadPool } from "../../threads/thread_pool.ts";
import type { StartThread } from "../../threads/worker_thread.ts";
import { workerModule } from "../../threads/worker_task.ts";
import { startDenoThread } from "./thread.ts";

const root = new URL("../../../", import.meta.url);
const tasksURL = new URL("testing/fixtures/thread_tasks.ts", root);
const tasks = workerModule<typeof import("../../../testing/fixtures/thread_tasks.ts")>(tasksURL);

/** Runs `f` with a pool of at most one thread. */
async function pooled(f: (pool: ThreadPool) => Promise<void>): Promise<void> {
  using _errors = new LoggedErrors();
  using pool = new ThreadPool({ max: 1, startThread: startDenoThread });
  pool.start();
  await f(pool);
}

const errorOf = (error: Error): Error => error;

Deno.test("startDenoThread() keeps the state of a thread's modules between tasks", () =>
  pooled(async (pool) => {
    const counts = [1, 2, 3].map(() => deferToThreadPool(pool, tasks.task("countInModule")));
    assertEquals(await Promise.all(counts), [1, 2, 3]);
  }));

Deno.test("startDenoThread() shares the memory of a SharedArrayBuffer with the task", () =>
  pooled(async (pool) => {
    const cells = new Int32Array(new SharedArrayBuffer(4));
    const store = {
      module: "data:text/javascript,export const store = Atomics.store",
      export: "store",
    };
    assertEquals(await deferToThreadPool(pool, store, cells, 0, 42), 42);
    assertEquals(cells[0], 42);
  }));

for (const where of ["timer", "promise"] as const) {
  Deno.test(`startDenoThread() fails the task with an uncaught error in a ${where}`, () =>
    pooled(async (pool) => {
      const crash = deferToThreadPool(pool, tasks.task("crash"), where);
      const next = deferToThreadPool(pool, tasks.task("countInModule"));
      const error = await crash.addErrback(errorOf);
      assertInstanceOf(error, RangeError);
      assertInstanceOf(error.cause, TypeError);
      assertEquals([error.message, await next], ["uncaught", 1]);
    }));
}

for (const [how, exitCode] of [["Deno.exit", 7], ["close", 0]] as const) {
  Deno.test(`startDenoThread() fails the task that calls ${how}(), and is replaced`, () =>
    pooled(async (pool) => {
      const exit = deferToThreadPool(pool, tasks.task("exit"), how);
      const next = deferToThreadPool(pool, tasks.task("countInModule"));
      const error = await exit.addErrback(errorOf);
      assertInstanceOf(error, ThreadExited);
      assertEquals([error.exitCode, await next], [exitCode, 1]);
    }));
}

Deno.test("ThreadPool logs and replaces a real thread that crashes while idle", async () => {
  using errors = new LoggedErrors();
  const lost = Promise.withResolvers<void>();
  const startThread: StartThread = (events, options) => {
    const message: typeof events.message = (message) => {
      events.message(message);
      if (message.type === "crash") lost.resolve();
    };
    const thread = startDenoThread({ ...events, message }, options);
    // Without unref(), the idle thread keeps the process alive until its crash.
    thread.unref = () => {};
    return thread;
  };
  using pool = new ThreadPool({ max: 1, startThread });
  pool.start();
  await deferToThreadPool(pool, tasks.task("crashLater"));
  await lost.promise;
  assertEquals(errors.take().map(({ message }) => message), ["uncaught, and idle"]);
  assertEquals(await deferToThreadPool(pool, tasks.task("countInModule")), 1);
});

Deno.test("startDenoThread() keeps its thread after a task whose module does not load", () =>
  pooled(async (pool) => {
    assertEquals(await deferToThreadPool(pool, tasks.task("countInModule")), 1);
    const missing = { module: new URL("testing/conformance/no_such_file.ts", root), export: "f" };
    const error = await deferToThreadPool(pool, missing).addErrback(errorOf);
    assertInstanceOf(error, TaskUnloadable);
    assertInstanceOf(error.cause, TypeError);
    assertStringIncludes(error.message, "no_such_file.ts");
    assertEquals(await deferToThreadPool(pool, tasks.task("countInModule")), 2);
  }));

Deno.test("startDenoThread() blocks a task that calls back faster than the reactor handles", () =>
  pooled(async (pool) => {
    const sent = new Int32Array(new SharedArrayBuffer(4));
    let received = 0;
    let mostInFlight = 0;
    await deferToThreadPool(pool, tasks.task("flood"), 10_000, sent, () => {
      mostInFlight = Math.max(mostInFlight, Atomics.load(sent, 0) - received);
      received++;
    });
    assertEquals(received, 10_000);
    // The blocked call is counted already, and so is the call that was admitted when the current
    // one arrived.
    assert(mostInFlight <= MAX_CALLS_IN_FLIGHT + 2, `${mostInFlight} calls were in flight`);
  }));

Deno.test("startDenoThread() throws in the task if a callback's arguments cannot be cloned", () =>
  pooled(async (pool) => {
    const call = (): never => {
      throw new Error("called");
    };
    assertEquals(await deferToThreadPool(pool, tasks.task("callInVain"), 100, call), [
      "DataCloneError",
    ]);
  }));

Deno.test("startDenoThread() stops a cancelled computation at its next call of a function argument", () =>
  pooled(async (pool) => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const first = Promise.withResolvers<void>();
    const forever = deferToThreadPool(
      pool,
      tasks.task("computeForever"),
      listener.addr.port,
      first.resolve,
    );
    using connection = await listener.accept();
    await connection.read(new Uint8Array(1));
    await first.promise;
    forever.cancel();
    assertInstanceOf(await forever.addErrback(errorOf), CancelledError);
    assertEquals(await connection.read(new Uint8Array(1)), null);
  }));

Deno.test("startDenoThread() starts and ends thirty threads one after another", () =>
  pooled(async (pool) => {
    for (let i = 0; i < 30; i++) {
      assertEquals(await deferToThreadPool(pool, tasks.task("countInModule")), 1);
      pool.stopAWorker();
    }
  }));

/** Runs a program with the imports that it needs until it exits. */
async function program(
  body: string,
  permissions = ["--allow-read", "--allow-net"],
): Promise<{ code: number; output: string; errors: string }> {
  const source = `
    import { DenoReactor, deferToThread, deferToThreadPool, startDenoThread, ThreadPool, workerModule }
      from "${new URL("reactor/mod.ts", root)}";
    const tasks = workerModule("${tasksURL}");
    ${body}`;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      ...permissions,
      `data:text/javascript,${encodeURIComponent(source)}`,
    ],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, output: text(stdout), errors: text(stderr) };
}

Deno.test("stop() lets a program exit while its threads compute", async () => {
  const { code, output, errors } = await program(`
    const reactor = new DenoReactor();
    deferToThread(reactor, tasks.task("computeAlone"), () => reactor.stop())
      .addErrback((error) => console.log(error.name));
    await reactor.run();
    console.log("over");`);
  assertEquals([code, output, errors], [0, "ThreadPoolStopped\nover\n", ""]);
});

Deno.test("startDenoThread() lets a program exit while a cancelled task still computes", async () => {
  const { code, output, errors } = await program(`
    const reactor = new DenoReactor();
    const alone = deferToThread(reactor, tasks.task("computeAlone"), () => alone.cancel());
    alone.addErrback((error) => console.log(error.name))
      .addCallback(() => deferToThread(reactor, tasks.task("add"), 1, 2))
      .addCallback((sum) => console.log(sum))
      .addCallback(() => reactor.stop());
    await reactor.run();
    console.log("over");`);
  assertEquals([code, output, errors], [0, "CancelledError\n3\nover\n", ""]);
});

Deno.test("crash() lets a program exit while its threads compute", async () => {
  const { code, output, errors } = await program(`
    const reactor = new DenoReactor();
    deferToThread(reactor, tasks.task("computeAlone"), () => reactor.crash());
    await reactor.run();
    console.log("over");`);
  assertEquals([code, output, errors], [0, "over\n", ""]);
});

Deno.test("ThreadPool keeps a program alive while a task runs, and not while it is idle", async () => {
  const { code, output, errors } = await program(`
    const pool = new ThreadPool({ min: 2, max: 2, startThread: startDenoThread });
    pool.start();
    console.log(await deferToThreadPool(pool, tasks.task("add"), 1, 2));`);
  assertEquals([code, output, errors], [0, "3\n", ""]);
});

Deno.test("startDenoThread() needs read access to the library and the task's module", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/half.ts`, "export const half = (n: number) => n / 2;");
    await Deno.writeTextFile(
      `${folder}/mean.ts`,
      `import { half } from "./half.ts"; export const mean = (a: number, b: number) => half(a + b);`,
    );
    const body = `
      using pool = new ThreadPool({ startThread: startDenoThread });
      const mean = { module: "file://${folder}/mean.ts", export: "mean" };
      const outcome = deferToThreadPool(pool, mean, 1, 5).addErrback((error) => String(error));
      pool.start();
      console.log(await outcome);`;
    const library = ["reactor", "defer", "internal", "log"].map((name) =>
      new URL(name, root).pathname
    );
    const run = (...paths: unknown[]) => program(body, [`--allow-read=${["/none", ...paths]}`]);

    assertEquals(await run(...library, folder), { code: 0, output: "3\n", errors: "" });
    assertEquals(await run(folder), {
      code: 0,
      output: `NotCapable: Cannot start a thread: it needs --allow-read=${library} ` +
        "for the library's own files, and for the modules of the tasks with all their imports\n",
      errors: "",
    });
    const { output, errors } = await run(...library, `${folder}/mean.ts`);
    const name = `"mean" of file://${folder}/mean.ts`;
    assertStringIncludes(output, `TaskUnloadable: Cannot import the module of the task ${name}`);
    assertStringIncludes(output, `Requires read access to "${folder}/half.ts"`);
    assertEquals(errors, "");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
