import { assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { hostileValues } from "../fixtures/hostile_values.ts";
import { Checks } from "./checks.ts";
import { Schedule } from "./schedule.ts";

function makeChecks(): { checks: Checks; schedule: Schedule } {
  const schedule = new Schedule();
  return { checks: new Checks(schedule), schedule };
}

Deno.test("Checks.always() is violated by the first check at which the condition does not hold", () => {
  const { checks, schedule } = makeChecks();
  let holds = true;
  checks.always("it holds", () => holds);
  checks.check();
  assertEquals(checks.violation, null);
  holds = false;
  schedule.advanceTo(5);
  checks.check();
  assertEquals(checks.violation, {
    kind: "always",
    message: "it holds",
    time: 0.000005,
    cause: undefined,
  });
});

Deno.test("Checks.fail() keeps the first violation", () => {
  const { checks } = makeChecks();
  const error = new Error("boom");
  checks.fail("failure", "first", error);
  checks.fail("failure", "second");
  assertEquals([checks.violation?.message, checks.violation?.cause], ["first", error]);
});

Deno.test("Checks.eventually() is reached at once, at a check, or at its deadline", () => {
  for (const moment of [0, 3, 10]) {
    const { checks, schedule } = makeChecks();
    const reached: number[] = [];
    checks.eventually(
      10,
      "it holds",
      () => schedule.now >= moment,
      () => reached.push(schedule.now),
    );
    schedule.advanceTo(3);
    assertEquals(checks.check(), moment === 3);
    schedule.advanceTo(100);
    checks.check();
    assertEquals([reached, checks.violation, schedule.size], [[moment], null, 0]);
  }
});

Deno.test("Checks.eventually() is violated at its deadline", () => {
  const { checks, schedule } = makeChecks();
  checks.eventually(10, "it holds", () => false, () => checks.fail("failure", "reached"));
  schedule.advanceTo(9);
  assertEquals([checks.check(), checks.violation], [false, null]);
  schedule.advanceTo(10);
  assertEquals([checks.violation?.kind, checks.violation?.message], ["eventually", "it holds"]);
});

Deno.test("Checks.check() tests a property that a reached one adds, without an endless loop", () => {
  const { checks } = makeChecks();
  let reached = 0;
  let holds = false;
  const add = () => {
    if (reached++ < 5) checks.eventually(10, "again", () => holds, add);
  };
  checks.eventually(10, "first", () => holds, add);
  holds = true;
  checks.check();
  assertEquals(reached, 6);
});

Deno.test("Checks.sometimes() counts how often a state was reached", () => {
  const { checks } = makeChecks();
  checks.sometimes("never", false);
  for (const condition of [true, false, true]) checks.sometimes("twice", condition);
  assertEquals([...checks.sometimesReached], [["never", 0], ["twice", 2]]);
});

Deno.test("Checks are violated by a condition that throws any value, with its text", () => {
  for (const kind of ["always", "eventually"] as const) {
    for (const [, value] of hostileValues()) {
      const { checks } = makeChecks();
      const condition = () => {
        throw value;
      };
      if (kind === "always") checks.always("it holds", condition);
      else checks.eventually(10, "it holds", condition, () => checks.fail("failure", "reached"));
      checks.check();
      assertEquals(checks.violation?.kind, kind);
      assertStrictEquals(checks.violation?.cause, value);
      assertStringIncludes(checks.violation?.message ?? "", "it holds: the condition has thrown ");
    }
  }
});

Deno.test("Checks are violated by a condition that returns a promise or another value", () => {
  for (const value of [Promise.resolve(true), undefined, 1] as unknown[]) {
    const { checks } = makeChecks();
    // The type forbids such a condition, which a program without types may pass.
    checks.always("it holds", () => value as boolean);
    checks.check();
    assertStringIncludes(
      checks.violation?.message ?? "",
      "it holds: the condition must return a boolean, got ",
    );
  }
});
