import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Deferred, fail, getDebugging, setDebugging, succeed } from "../defer/mod.ts";
import { err, error as logError } from "../log/mod.ts";
import { ClientService, connectProtocol, TCP4ClientEndpoint } from "../endpoints/mod.ts";
import { ClientFactory, DatagramProtocol, Factory, Protocol } from "../protocol/mod.ts";
import { DenoReactor, type IInternetAddress, type IListeningPort } from "../reactor/mod.ts";
import { Clock, deferLater, LoopingCall } from "../task/mod.ts";
import { creationTracker } from "../internal/creation_tracker.ts";
import { recording } from "../defer/debug.ts";
import {
  checkClean,
  connectedServerAndClient,
  flushLoggedErrors,
  InMemoryReactor,
  ManualEndpoint,
  MemoryEndpoints,
  MemoryReactorClock,
  runningReactor,
  TestPeer,
  UncleanTest,
} from "./mod.ts";

/** Runs the function of a test, and returns the error that it fails with. */
async function uncleanEnd(fn: () => unknown): Promise<UncleanTest> {
  return await assertRejects(() => checkClean(fn)(), UncleanTest);
}

/** Checks that a test fails with one problem, which is made in a function called `made`. */
async function assertLeaves(fn: () => unknown, what: RegExp): Promise<void> {
  const { message, left, logged } = await uncleanEnd(fn);
  assertEquals([left.length, logged.length], [1, 0], message);
  const [description = "", where = ""] = left[0]?.split("\n") ?? [];
  assertMatch(description, what);
  assertMatch(where, /^ {4}at made \(.*\/check_clean_test\.ts:\d+:\d+\)$/);
  assertStringIncludes(message, description);
}

Deno.test("checkClean() passes a test that leaves nothing, with its arguments and this", async () => {
  const received: unknown[] = [];
  const test = {
    name: "suite",
    run: checkClean(function (this: { name: string }, ...args: [number, string]): void {
      received.push(this.name, ...args);
    }),
  };
  assertEquals(await test.run(1, "two"), undefined);
  assertEquals(received, ["suite", 1, "two"]);
});

Deno.test("checkClean() awaits promises and Deferreds, and fails with their errors", async () => {
  const clock = new Clock();
  const deferred = new Deferred<void>();
  clock.callLater(1, () => deferred.callback());
  const running = checkClean(() => deferred)();
  clock.advance(1);
  await running;
  await assertRejects(() => checkClean(() => fail(new RangeError("failed")))(), RangeError);
  await assertRejects(() => checkClean(() => Promise.reject(new RangeError()))(), RangeError);
});

Deno.test("checkClean() fails with the error that the test throws, and no other", async () => {
  const error = await assertRejects(() =>
    checkClean(() => {
      new Clock().callLater(1, () => {});
      throw new RangeError("thrown");
    })(), RangeError);
  assertEquals(error.message, "thrown");
});

Deno.test("checkClean() fails if a timed call of a Clock is pending", async () => {
  const made = () => new Clock().callLater(4, function ring(): void {});
  await assertLeaves(() => void made(), /^DelayedCall\(ring in 4\.000 s\) is pending, made at:$/);
});

Deno.test("checkClean() ignores timed calls that were made, cancelled, or made before the test", async () => {
  const clock = new Clock();
  clock.callLater(5, () => {});
  await checkClean(() => {
    clock.callLater(1, () => {});
    clock.callLater(2, () => {}).cancel();
    clock.advance(1);
  })();
});

Deno.test("checkClean() names the place of a timed call that has been postponed or moved earlier", async () => {
  for (const seconds of [1, 9]) {
    const made = () => new Clock().callLater(4, () => {}).reset(seconds);
    await assertLeaves(made, new RegExp(`in ${seconds}\\.000 s\\) is pending`));
  }
});

