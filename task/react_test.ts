/**
 * react(), on a reactor without signals under a faked time. Twisted's `test_task.py`:
 *
 * - ReactTests, where main returns a Deferred, and ReactCoroutineFunctionTests, where it is an
 *   async function, each test below for both: test_runsUntilAsyncCallback,
 *   test_runsUntilSyncCallback, test_runsUntilAsyncErrback, test_runsUntilSyncErrback,
 *   test_singleStopCallback, test_singleStopErrback, test_arguments, test_exitWithDefinedCode,
 *   test_synchronousStop, test_asynchronousStop.
 * - test_defaultReactor of both: the last test, once, as the process has one reactor and it runs
 *   once.
 */

import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Deferred } from "../defer/deferred.ts";
import { fail } from "../defer/fail.ts";
import { succeed } from "../defer/succeed.ts";
import { addObserver, type LogEvent } from "../log/mod.ts";
import { ReactorNotRestartable } from "../reactor/errors.ts";
import type { IReactor } from "../reactor/interfaces/mod.ts";
import { reactor as processReactor } from "../reactor/process_reactor.ts";
import { autoAdvance, InMemoryReactor } from "../testing/mod.ts";
import { Clock } from "./clock.ts";
import { SystemExit } from "./errors.ts";
import { react } from "./react.ts";

type Main<A extends unknown[]> = (reactor: IReactor, ...args: A) => PromiseLike<unknown>;

interface Ended {
  readonly code: number | undefined;
  /** The time for which the reactor ran, in seconds. */
  readonly seconds: number;
  readonly errors: string[];
}

/** Runs a program until it exits. */
async function run<A extends unknown[]>(main: Main<A>, args: [...A]): Promise<Ended> {
  const clock = new Clock();
  using _advancing = autoAdvance(clock);
  const events: LogEvent[] = [];
  using _observing = addObserver((event) => events.push(event), { level: "error", replay: false });
  const reactor = new InMemoryReactor(clock);
  let seconds = NaN;
  reactor.addSystemEventTrigger("after", "shutdown", () => seconds = clock.seconds());
  const codes: number[] = [];
  await react(main, args, { reactor, exit: (code) => codes.push(code) });
  assertEquals([codes.length, reactor.running], [1, false]);
  const errors = events.map(({ failure }) => failure?.message ?? "");
  return { code: codes[0], seconds, errors };
}

/** Returns a main of each of the two kinds that Twisted tests. */
function kinds<A extends unknown[]>(main: Main<A>): [string, Main<A>][] {
  return [
    ["a Deferred", main],
    ["an async function", async (reactor, ...args) => await main(reactor, ...args)],
  ];
}

/** Registers a test for each of the two kinds of main. */
function testBoth<A extends unknown[]>(
  name: string,
  main: Main<A>,
  check: (run: (...args: A) => Promise<Ended>) => Promise<void>,
): void {
  for (const [kind, each] of kinds(main)) {
    Deno.test(`${name} (${kind})`, () => check((...args) => run(each, args)));
  }
}

const passed: boolean[] = [];
testBoth("react() runs until main completes, and exits with 0", (reactor) => {
  const finished = new Deferred<void>();
  reactor.callLater(1, () => passed.push(true));
  reactor.callLater(2, () => finished.callback());
  return finished;
}, async (run) => {
  passed.length = 0;
  assertEquals(await run(), { code: 0, seconds: 2, errors: [] });
  assertEquals(passed, [true]);
});

testBoth(
  "react() exits at once if main completes at once",
  () => succeed("whatever"),
  async (run) => assertEquals(await run(), { code: 0, seconds: 0, errors: [] }),
);

testBoth("react() exits with 1 when main fails, and logs the error", (reactor) => {
  const finished = new Deferred<void>();
  reactor.callLater(1, () => finished.errback(new Error("expected")));
  return finished;
}, async (run) => assertEquals(await run(), { code: 1, seconds: 1, errors: ["expected"] }));

testBoth(
  "react() exits with 1 when main fails at once",
  () => fail(new Error("expected")),
  async (run) => assertEquals(await run(), { code: 1, seconds: 0, errors: ["expected"] }),
);

testBoth("react() does not stop a reactor that is already stopping", (reactor) => {
  const finished = new Deferred<void>();
  reactor.callLater(1, () => reactor.stop());
  reactor.addSystemEventTrigger("during", "shutdown", () => finished.callback());
  return finished;
}, async (run) => assertEquals(await run(), { code: 0, seconds: 1, errors: [] }));

testBoth("react() exits with 1 when main fails because of the shutdown", (reactor) => {
  const finished = new Deferred<void>();
  reactor.callLater(1, () => reactor.stop());
  reactor.addSystemEventTrigger("during", "shutdown", () => {
    finished.errback(new Error("expected"));
  });
  return finished;
}, async (run) => assertEquals(await run(), { code: 1, seconds: 1, errors: ["expected"] }));

