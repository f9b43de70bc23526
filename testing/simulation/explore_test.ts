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
