/**
 * `explore()`: seeds in this thread and in others, properties, states to reach, and failures.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { invariants, scenario } from "../fixtures/impatient_client.ts";
import { describeExploration, ExplorationFailure, explore } from "./explore.ts";
import { replay } from "./replay.ts";
import { SimulationFailure } from "./simulate.ts";

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
      '"parameters":{"hosts":2}});',
  );
  assertStringIncludes(error.message, "| connects to server:2000");
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
  assertEquals(error.message, 'None of 5 seeds has reached "gave up"');
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
  assertEquals(error.message, 'None of 5 seeds has reached "it is late"');
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
    () => explore({ scenario: impatient, invariants, seeds: 1 }),
    TypeError,
    "explore() invariants need a scenario that is a function",
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
  const { faults } = await replay(withInvariants, { faults: ["refuse client1->server #2"] });
  assertEquals(faults, []);
});

Deno.test("replay() rejects a line that is not a fault", async () => {
  await assertRejects(
    async () => await replay(scenario, { faults: ["refuse client1"] }),
    SyntaxError,
    'Cannot read the fault "refuse client1": it must have the form "refuse alice->bob #3"',
  );
});
