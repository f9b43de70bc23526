/**
 * Runs of simulations: determinism, violations, isolation from the process, and repetition.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Deferred, fail } from "../../defer/mod.ts";
import { addObserver, err, type LogEvent, msg } from "../../log/mod.ts";
import { Factory, Protocol } from "../../protocol/mod.ts";
import { Clock, LoopingCall } from "../../task/mod.ts";
import { checkClean, UncleanTest } from "../check_clean.ts";
import { hostileValues } from "../fixtures/hostile_values.ts";
import { tracedChat as chat } from "../fixtures/traced_chat.ts";
import { explore } from "./explore.ts";
import type { FaultRates } from "./faults.ts";
import {
  runSimulation,
  type Scenario,
  simulate,
  SimulationFailure,
  type SimulationOptions,
  type SimulationResult,
} from "./simulate.ts";

const NO_FAULTS: SimulationOptions = { faults: {} };

/** Runs a scenario, and returns its violation as `kind: message`, or `"none"`. */
async function violationOf(scenario: Scenario, options = NO_FAULTS): Promise<string> {
  const { violation } = await runSimulation(1, scenario, options);
  return violation === null ? "none" : `${violation.kind}: ${violation.message}`;
}

Deno.test("simulate() gives the same trace to the byte for the same seed, and others for others", async () => {
  const traces = new Map<string, string>();
  for (const seed of [1, 2, "x", 1, 2, "x"]) {
    const { trace } = await simulate(seed, chat, { trace: true });
    const text = String(trace);
    assert(text.length > 20_000, String(text.length));
    assertEquals(traces.get(String(seed)) ?? text, text);
    traces.set(String(seed), text);
  }
  assertEquals(new Set(traces.values()).size, 3);
});

Deno.test("simulate() gives the same events with a trace and without one", async () => {
  const plain = await simulate(3, chat);
  const traced = await simulate(3, chat, { trace: true });
  assertEquals([plain.eventCount, plain.faults], [traced.eventCount, traced.faults]);
  assertEquals(plain.trace.entries, []);
});

Deno.test("simulate() gives the same trace in a fresh process, without JIT and with other memory", async () => {
  const program = `
    import { digestOfTrace } from ${
    JSON.stringify(import.meta.resolve("../fixtures/traced_chat.ts"))
  };
    console.log(await digestOfTrace(5));`;
  const run = async (flags: string): Promise<string> => {
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        `--v8-flags=${flags}`,
        `data:text/javascript,${encodeURIComponent(program)}`,
      ],
      cwd: new URL("../../", import.meta.url),
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  };
  const [fast, slow] = await Promise.all([
    run("--max-lazy"),
    run("--jitless,--max-semi-space-size=1"),
  ]);
  assertMatch(fast, /^[0-9a-f]{64}\n$/);
  assertEquals(slow, fast);
});

Deno.test("simulate() with the faults of a run as its script takes the same course", async () => {
  for (const seed of [1, 2, 3]) {
    const drawn = await simulate(seed, chat, { trace: true });
    const script = drawn.faults;
    const scripted = await simulate(seed, chat, { trace: true, script });
    assert(drawn.faults.length > 20);
    assertEquals(scripted.faults, drawn.faults);
    assertEquals(scripted.unusedFaults, []);
    assertEquals(String(scripted.trace), String(drawn.trace));
  }
});

Deno.test("simulate() passes an idle hour in a moment, and a day of a LoopingCall too", async () => {
  const before = performance.now();
  const { seconds } = await simulate(1, (network) => {
    const { reactor } = network.addHost("a");
    new LoopingCall(() => {}).start(60, { clock: reactor });
    return network.sleep(86_399);
  }, NO_FAULTS);
  assertEquals(seconds, 86_399);
  assert(performance.now() - before < 5000);
});

Deno.test("simulate() throws for invalid arguments, with their names and values", async () => {
  const scenario: Scenario = () => {};
  // The types forbid some of these arguments, which a program without types may pass.
  const wrong: [run: () => Promise<unknown>, message: string][] = [
    [
      () => simulate(1, "x" as unknown as Scenario),
      'simulate() scenario must be a function, got "x"',
    ],
    [
      () => simulate(1, scenario, null as unknown as SimulationOptions),
      "simulate() options must be",
    ],
    [() => simulate(NaN, scenario), "seed must be a number or a string, got NaN"],
    [
      () => simulate(1, scenario, { timeLimit: -1 }),
      "timeLimit must be zero or more seconds, got -1",
    ],
    [() => simulate(1, scenario, { latency: NaN }), "latency must be a finite number of seconds"],
    [() => simulate(1, scenario, { faults: { los: 1 } as object }), 'Cannot set the rate of "los"'],
  ];
  for (const [run, message] of wrong) {
    assertStringIncludes((await assertRejects(run, Error)).message, message);
  }
  await simulate(1, scenario);
});

