/**
 * The guard of a simulation: each function that leaves the virtual time is reported.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { runSimulation } from "./simulate.ts";
import { useVirtualGlobals } from "./virtual_globals.ts";

/** Calls that leave the virtual time, by the name in the report. */
const CALLS: Record<string, () => unknown> = {
  "setTimeout()": () => setTimeout(() => {}, 1),
  "setInterval()": () => setInterval(() => {}, 1),
  "setImmediate()": () => setImmediate(() => {}),
  "fetch()": () => fetch("http://127.0.0.1:1/"),
  "new WebSocket()": () => new WebSocket("ws://127.0.0.1:1/"),
  "new EventSource()": () => new EventSource("http://127.0.0.1:1/"),
  "new BroadcastChannel()": () => new BroadcastChannel("x"),
  "new MessageChannel()": () => new MessageChannel(),
  "new Worker()": () => new Worker("data:text/javascript,", { type: "module" }),
  "AbortSignal.timeout()": () => AbortSignal.timeout(1),
  "Atomics.wait()": () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1),
  "Atomics.waitAsync()": () => Atomics.waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 1),
  "crypto.getRandomValues()": () => crypto.getRandomValues(new Uint8Array(1)),
  "crypto.randomUUID()": () => crypto.randomUUID(),
  "crypto.subtle.digest()": () => crypto.subtle.digest("SHA-256", new Uint8Array(1)),
  "WebAssembly.compile()": () => WebAssembly.compile(new Uint8Array(8)),
  "Temporal.Now.instant()": () => Temporal.Now.instant(),
  "process.hrtime()": () => globalThis.process.hrtime(),
  "process.hrtime.bigint()": () => globalThis.process.hrtime.bigint(),
  "Deno.connect()": () => Deno.connect({ port: 1 }),
  "Deno.listen()": () => Deno.listen({ port: 0 }),
  "Deno.serve()": () => Deno.serve(() => new Response()),
  "Deno.resolveDns()": () => Deno.resolveDns("localhost", "A"),
  "Deno.addSignalListener()": () => Deno.addSignalListener("SIGUSR1", () => {}),
  "new Deno.Command()": () => new Deno.Command("true"),
  "Deno.readTextFile()": () => Deno.readTextFile("/dev/null"),
  "Deno.open()": () => Deno.open("/dev/null"),
  "Deno.stat()": () => Deno.stat("/"),
  "Deno.readTextFileSync()": () => Deno.readTextFileSync("/dev/null"),
  "Deno.makeTempDirSync()": () => Deno.makeTempDirSync(),
  "Deno.statSync()": () => Deno.statSync("/"),
  "Deno.loadavg()": () => Deno.loadavg(),
  "Deno.memoryUsage()": () => Deno.memoryUsage(),
  "performance.mark()": () => performance.mark("x"),
  "performance.timeOrigin": () => performance.timeOrigin,
  "format() of Intl.DateTimeFormat without a date": () => new Intl.DateTimeFormat("en").format(),
  "formatToParts() of Intl.DateTimeFormat without a date": () =>
    new Intl.DateTimeFormat("en").formatToParts(),
  "Math.random()": () => Math.random(),
  "performance.now()": () => performance.now(),
  "the current time of Date": () => Date.now(),
};

/** The functions of the host, by the same names. */
function currentFunctions(): unknown[] {
  return [
    ...[setTimeout, setInterval, setImmediate, fetch, WebSocket, Worker, Math.random, Date],
    ...[AbortSignal.timeout, Atomics.wait, crypto.getRandomValues, crypto.subtle.digest],
    ...[Deno.connect, Deno.Command, Deno.open, performance.now, Date.prototype.constructor],
    ...[globalThis.process.hrtime, globalThis.process.hrtime.bigint, Temporal.Now.instant],
  ];
}

for (const [api, call] of Object.entries(CALLS)) {
  Deno.test(`useVirtualGlobals() reports ${api} with the place of the call`, async () => {
    const before = currentFunctions();
    const { violation } = await runSimulation(1, async (network) => {
      network.addHost("alice");
      await network.sleep(1);
      call();
    });
    assert(violation !== null);
    assertEquals(violation.kind, "left virtual time");
    const start = `${api} leaves the virtual time: use `;
    assert(violation.message.startsWith(start), violation.message);
    assertMatch(violation.message, /\(called at .*virtual_globals_test\.ts:\d+:\d+\)?\)$/);
    assertEquals(violation.time, 1);
    assert(currentFunctions().every((each, index) => each === before[index]));
  });
}

