/**
 * `explore()`: seeds in this thread and in others, properties, states to reach, and failures.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { invariants, scenario } from "../fixtures/impatient_client.ts";
import { describeExploration, ExplorationFailure, explore } from "./explore.ts";
import { replay } from "./replay.ts";
import { SimulationFailure } from "./simulate.ts";
import type { SimulatedNetwork } from "./simulated_network.ts";

const impatient = {
  module: new URL("../fixtures/impatient_client.ts", import.meta.url),
  export: "scenario",
  invariants: "invariants",
};
const REFUSALS = { faults: { refuse: 0.1, delay: 0.2, split: 0.1 } };

Deno.test("explore() finds the seed, and reports one fault of hundreds", async () => {
  const error = await assertRejects(
    () => explore({ scenario, invariants, seeds: 100, ...REFUSALS }),
    ExplorationFailure,
  );
  const [failure] = error.exploration.failures;
  assertEquals(failure, {
    seed: 1,
    faults: ["refuse client1->server #1"],
    parameters: { hosts: 2 },
    violation: { kind: "invariant", message: "all clients are connected" },
  });
  assertStringIncludes(
    error.message,
    'await replay(scenario, {"seed":1,"faults":["refuse client1->server #1"],' +
      '"parameters":{"hosts":2}}, { invariants });',
  );
  assertStringIncludes(error.message, "| connects to server:2000");
  assertMatch(
    error.message,
    /^invariant: all.*\n1 of (\d+) seeds has failed: \1\n.*\n\(The seed 1 is enough: the faults /,
  );
  assert(error.result?.violation?.message === failure?.violation.message);
});

Deno.test("explore() finds the same failure in other threads as in this one", async () => {
  const find = async (options: Partial<Parameters<typeof explore>[0]>) => {
    const error = await assertRejects(
      () => explore({ scenario, seeds: 40, collect: true, shrink: false, ...REFUSALS, ...options }),
      ExplorationFailure,
    );
    return error.exploration;
  };
  const here = await find({ scenario, invariants });
  const there = await find({ scenario: impatient, workers: 2 });
  const ordered = (exploration: typeof here) =>
    exploration.failures.toSorted((a, b) => Number(a.seed) - Number(b.seed));
  assertEquals(ordered(there), ordered(here));
  assertEquals([there.events, there.faults, there.sometimes.get("gave up")], [
    here.events,
    here.faults,
    here.sometimes.get("gave up"),
  ]);
  assert(here.failures.length > 1);
});

Deno.test("explore() checks the invariants when no property of eventually() is pending", async () => {
  await explore({
    scenario: (network) => {
      network.callLater(5, () => {});
      network.eventually(10, "five seconds pass", () => network.seconds() >= 5);
    },
    invariants: { "five seconds have passed": (network) => network.seconds() === 5 },
    seeds: 1,
    faults: {},
  });
});

Deno.test("explore() stops at the first failure without `collect`", async () => {
  const error = await assertRejects(
    () => explore({ scenario, invariants, seeds: 1000, shrink: false, ...REFUSALS }),
    ExplorationFailure,
  );
  assertEquals(error.exploration.failures.length, 1);
  assert(error.exploration.seeds < 1000);
});

Deno.test("explore() fails if no seed reaches a state of sometimes()", async () => {
  const error = await assertRejects(
    () => explore({ scenario, seeds: 5, faults: {} }),
    ExplorationFailure,
  );
  assertMatch(error.message, /^None of 5 seeds has reached "gave up"\n5 seeds, 0 faults, /);
  assertStringIncludes(error.message, "\n  gave up: in 0 seeds, 0 times");
});

Deno.test("explore() fails for a declared state that no seed records", async () => {
  const error = await assertRejects(
    () =>
      explore({
        // The branch in which the state is recorded is never reached.
        scenario: (network) => {
          if (network.seconds() > 1) network.sometimes("it is late", true);
        },
        sometimes: ["it is late"],
        seeds: 5,
      }),
    ExplorationFailure,
  );
  assertMatch(error.message, /^None of 5 seeds has reached "it is late"\n5 seeds, /);
  assertEquals([...error.exploration.sometimes], [["it is late", { seeds: 0, times: 0 }]]);
});

Deno.test("explore() fails for a recorded state that is not declared although others are", async () => {
  const explored = (options: Partial<Parameters<typeof explore>[0]>) =>
    assertRejects(
      () => explore({ scenario, seeds: 20, ...REFUSALS, ...options }),
      ExplorationFailure,
      'The option sometimes does not declare "gave up", which the scenario records',
    );
  await explored({ sometimes: ["connected"] });
  await explored({ scenario: { ...impatient, invariants: undefined, sometimes: "someStates" } });
});

Deno.test("explore() takes the declared states from the module and from its option", async () => {
  const { sometimes } = await explore({
    scenario: { ...impatient, invariants: undefined, sometimes: "someStates" },
    sometimes: ["gave up"],
    seeds: 20,
    ...REFUSALS,
  });
  assertEquals([...sometimes.keys()], ["connected", "gave up"]);
});

Deno.test("explore() returns how often each state was reached, for describeExploration()", async () => {
  const result = await explore({
    scenario: async (network) => {
      network.sometimes("even", network.random.below(2) === 0);
      await network.sleep(1800);
    },
    seeds: 20,
    faults: {},
  });
  const even = result.sometimes.get("even");
  assert(even !== undefined && even.seeds > 0 && even.seeds < 20);
  assertEquals(
    describeExploration(result).split("\n").filter((line) => !line.startsWith("20 seeds")),
    [`  even: in ${even.seeds} seeds, ${even.seeds} times`],
  );
  assertStringIncludes(describeExploration(result), "10.0 virtual hours");
});

Deno.test("explore() rejects options that it cannot use", async () => {
  await assertRejects(
    () => explore({ scenario, seeds: 0 }),
    RangeError,
    "seeds must be an integer from 1",
  );
  await assertRejects(
    () => explore({ scenario, seeds: [] }),
    RangeError,
    "seeds must contain at least one seed, got []",
  );
  await assertRejects(
    () => explore({ scenario: impatient, taskModules: {}, seeds: 1 }),
    TypeError,
    "The option taskModules needs a scenario that is a function: let the module ",
  );
  await assertRejects(
    () => explore({ scenario: impatient, invariants, seeds: 1 }),
    TypeError,
    "The option invariants needs a scenario that is a function: let the module ",
  );
  await assertRejects(
    () => explore({ scenario: { ...impatient, export: "missing" }, seeds: 1 }),
    TypeError,
    'has no export "missing"',
  );
  await assertRejects(
    () => explore({ scenario: { ...impatient, export: "mistake" }, seeds: 1 }),
    TypeError,
    "42",
  );
  await assertRejects(
    () => explore({ scenario: { ...impatient, sometimes: "mistake" }, seeds: 1 }),
    TypeError,
    "impatient_client.ts must be an array of names of states, got 42",
  );
  await assertRejects(
    // The type forbids such a name, which a program without types may pass.
    () => explore({ scenario, sometimes: ["a", 7 as unknown as string], seeds: 1 }),
    TypeError,
    "sometimes must contain only names of states, got 7",
  );
});

Deno.test("replay() fails while the defect is there, and passes without its fault", async () => {
  const withInvariants: typeof scenario = async (network) => {
    await scenario(network);
    if (!invariants["all clients are connected"]?.(network)) network.fail("not all are connected");
  };
  const error = await assertRejects(
    () => replay(withInvariants, { faults: ["refuse client1->server #1"] }),
    SimulationFailure,
  );
  assertEquals(error.result.violation?.message, "not all are connected");
});

Deno.test("replay() fails if a fault does not happen, unless the option allowUnused is set", async () => {
  const late = { faults: ["refuse client1->server #2", "kill server 900 s to 901 s"] };
  await assertRejects(
    () => replay(scenario, late),
    RangeError,
    'Cannot replay the fault "refuse client1->server #2": it did not happen in the',
  );
  const { faults, unusedFaults } = await replay(scenario, late, { allowUnused: true });
  assertEquals([faults, unusedFaults], [[], late.faults]);
});

Deno.test("explore() fails for a parameter that the scenario does not declare", async () => {
  for (const source of [{ scenario, invariants }, { scenario: impatient, workers: 1 }]) {
    await assertRejects(
      () => explore({ ...source, seeds: 1, faults: {}, parameters: { host: 3 } }),
      RangeError,
      'Cannot set the parameter "host": the scenario does not declare it; its parameters are hosts',
    );
  }
});

Deno.test("replay() fails for a parameter that the scenario does not declare", async () => {
  await assertRejects(
    () => replay(scenario, { faults: [], parameters: { host: 3 } }),
    RangeError,
    'Cannot set the parameter "host": the scenario does not declare it; its parameters are hosts',
  );
});

Deno.test("replay() rejects a line that is not a fault", async () => {
  await assertRejects(
    async () => await replay(scenario, { faults: ["refuse client1"] }),
    SyntaxError,
    'Cannot read the fault "refuse client1": it must have the form "refuse alice->bob #3"',
  );
});

// Failures that do not repeat, and failures without a fault.

Deno.test("explore() says that a failure has not repeated, and proposes no test", async () => {
  let runs = 0;
  const error = await assertRejects(
    () =>
      explore({
        scenario: (network) => {
          if (++runs === 5) network.fail("flaky");
        },
        seeds: 50,
      }),
    ExplorationFailure,
  );
  assertStringIncludes(error.message, "failure: flaky");
  assertStringIncludes(error.message, "a second run with the same seed behaved differently");
  assert(!error.message.includes("replay("), error.message);
  assertEquals([error.result, error.exploration.failures[0]?.seed], [null, 5]);
});

Deno.test("explore() does not replace faults by a seed that fails without them", async () => {
  const options = {
    scenario: async (network: SimulatedNetwork): Promise<void> => {
      const isUnlucky = network.random.below(4) === 0;
      const host = network.addHost("a", () => {});
      await network.sleep(10);
      if (isUnlucky || network.faults.length > 0) network.fail(`it fails: ${host.isUp}`);
    },
    seeds: 20,
    collect: true,
    shrink: true,
  };
  const failing = (await assertRejects(
    () => explore({ ...options, shrink: false, faults: {} }),
    ExplorationFailure,
  )).exploration.failures.map(({ seed }) => seed);
  assert(failing.length > 1 && failing.length < 20);
  const lucky = Array.from({ length: 20 }, (_, i) => i + 1).filter((i) => !failing.includes(i));
  const { message, exploration } = await assertRejects(
    () => explore({ ...options, seeds: lucky, faults: { kill: 60 } }),
    ExplorationFailure,
  );
  assertEquals(exploration.failures[0]?.faults.length, 1);
  assertStringIncludes(message, "A regression test: ");
  const without = await assertRejects(
    () => explore({ ...options, faults: { kill: 60 }, seeds: failing.slice(0, 1) }),
    ExplorationFailure,
  );
  assertEquals(without.exploration.failures[0]?.faults, []);
  const seeds = JSON.stringify([failing[0], ...failing.slice(1)]);
  assertStringIncludes(without.message, "No fault is needed. ");
  assertStringIncludes(
    without.message,
    `for (const seed of ${seeds}) await replay(scenario, {seed,"faults":[]});`,
  );
});

Deno.test("explore() names the seeds of a thread that never returns", async () => {
  const error = await assertRejects(
    () =>
      explore({
        scenario: { ...impatient, export: "endless", invariants: undefined },
        seeds: 30,
        workers: 1,
        realTimeLimit: 1,
      }),
    ExplorationFailure,
  );
  assertEquals(
    error.message,
    "Cannot explore the seeds 1, 2, 3, 4, 5, 6, 7, 8, 9, 10: a thread has not run them within 1 s " +
      "of real time, so one of the simulations runs for ever",
  );
});

Deno.test("explore() can run a scenario of the main module, which awaits it", async () => {
  const program = `
    import { explore } from ${JSON.stringify(import.meta.resolve("./explore.ts"))};
    export const states = ["it begins"];
    export function scenario(network) {
      network.sometimes("it begins", true);
    }
    if (import.meta.main) {
      const scenario = { module: import.meta.url, export: "scenario", sometimes: "states" };
      console.log((await explore({ scenario, seeds: 3, workers: 1 })).sometimes.get("it begins"));
    }`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `data:text/javascript,${encodeURIComponent(program)}`],
    cwd: new URL("../../", import.meta.url),
  }).output();
  const [text, errors] = [stdout, stderr].map((each) => new TextDecoder().decode(each));
  assertEquals(text, "{ seeds: 3, times: 3 }\n", errors);
});

Deno.test("explore() proposes a replay() with all that the failure needs", async () => {
  const settings = { latency: 0.05, timeLimit: 500 };
  for (const source of [{ scenario, invariants }, { scenario: impatient }]) {
    const error = await assertRejects(
      () => explore({ ...source, ...settings, seeds: 40, shrink: false, ...REFUSALS }),
      ExplorationFailure,
    );
    assertMatch(
      error.message,
      /await replay\(scenario, \{"seed".*\}, \{ invariants, latency: 0.05, timeLimit: 500 \}\);/,
    );
  }
});

Deno.test("replay() checks the invariants, of a function and of a module", async () => {
  const failure = { faults: ["refuse client1->server #1"] };
  for (
    const run of [
      () => replay(scenario, failure, { invariants }),
      () => replay(impatient, failure),
    ]
  ) {
    const { result } = await assertRejects(() => run(), SimulationFailure);
    assertEquals(result.violation?.message, "all clients are connected");
  }
  await replay(scenario, failure);
});

Deno.test("explore() and replay() take the task modules of a module", async () => {
  const source = {
    ...impatient,
    export: "calculating",
    invariants: undefined,
    taskModules: "taskModules",
  };
  await explore({ scenario: source, seeds: 2, workers: 1 });
  await replay(source, { faults: [] });
});
