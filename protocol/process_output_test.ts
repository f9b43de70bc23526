// Twisted's `test/test_iutils.py`, `ProcessUtilsTests`. `test_getProcess…DefaultPath` uses a folder
// that the process may not read, which root may; that the default `path` is this process's folder
// is tested in `testing/conformance/process_starting.ts`. The tests of `suppressWarnings`
// (`SuppressWarningsTests`, `DeferredSuppressedWarningsTests`) do not apply: there are no warnings.

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { CancelledError, type Deferred } from "../defer/mod.ts";
import {
  isThere,
  processTest,
  temporaryFolder,
  WatchedReactor,
} from "../testing/fixtures/process_fixture.ts";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import { ProcessDone, ProcessTerminated, SpawnError } from "../reactor/errors.ts";
import { MemoryReactor } from "../testing/mod.ts";
import {
  getProcessOutput,
  getProcessOutputAndValue,
  getProcessValue,
  ProcessOutputExceeded,
  ProcessOutputTerminated,
  type RunProcessOptions,
  UnexpectedErrorOutput,
} from "./mod.ts";

const test = processTest("running a program", () => new DenoReactor());
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Arguments that run a shell script. */
function script(source: string, options: RunProcessOptions = {}): RunProcessOptions {
  return { args: ["-c", source], env: { PATH: "/usr/local/bin:/usr/bin:/bin" }, ...options };
}

Deno.test(
  test("getProcessOutput() returns the standard output for any exit code", async (fixture) => {
    fixture.run();
    const output = await getProcessOutput(
      fixture.reactor,
      "/bin/sh",
      script("echo hello; echo world; exit 1"),
    );
    assertEquals(text(output), "hello\nworld\n");
  }),
);

Deno.test(test("getProcessOutput() fails at the first byte on standard error", async (fixture) => {
  fixture.run();
  const { reactor } = fixture;
  const error = await assertRejects(
    () => getProcessOutput(reactor, "/bin/sh", script("echo hello world >&2")),
    UnexpectedErrorOutput,
    "wrote to standard error: hello world",
  );
  assertEquals(text(error.data), "hello world\n");
  assertInstanceOf(await error.processEnded, ProcessDone);
}));

Deno.test(
  test("getProcessOutput({ errortoo }) returns standard error with the output", async (fixture) => {
    fixture.run();
    const options = { ...script("printf foo; printf foo >&2"), errortoo: true };
    assertEquals(text(await getProcessOutput(fixture.reactor, "/bin/sh", options)), "foofoo");
  }),
);

Deno.test(
  test("getProcessValue() returns the exit code, or fails with the signal", async (fixture) => {
    fixture.run();
    const { reactor } = fixture;
    assertEquals(await getProcessValue(reactor, "/bin/sh", script("exit 0")), 0);
    assertEquals(
      await getProcessValue(reactor, "/bin/sh", script("echo out; echo err >&2; exit 7")),
      7,
    );
    const error = await assertRejects(
      () => getProcessValue(reactor, "/bin/sh", script("kill -TERM $$")),
      ProcessTerminated,
    );
    assertEquals([error.signal, error.exitCode], ["SIGTERM", null]);
  }),
);

Deno.test(
  test("getProcessOutputAndValue() returns standard output, standard error and exit code", async (fixture) => {
    fixture.run();
    const [out, err, code] = await getProcessOutputAndValue(
      fixture.reactor,
      "/bin/sh",
      script("echo 'hello world!'; echo 'goodbye world!' >&2; exit 1"),
    );
    assertEquals([text(out), text(err), code], ["hello world!\n", "goodbye world!\n", 1]);
  }),
);

Deno.test(
  test("getProcessOutputAndValue() fails with the output if a signal ends the program", async (fixture) => {
    fixture.run();
    const error = await assertRejects(
      () =>
        getProcessOutputAndValue(
          fixture.reactor,
          "/bin/sh",
          script("echo 'stdout bytes'; echo 'stderr bytes' >&2; kill -KILL $$"),
        ),
      ProcessOutputTerminated,
      "was terminated by SIGKILL",
    );
    assertEquals([text(error.out), text(error.err), error.signal, error.status], [
      "stdout bytes\n",
      "stderr bytes\n",
      "SIGKILL",
      137,
    ]);
  }),
);