// Violations.

Deno.test("simulate() fails for a scenario that throws or rejects with any value", async () => {
  for (const [, value] of hostileValues()) {
    const thrown = await violationOf(() => {
      throw value;
    });
    const rejected = await violationOf(async (network) => {
      await network.sleep(1);
      return Promise.reject(value);
    });
    for (const violation of [thrown, rejected]) {
      assertStringIncludes(violation, "failure: the scenario has thrown ");
    }
  }
});

Deno.test("simulate() fails for a scenario that waits for nothing, and for one that takes too long", async () => {
  assertEquals(
    await violationOf(() => new Promise(() => {})),
    "deadlock: the scenario waits, and nothing can happen in the simulation (import(), for one, " +
      "belongs to the real world)",
  );
  const forEver: Scenario = (network) => {
    new LoopingCall(() => {}).start(1, { clock: network.addHost("a").reactor });
    return new Deferred();
  };
  assertEquals(
    await violationOf(forEver, { timeLimit: 100 }),
    "time limit: the scenario took 100 s",
  );
});

Deno.test("simulate() waits for the properties of eventually() that are pending at the end", async () => {
  const { violation, seconds } = await runSimulation(1, async (network) => {
    network.eventually(10, "it never holds", () => false);
    await network.sleep(5);
  }, NO_FAULTS);
  assertEquals([violation?.message, seconds], ["it never holds", 10]);
  const reached = await simulate(1, (network) => {
    network.eventually(10, "three seconds pass", () => network.seconds() >= 3).addCallback(() => {
      network.eventually(10, "seven seconds pass", () => network.seconds() >= 7);
    });
    for (const second of [3, 7]) network.callLater(second, () => {});
  }, NO_FAULTS);
  assertEquals(reached.seconds, 7);
});

Deno.test("simulate() fails for a scenario in which the time stands still", async () => {
  assertStringIncludes(
    await violationOf(async (network) => {
      await network.sleep(2);
      while (true) await network.sleep(0);
    }, { faults: {}, timeLimit: 10 }),
    "time limit: the time stands still at 2 s: more than 100000 events there",
  );
});

Deno.test("simulate() fails for a scenario that a promise of the host continues", async () => {
  assertEquals(
    await violationOf(async (network) => {
      const { reactor } = network.addHost("a");
      const tick = () => void reactor.callLater(0.001, tick);
      tick();
      await import("data:application/javascript,export default 1");
      await network.sleep(1);
    }),
    "left virtual time: code waits for a promise of the host, such as import()",
  );
});

Deno.test("simulate() fails for a scenario that waits for the real world", async () => {
  // A module that is slow to load has not continued the scenario when nothing else can happen.
  assertMatch(
    await violationOf(() => import("../fixtures/thread_tasks.ts")),
    /^(deadlock|left virtual time): .*import\(\)/,
  );
});

Deno.test("simulate() fails for a scenario that waits for a simulation of its own", async () => {
  let inner: Promise<SimulationResult> | undefined;
  const violation = await violationOf(() => inner = simulate(2, () => {}));
  assertEquals(
    violation,
    "deadlock: the scenario waits, and nothing can happen. Cannot run a simulation inside a " +
      "simulation: each waits for the other",
  );
  assertEquals((await inner)?.seed, 2);
});

Deno.test("simulate() runs simulations that are started together one after the other", async () => {
  let running = 0;
  const results = await Promise.all([1, 2, 3].map((seed) =>
    simulate(seed, async (network) => {
      assertEquals(++running, 1);
      await network.sleep(seed);
      running--;
    }, NO_FAULTS)
  ));
  assertEquals(results.map(({ seconds }) => seconds), [1, 2, 3]);
});

Deno.test("simulate() fails for an error in the log, unless it is allowed", async () => {
  const logs: Scenario = (network) => {
    network.addHost("a", () => void err(new RangeError("logged")));
    return network.sleep(1);
  };
  assertStringIncludes(await violationOf(logs), "error: an error was logged: ");
  const allowed: Scenario = (network) => {
    network.allowErrors((error) => error instanceof RangeError);
    return logs(network);
  };
  assertEquals(await violationOf(allowed), "none");
});