const seen: unknown[] = [];
testBoth("react() passes the arguments to main", (_reactor, x: number, y: string, z: number) => {
  seen.push(x, y, z);
  return succeed();
}, async (run) => {
  seen.length = 0;
  assertEquals((await run(1, "2", 3)).code, 0);
  assertEquals(seen, [1, "2", 3]);
});

testBoth(
  "react() exits with the code of a SystemExit",
  () => fail(new SystemExit(23)),
  async (run) => assertEquals(await run(), { code: 23, seconds: 0, errors: [] }),
);

testBoth("react() exits with 0 if main completes right after reactor.stop()", (reactor) => {
  const finished = new Deferred<void>();
  reactor.callWhenRunning(() => {
    reactor.stop();
    finished.callback();
  });
  return finished;
}, async (run) => assertEquals(await run(), { code: 0, seconds: 0, errors: [] }));

testBoth("react() does not wait for main after reactor.stop()", (reactor) => {
  reactor.callLater(1, () => reactor.stop());
  return new Deferred();
}, async (run) => assertEquals(await run(), { code: 0, seconds: 1, errors: [] }));

Deno.test("react() waits for a 'before shutdown' trigger", async () => {
  const main: Main<[]> = (reactor) => {
    reactor.addSystemEventTrigger("before", "shutdown", () => {
      const closed = new Deferred<void>();
      reactor.callLater(2, () => closed.callback());
      return closed;
    });
    return succeed();
  };
  assertEquals(await run(main, []), { code: 0, seconds: 2, errors: [] });
});

Deno.test("react() treats an error that main throws at once as its failure", async () => {
  const main: Main<[]> = () => {
    throw new Error("expected");
  };
  assertEquals(await run(main, []), { code: 1, seconds: 0, errors: ["expected"] });
});

Deno.test("react() exits with 1 if main does not return a Deferred or promise", async () => {
  // @ts-expect-error: the types reject the argument, and so does the code.
  const { code, errors } = await run(() => 4, []);
  assertEquals(code, 1);
  assertStringIncludes(errors.join(), "a Deferred or promise, got 4");
});

Deno.test("react() rejects, and does not exit, if the reactor cannot run", async () => {
  const clock = new Clock();
  const reactor = new InMemoryReactor(clock);
  const stopped = reactor.run();
  reactor.stop();
  clock.advance(0);
  await stopped;
  const exited: number[] = [];
  const options = { reactor, exit: (code: number) => exited.push(code) };
  await assertRejects(() => react(() => succeed(), [], options), ReactorNotRestartable);
  assertEquals(exited, []);
});

Deno.test("SystemExit accepts an exit status from 0 to 255", () => {
  assertEquals([new SystemExit().code, new SystemExit(255).code], [0, 255]);
  assertEquals(String(new SystemExit(2)), "SystemExit: The program ends with status 2");
  for (const code of [-1, 256, 0.5, NaN]) assertThrows(() => new SystemExit(code), RangeError);
});

Deno.test("react() exits the process with the program's exit code, and prints its error", async () => {
  const program = (main: string): string => `
    import { deferLater } from "${import.meta.resolve("./defer_later.ts")}";
    import { react } from "${import.meta.resolve("./react.ts")}";
    import { SystemExit } from "${import.meta.resolve("./errors.ts")}";
    import { DenoReactor } from "${import.meta.resolve("../reactor/drivers/deno/reactor.ts")}";
    setInterval(() => {}, 1000); // holds the process, but not past main's end
    await react(async (reactor) => { ${main} }, [], { reactor: new DenoReactor() });
  `;
  const ends = [
    "",
    "await deferLater(reactor, 0); throw new SystemExit(3)",
    "throw new Error('no')",
  ];
  const results = await Promise.all(ends.map(async (main) => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", `data:text/typescript,${encodeURIComponent(program(main))}`],
      stdin: "null",
      env: { NO_COLOR: "1" },
    }).output();
    return { code, errors: new TextDecoder().decode(stderr) };
  }));
  assertEquals(results.map(({ code }) => code), [0, 3, 1]);
  assertEquals([results[0]?.errors, results[1]?.errors], ["", ""]);
  assertStringIncludes(results[2]?.errors ?? "", "The main function of react() failed");
  assertStringIncludes(results[2]?.errors ?? "", "Error: no");
});

Deno.test("react() runs the process's reactor by default", async () => {
  const codes: number[] = [];
  let given: unknown;
  const main = (reactor: unknown, name: string): Promise<void> => {
    given = reactor;
    assertEquals(name, "Ada");
    return Promise.resolve();
  };
  await react(main, ["Ada"], { exit: (code) => codes.push(code) });
  assertStrictEquals(given, processReactor);
  assertEquals(codes, [0]);
});