Deno.test("checkClean() fails if a LoopingCall is left running on a reactor", async () => {
  const reactor = new DenoReactor();
  const { left } = await uncleanEnd(() => {
    const loop = new LoopingCall(() => {});
    loop.start(60, { clock: reactor }).addErrback(() => {});
  });
  assertEquals(left.length, 1);
  assertMatch(left[0] ?? "", /^DelayedCall\(.* is pending, made at:\n {4}at .*check_clean_test/);
});

Deno.test("checkClean() names the library's own timed calls", async () => {
  const endpoint = new ManualEndpoint();
  const reactor = new MemoryReactorClock();
  const made: readonly [name: string, make: () => void][] = [
    ["retryClientService", () => {
      const factory = Factory.forProtocol(Protocol);
      const service = new ClientService(endpoint, factory, { clock: reactor });
      service.startService();
      endpoint.attempt().fail();
    }],
    ["makeLoopingCall", () => {
      new LoopingCall(() => {}).start(60, { clock: reactor }).addErrback(() => {});
    }],
    ["fireDeferLater", () => void deferLater(reactor, 5)],
    ["timeOutDeferred", () => void new Deferred<void>().addTimeout(5, reactor)],
  ];
  for (const [name, make] of made) {
    const { left } = await uncleanEnd(make);
    assertMatch(left[0] ?? "", new RegExp(`^DelayedCall\\(${name} in .* made at:\n`));
  }
});

Deno.test("checkClean() fails if a port is open", async () => {
  await using reactor = runningReactor();
  const made = () => {
    reactor.listenTCP(0, new Factory(), { interface: "127.0.0.1" });
  };
  await assertLeaves(made, /^Factory on 127\.0\.0\.1:\d+ is open, made at:$/);
});

Deno.test("checkClean() fails if a UDP port is open", async () => {
  await using reactor = runningReactor();
  const made = () => {
    reactor.listenUDP(0, new DatagramProtocol(), { interface: "127.0.0.1" });
  };
  await assertLeaves(made, /^DatagramProtocol on \d+ is open, made at:$/);
});

Deno.test("checkClean() fails if a connection is open, with the place of connect() or listen()", async () => {
  await using reactor = runningReactor();
  const { left, message } = await uncleanEnd(async () => {
    const factory = Factory.forProtocol(Protocol);
    await using port = (function listening(): IListeningPort<IInternetAddress> {
      return reactor.listenTCP(0, factory, { interface: "127.0.0.1" });
    })();
    const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port);
    await (function connecting(): Deferred<Protocol> {
      return connectProtocol(endpoint, new Protocol());
    })();
  });
  assertEquals(left.length, 2, message);
  const places = left.toSorted().map((text) =>
    text.replace(/:\d+ is open/, " is open").split("\n")
  );
  assertEquals(places.map(([description]) => description), [
    "connection from 127.0.0.1 is open, made at:",
    "connection to 127.0.0.1 is open, made at:",
  ]);
  assertMatch(places[0]?.[1] ?? "", /at listening \(/);
  assertMatch(places[1]?.[1] ?? "", /at connecting \(/);
});

Deno.test("checkClean() fails if an attempt to connect is pending", async () => {
  using endpoints = new MemoryEndpoints();
  endpoints.answer = "never";
  const { left } = await uncleanEnd(function made(): void {
    connectProtocol(endpoints.client, new Protocol()).addErrback(() => {});
  });
  assertEquals(left.map((text) => text.split("\n")[0]?.replace(/\(.*\)/, "(…)")), [
    "attempt to connect to 192.0.2.1:2000 is open, made at:",
    "DelayedCall(…) is pending, made at:",
  ]);
  for (const text of left) assertMatch(text, /:\n {4}at (Object\.)?made \(/);
});

Deno.test("checkClean() fails if a connected pair is open, and passes if using closes it", async () => {
  await checkClean(() => {
    using _pair = connectedServerAndClient(Protocol, TestPeer, {
      serverOptions: { idleTimeout: 60 },
    });
  })();
  let pair: Disposable | undefined;
  const { left } = await uncleanEnd(function made(): void {
    pair = connectedServerAndClient(Protocol, TestPeer);
  });
  pair?.[Symbol.dispose]();
  assertEquals(left.map((text) => text.split("\n")[0]), [
    "connection from 192.0.2.2:2222 is open, made at:",
    "connection to 192.0.2.1:1111 is open, made at:",
  ]);
  for (const text of left) assertMatch(text, /:\n {4}at (Object\.)?made \(/);
});

Deno.test("checkClean() fails if a reactor is running", async () => {
  let reactor: DenoReactor | undefined;
  let running: Promise<void> | undefined;
  const made = () => {
    reactor = new DenoReactor();
    running = reactor.run({ installSignalHandlers: false });
  };
  await assertLeaves(made, /^DenoReactor is running, started at:$/);
  reactor?.stop();
  await running;
});

Deno.test("checkClean() passes a test that has stopped its reactor", async () => {
  await checkClean(async () => {
    await using reactor = runningReactor();
    const factory = Factory.forProtocol(Protocol);
    const port = reactor.listenTCP(0, factory, { interface: "127.0.0.1" });
    const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port);
    await connectProtocol(endpoint, new Protocol());
  })();
});

Deno.test("checkClean() passes a test that leaves what a MemoryReactor has only recorded", async () => {
  await checkClean(() => {
    const reactor = new MemoryReactorClock();
    reactor.listenTCP(1, Factory.forProtocol(Protocol));
    reactor.connectTCP("192.0.2.1", 1, ClientFactory.forProtocol(Protocol));
    assertEquals([reactor.tcpServers.length, reactor.tcpClients.length], [1, 1]);
  })();
});

Deno.test("checkClean() checks an InMemoryReactor, and its clock", async () => {
  const serve = (clock: Clock): InMemoryReactor => {
    const reactor = new InMemoryReactor(clock);
    reactor.run();
    reactor.listenTCP(80, Factory.forProtocol(Protocol));
    const endpoint = new TCP4ClientEndpoint(reactor, "127.0.0.1", 80);
    connectProtocol(endpoint, new Protocol()).addErrback(() => {});
    clock.advance(0);
    return reactor;
  };
  await checkClean(() => {
    const clock = new Clock();
    serve(clock).stop();
    clock.advance(0);
  })();
  const clock = new Clock();
  let reactor: InMemoryReactor | undefined;
  const { left } = await uncleanEnd(() => {
    reactor = serve(clock);
    reactor.callLater(5, function ring(): void {});
  });
  reactor?.stop();
  clock.advance(0);
  const texts = left.map((text) => text.split("\n")[0]?.replace(/:\d{5}/, "")).toSorted();
  assertEquals(texts, [
    "DelayedCall(ring in 5.000 s) is pending, made at:",
    "DelayedCall(wakeReactor in 5.000 s) is pending, made at:",
    "Factory on 0.0.0.0:80 is open, made at:",
    "InMemoryReactor is running, started at:",
    "connection from 127.0.0.1 is open, made at:",
    "connection to 127.0.0.1:80 is open, made at:",
  ]);
  for (const text of left) assertMatch(text, /:\n {4}at .*check_clean_test\.ts:/);
});

Deno.test("checkClean() waits until resources that are closing have closed", async () => {
  await using reactor = runningReactor();
  await checkClean(() => {
    const port = reactor.listenTCP(0, new Factory(), { interface: "127.0.0.1" });
    port.stopListening();
  })();
});

Deno.test("checkClean() fails if no errback has handled the failure of a Deferred", async () => {
  const { left, logged } = await uncleanEnd(function made(): void {
    fail(new RangeError("unhandled"));
  });
  assertEquals([left.length, logged.length], [0, 1]);
  assertMatch(
    logged[0] ?? "",
    /^Unhandled error in Deferred\n {2}made:\n[^]*at (Object\.)?made \(/,
  );
  assertStringIncludes(logged[0] ?? "", "RangeError: unhandled");
});

Deno.test("checkClean() lets a later turn handle the failure of a Deferred", async () => {
  await checkClean(async () => {
    const deferred = fail<void>(new RangeError("handled"));
    await new Promise((resolve) => setTimeout(resolve, 2));
    await assertRejects(() => deferred, RangeError);
  })();
});

Deno.test("checkClean() ignores failures of Deferreds from before the test", async () => {
  const logged = await uncleanEnd(async () => {
    fail(new RangeError("outer"));
    await checkClean(() => {})();
  });
  assertEquals(logged.logged.length, 1);
});

Deno.test("checkClean() fails if errors were logged that the test has not flushed", async () => {
  const { logged, message } = await uncleanEnd(() => {
    err(new RangeError("flushed"));
    assertEquals(flushLoggedErrors(RangeError).length, 1);
    err(new TypeError("unexpected"), "Error while testing");
    logError("An error without an Error");
  });
  assertMatch(logged[0] ?? "", /^Error while testing\n[^]*TypeError: unexpected\n {4}at /);
  assertEquals([logged.length, logged[1]], [2, "An error without an Error"]);
  assertStringIncludes(message, "An unexpected error was logged: Error while testing");
});

Deno.test("checkClean() reports the logged errors of a test that fails, beside its error", async () => {
  const thrown = new RangeError("thrown");
  const error = await assertRejects(() =>
    checkClean(() => {
      err(new TypeError("logged"));
      throw thrown;
    })(), AggregateError);
  assertEquals(error.errors[0], thrown);
  assert(error.errors[1] instanceof UncleanTest);
});

Deno.test("checkClean() reports the error of a protocol that a connection has logged", async () => {
  const { logged } = await uncleanEnd(() => {
    class Failing extends Protocol {
      override dataReceived(): void {
        throw new RangeError("failing");
      }
    }
    using pair = connectedServerAndClient(Failing, TestPeer);
    pair.client.send("x");
    pair.pump.flush();
    assertEquals(pair.serverReason?.name, "RangeError");
  });
  assertMatch(logged.join(), /RangeError: failing\n {4}at Failing\.dataReceived/);
});

Deno.test("checkClean() checks an inner test by itself", async () => {
  let inner: UncleanTest | undefined;
  const made = () => new Clock().callLater(1, () => {});
  const { left } = await uncleanEnd(async () => {
    inner = await uncleanEnd(() => void made());
    made();
  });
  assertEquals([inner?.left.length, left.length], [1, 1]);
});

Deno.test("checkClean() records nothing outside of a test, and keeps the debugging mode", async () => {
  const frames = Error.stackTraceLimit;
  for (const on of [true, false]) {
    setDebugging(on);
    await checkClean(() => {
      assert(recording && creationTracker !== null);
      assertEquals(getDebugging(), on);
    })();
    assertEquals([recording, creationTracker, Error.stackTraceLimit], [on, null, frames]);
  }
});

Deno.test("checkClean() refuses a test that is not a function", () => {
  // @ts-expect-error: the test of a wrong argument
  const error = assertThrowsType(() => checkClean(succeed()));
  assertStringIncludes(error.message, "checkClean() fn must be a function");
});

function assertThrowsType(f: () => unknown): TypeError {
  try {
    f();
  } catch (error) {
    assert(error instanceof TypeError);
    return error;
  }
  throw new Error("Nothing was thrown");
}