Deno.test("simulate() fails for an error that a program throws in any of its methods", async () => {
  const throws = () => {
    throw new RangeError("boom");
  };
  const scenarios: Scenario[] = [
    (network) => void network.addHost("a", throws),
    (network) => void network.addHost("a").reactor.callLater(1, throws),
    (network) => void network.addHost("a").reactor.callWhenRunning(throws),
    (network) => void network.callLater(1, throws),
    (network) =>
      void network.addHost("a").reactor.callLater(1, () => Promise.reject(new Error("boom"))),
    (network) =>
      void network.addHost("a").reactor.callLater(1, () => void Promise.reject(new Error("boom"))),
    (network) => void network.addHost("a").reactor.callLater(1, () => queueMicrotask(throws)),
    (network) => void network.addHost("a").reactor.callLater(1, () => void fail(new Error("boom"))),
    (network) => network.always("it holds", throws),
    (network) => void network.eventually(1, "it holds", throws),
  ];
  for (const [index, scenario] of scenarios.entries()) {
    const violation = await violationOf(async (network) => {
      await scenario(network);
      await network.sleep(5);
    });
    assertMatch(violation, /^(failure|error|always|eventually): .*boom/, String(index));
  }
});

Deno.test("simulate() reports a failed Deferred within a virtual second, and at the end", async () => {
  const { violation } = await runSimulation(1, async (network) => {
    await network.sleep(0.5);
    fail(new Error("unhandled"));
    await network.sleep(10);
  }, NO_FAULTS);
  assertEquals([violation?.kind, violation?.time], ["error", 1]);
  assertStringIncludes(await violationOf(() => void fail(new Error("at the end"))), "at the end");
});

Deno.test("simulate() does not fail for what has failed before it, or for what is handled in time", async () => {
  const logged: LogEvent[] = [];
  using _observer = addObserver((event) => logged.push(event), { level: "error", replay: false });
  fail(new Error("before"));
  await simulate(1, async (network) => {
    const failed = fail(new Error("handled later"));
    await network.sleep(0.1);
    failed.addErrback(() => {});
    await network.sleep(5);
  }, NO_FAULTS);
  assertEquals(logged.map(({ failure }) => failure?.message), ["before"]);
});

Deno.test("simulate() gives log events the virtual time", async () => {
  const times: number[] = [];
  using _observer = addObserver(({ time }) => times.push(time), { replay: false });
  await simulate(1, async (network) => {
    await network.sleep(7);
    msg("hello");
  }, NO_FAULTS);
  assertEquals(times, [Date.UTC(2020, 0, 1) / 1000 + 7]);
});

Deno.test("simulate() leaves nothing to a checkClean() around it, neither objects nor errors", async () => {
  const scenario: Scenario = async (network) => {
    const { reactor } = network.addHost("a");
    reactor.callLater(100, () => {});
    reactor.listenTCP(1, Factory.forProtocol(Protocol));
    network.allowErrors(() => true);
    err(new RangeError("allowed"));
    await network.sleep(1);
    fail(new RangeError("unhandled"));
  };
  await checkClean(async () => {
    await simulate(1, scenario, NO_FAULTS);
    await explore({ scenario, seeds: 2 });
  })();
  const unclean = checkClean(async () => {
    await simulate(1, scenario, NO_FAULTS);
    new Clock().callLater(5, () => {});
    err(new RangeError("after it"));
  });
  const { left, logged } = await assertRejects(() => unclean(), UncleanTest);
  assertEquals([left.length, logged.length], [1, 1]);
});

// Failures.

Deno.test("SimulationFailure has the property, the seed, the faults and the end of the trace", async () => {
  const script = ["kill a 2 s to 3 s", "kill a 9 s to 10 s"];
  const cause = new RangeError("boom");
  const error = await assertRejects(
    () =>
      simulate("seed", async (network) => {
        network.addHost("a", (host) => host.note("hello"));
        await network.sleep(5);
        throw cause;
      }, { script }),
    SimulationFailure,
  );
  for (
    const part of [
      'failure: the scenario has thrown RangeError: boom (seed "seed", after 5 s)',
      "1 fault:\n  kill a 2 s to 3 s\n  (did not happen: kill a 9 s to 10 s)",
      "hello",
      "is killed",
    ]
  ) assertStringIncludes(error.message, part);
  assertEquals([error.cause, error.name], [cause, "SimulationFailure"]);
  assertEquals(error.result.faults, ["kill a 2 s to 3 s"]);
});

Deno.test("SimulationFailure says so if a second run behaves differently", async () => {
  let runs = 0;
  const error = await assertRejects(
    () =>
      simulate(1, async (network) => {
        await network.sleep(1);
        if (runs++ === 0) network.fail("only once");
      }, NO_FAULTS),
    SimulationFailure,
  );
  assertStringIncludes(error.message, "failure: only once");
  assertStringIncludes(error.message, "a second run with the same seed behaved differently");
});

Deno.test("simulate() throws for a script that names an unknown host, and runSimulation() returns", async () => {
  const script = ["refuse a->zoe #1"];
  const scenario: Scenario = (network) => void network.addHost("a");
  await assertRejects(
    () => simulate(1, scenario, { script }),
    RangeError,
    'Cannot apply the fault "refuse a->zoe #1" of the script: there is no host "zoe"; the hosts are a',
  );
  const { unusedFaults, violation } = await runSimulation(1, scenario, { script });
  assertEquals([unusedFaults, violation], [["refuse a->zoe #1"], null]);
});