Deno.test("useVirtualGlobals() returns virtual values of Date.now(), Math.random() and performance", () => {
  const reports: string[] = [];
  {
    using _globals = useVirtualGlobals({
      report: (api) => void reports.push(api),
      now: () => 86_400_000,
      random: () => 0.25,
    });
    assertEquals([Date.now(), Math.random(), performance.now()], [86_400_000, 0.25, 86_400_000]);
    assertEquals(new Date().toISOString(), "1970-01-02T00:00:00.000Z");
    assertEquals(Date().slice(0, 15), "Fri Jan 02 1970");
  }
  assertEquals(reports.length, 5);
});

Deno.test("useVirtualGlobals() leaves everything else of Date as it is", () => {
  using _globals = useVirtualGlobals({
    report: (api) => {
      throw new Error(`reported ${api}`);
    },
    now: () => 0,
    random: () => 0,
  });
  const date = new Date(2020, 0, 31);
  class OwnDate extends Date {}
  assert(date instanceof Date && date.constructor === Date && new OwnDate(5) instanceof OwnDate);
  assertEquals([date.getMonth(), Date.UTC(1970, 0, 1), Date.parse("1970-01-01")], [0, 0, 0]);
  assertEquals(structuredClone(date).getTime(), date.getTime());
  assertEquals([WebSocket.OPEN, Temporal.PlainDate.from("2020-01-31").month], [1, 1]);
});

Deno.test("useVirtualGlobals() functions that were kept work after the simulation", () => {
  const kept = (() => {
    using _globals = useVirtualGlobals({ report: () => {}, now: () => 0, random: () => 0.5 });
    return { setTimeout, Date, random: Math.random, now: performance.now, uuid: crypto.randomUUID };
  })();
  clearTimeout(kept.setTimeout(() => {}, 1000));
  assert(Math.abs(kept.Date.now() - Date.now()) < 60_000);
  assert(kept.random() !== 0.5 && kept.now.call(performance) > 0);
  assertEquals(kept.uuid.call(crypto).length, 36);
});

Deno.test("useVirtualGlobals() functions throw an error that names what to use", () => {
  using _globals = useVirtualGlobals({ report: () => {}, now: () => 0, random: () => 0 });
  assertThrows(
    () => setTimeout(() => {}, 1),
    Error,
    "Cannot use setTimeout() in a simulation: use callLater() of the host's reactor",
  );
});

Deno.test("useVirtualGlobals() restores a global that the program has replaced meanwhile", () => {
  const genuine = Math.random;
  {
    using _globals = useVirtualGlobals({ report: () => {}, now: () => 0, random: () => 0 });
    Math.random = () => 7;
  }
  assertEquals(Math.random, genuine);
});

Deno.test("useVirtualGlobals() restores the functions that it has found, at each use", () => {
  const use = () => {
    using _globals = useVirtualGlobals({ report: () => {}, now: () => 0, random: () => 0.5 });
    assertEquals(Math.random(), 0.5);
    assertThrows(() => setTimeout(() => {}, 1), Error, "Cannot use setTimeout()");
  };
  const genuine = { random: Math.random, setTimeout, Date };
  const { setTimeout: timer, Date: date, Math: { random } } = globalThis;
  use();
  for (const fake of [() => 1, () => 2]) {
    class FakeDate extends Date {}
    // The stubs are never called.
    Object.assign(globalThis, { setTimeout: fake, Date: FakeDate });
    Math.random = fake;
    use();
    const found: unknown[] = [Math.random, setTimeout, Date];
    Object.assign(globalThis, { setTimeout: timer, Date: date });
    Math.random = random;
    assert(found.every((each, index) => each === [fake, fake, FakeDate][index]));
  }
  use();
  assertEquals([Math.random, setTimeout, Date], [genuine.random, genuine.setTimeout, genuine.Date]);
});

Deno.test("useVirtualGlobals() lets Intl.DateTimeFormat format a date that the program has", () => {
  using _globals = useVirtualGlobals({
    report: (api) => {
      throw new Error(`reported ${api}`);
    },
    now: () => 0,
    random: () => 0,
  });
  const format = new Intl.DateTimeFormat("en", { dateStyle: "short", timeZone: "UTC" });
  assertEquals(format.format(86_400_000), "1/2/70");
  assertEquals(format.formatToParts(0).length, 5);
});