Deno.test(
  test("getProcessOutput({ stdinBytes }) is standard input, which is empty by default", async (fixture) => {
    fixture.run();
    const { reactor } = fixture;
    const stdinBytes = "These are the bytes to see.";
    const [out] = await getProcessOutputAndValue(reactor, "cat", { stdinBytes });
    assertEquals(text(out), stdinBytes);
    assertEquals(
      text(await getProcessOutput(reactor, "cat", { stdinBytes: new Uint8Array([65]) })),
      "A",
    );
    assertEquals(text(await getProcessOutput(reactor, "cat")), "");
    assertEquals(await getProcessValue(reactor, "grep", { args: ["x"], stdinBytes: "x" }), 0);
    assertEquals(await getProcessValue(reactor, "grep", { args: ["x"] }), 1);
  }),
);

Deno.test(
  test("getProcessOutput({ path }) is the working directory of the program", async (fixture) => {
    fixture.run();
    const { reactor } = fixture;
    const path = temporaryFolder(fixture);
    assertEquals(
      text(await getProcessOutput(reactor, "/bin/sh", script("pwd", { path }))),
      `${path}\n`,
    );
    const [out] = await getProcessOutputAndValue(reactor, "/bin/sh", script("pwd", { path }));
    assertEquals(text(out), `${path}\n`);
    const here = script('test "$(pwd)" = "$0"', { path });
    const args = [...here.args ?? [], path];
    assertEquals(await getProcessValue(reactor, "/bin/sh", { ...here, args }), 0);
  }),
);

Deno.test(
  test("getProcessOutput() that is cancelled kills the program, and closes its pipes", async (fixture) => {
    fixture.run();
    const path = temporaryFolder(fixture);
    // Each process writes its number to a named pipe, and then reads from a pipe that stays silent.
    const waiting = script("echo $$ >number; read line <never", { path });
    const { reactor } = fixture;
    assertEquals(await getProcessValue(reactor, "mkfifo", { args: ["number", "never"], path }), 0);
    for (const run of [getProcessOutput, getProcessOutputAndValue, getProcessValue]) {
      const watched = new WatchedReactor(reactor);
      const running: Deferred<unknown> = run(watched, "/bin/sh", waiting);
      const pid = Number(await Deno.readTextFile(`${path}/number`));
      assert(isThere(pid));
      running.cancel();
      await assertRejects(() => running, CancelledError);
      assertEquals((await watched.ended).message.endsWith("by SIGKILL"), true);
      assert(!isThere(pid));
    }
  }),
);

Deno.test(
  test("getProcessOutput() kills a program that writes more than maxBytes", async (fixture) => {
    fixture.run();
    const watched = new WatchedReactor(fixture.reactor);
    const error = await assertRejects(
      () => getProcessOutput(watched, "yes", { maxBytes: 1_000_000 }),
      ProcessOutputExceeded,
      "more than 1000000 bytes",
    );
    assertEquals(error.limit, 1_000_000);
    await watched.ended;
    const exact = { ...script("printf 12345"), maxBytes: 5 };
    assertEquals(text(await getProcessOutput(fixture.reactor, "/bin/sh", exact)), "12345");
    assertEquals((await getProcessOutputAndValue(fixture.reactor, "/bin/sh", exact)).length, 3);
  }),
);

Deno.test(
  test("getProcessOutput() fails for a program that cannot be started, and for invalid options", async (fixture) => {
    fixture.run();
    const { reactor } = fixture;
    for (const run of [getProcessOutput, getProcessOutputAndValue, getProcessValue]) {
      const error = await assertRejects(() => run(reactor, "/nonexistent"), SpawnError);
      assertEquals(error.code, "ENOENT");
    }
    await assertRejects(
      () => getProcessOutput(reactor, "cat", { maxBytes: -1 }),
      RangeError,
      "maxBytes",
    );
  }),
);

Deno.test("getProcessOutput() passes its options to spawnProcess(), with an empty default env", () => {
  const reactor = new MemoryReactor();
  const options = { args: ["a"], env: null, path: "/", uid: 1, gid: 2 };
  for (const run of [getProcessOutput, getProcessOutputAndValue, getProcessValue]) {
    run(reactor, "program");
    run(reactor, "program", { ...options, stdinBytes: "x" });
  }
  const both = { 1: "r", 2: "r" } as const;
  assertEquals(
    reactor.processes.map((process) => process.options),
    [both, both, {}].flatMap((outputs) => [
      { args: [], env: {}, childFDs: outputs },
      { ...options, childFDs: { 0: "w" as const, ...outputs } },
    ]),
  );
});