Deno.test("simulate() accepts a script whose faults come too late to happen", async () => {
  const script = ["refuse a->b #7", "crash a 99 s to 100 s"];
  const { unusedFaults } = await simulate(1, (network) => {
    network.addHost("a", () => {});
    network.addHost("b");
  }, { script });
  assertEquals(unusedFaults, ["refuse a->b #7", "crash a 99 s to 100 s"]);
});

Deno.test("simulate() leaves the process as it was, after success and after every failure", async () => {
  const state = () => [setTimeout, Date, Math.random, performance.now, crypto.getRandomValues];
  const before = state();
  const scenarios: Scenario[] = [
    () => {},
    () => {
      throw new Error("boom");
    },
    () => new Promise(() => {}),
    (network) => network.callLater(0, () => setTimeout(() => {}, 1)),
  ];
  for (const scenario of scenarios) {
    await runSimulation(1, scenario, NO_FAULTS);
    assert(state().every((each, index) => each === before[index]));
  }
  await assertRejects(() => runSimulation(1, () => {}, { latency: -1 }));
  assert(state().every((each, index) => each === before[index]));
  assertInstanceOf(new Date(), Date);
});

Deno.test("SimulatedNetwork.invariant() is checked when the scenario has ended", async () => {
  const withInvariant =
    (condition: () => unknown, act: () => void = () => {}): Scenario => async (network) => {
      // The type forbids a condition that returns something else, which a program may pass.
      network.invariant("it holds", condition as () => boolean);
      await network.sleep(1);
      act();
    };
  let value = 1;
  assertEquals(await violationOf(withInvariant(() => value === 2, () => value = 2)), "none");
  assertEquals(await violationOf(withInvariant(() => {})), "none");
  assertEquals(await violationOf(withInvariant(() => value === 3)), "invariant: it holds");
  const fails = () => {
    throw new RangeError("too few");
  };
  assertEquals(
    await violationOf(withInvariant(fails)),
    "invariant: it holds: RangeError: too few",
  );
  assertEquals(
    await violationOf(withInvariant(() => 5)),
    "invariant: it holds: the condition must return a boolean or nothing, got 5",
  );
  assertEquals(
    await violationOf(withInvariant(() => false, fails)),
    "failure: the scenario has thrown RangeError: too few",
  );
});

Deno.test("simulate() reports a logged error with its text, in the message and in the trace", async () => {
  const error = await assertRejects(
    () =>
      simulate(1, async (network) => {
        const { reactor } = network.addHost("a");
        reactor.callLater(0.1, () => {
          throw new RangeError("bad call");
        });
        await network.sleep(1);
      }, NO_FAULTS),
    SimulationFailure,
    "a timed call of callLater(): RangeError: bad call (seed 1",
  );
  assertStringIncludes(String(error.result.trace), "callLater(): RangeError: bad call\n");
});

Deno.test("simulate() options win over the rates of setFaults(), which only switches kinds off", async () => {
  const kinds = async (faults: FaultRates | undefined) => {
    const { faults: lines } = await simulate(1, async (network) => {
      const a = network.addHost("a", () => {});
      network.addHost("b", () => {});
      network.setFaults({ kill: 1, pause: 60, refuse: 1 });
      for (let i = 0; i < 200; i++) await network.sleep(1);
      a.note("calm");
      network.setFaults({});
      for (let i = 0; i < 200; i++) await network.sleep(1);
    }, { faults });
    assert(lines.every((line) => !/ 2\d\d(\.\d+)? s to/.test(line)), lines.join());
    const names = lines.map((line) => line.split(" ", 1)[0] ?? "");
    return [...new Set(names)].toSorted().join();
  };
  assertEquals(await kinds({}), "");
  assertEquals(await kinds({ kill: 60, crash: 60 }), "kill");
  assertStringIncludes(await kinds(undefined), "kill,pause");
});

Deno.test("simulate() shows where a timed call was made that shutDown() finds", async () => {
  const leaving: Scenario = async (network) => {
    const { reactor } = network.addHost("a");
    function leaveCall(): void {
      reactor.callLater(5, () => {});
    }
    reactor.addSystemEventTrigger("after", "shutdown", leaveCall);
    await network.shutDown();
  };
  const error = await assertRejects(() => simulate(1, leaving), SimulationFailure);
  assertMatch(
    String(error.result.trace),
    /a: DelayedCall\(.* in 5\.000 s\) was made at .*leaveCall.*simulate_test\.ts:\d+/,
  );
});
