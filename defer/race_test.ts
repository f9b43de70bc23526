/**
 * Twisted's `test_defer.py`, RaceTests: test_success, test_failure, test_resultAfterCancel,
 * test_resultFromCancel, test_cancel. Twisted draws the number of Deferreds at random; these tests
 * try all numbers.
 */

import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { addObserver, type LogEvent } from "../log/mod.ts";
import { Deferred } from "./deferred.ts";
import { CancelledError, FailureGroup } from "./errors.ts";
import { race } from "./race.ts";
import { fail } from "./fail.ts";
import { succeed } from "./succeed.ts";
import { assertNoResult, successResultOf } from "../testing/mod.ts";
import { outcomes } from "../testing/fixtures/outcomes.ts";

/** Returns Deferreds, and the number of cancellations of each. */
function runners(count: number): [Deferred<string>[], number[]] {
  const cancelled = new Array<number>(count).fill(0);
  const deferreds = cancelled.map((_, index) =>
    new Deferred<string>(() => {
      cancelled[index] = (cancelled[index] ?? 0) + 1;
    })
  );
  return [deferreds, cancelled];
}

Deno.test("race() fires with the first result and its index, and cancels the rest", () => {
  for (let count = 1; count <= 4; count++) {
    for (let winner = 0; winner < count; winner++) {
      const [deferreds, cancelled] = runners(count);
      const outcome = race(deferreds);
      deferreds[winner]?.callback("won");
      assertEquals(successResultOf(outcome), [winner, "won"]);
      assertEquals(cancelled, deferreds.map((_, index) => index === winner ? 0 : 1));
    }
  }
});

Deno.test("race() ignores failures while another Deferred may succeed", () => {
  const [deferreds, cancelled] = runners(3);
  const outcome = race(deferreds);
  deferreds[0]?.errback(new Error("no"));
  assertNoResult(outcome);
  deferreds[2]?.callback("won");
  assertEquals(successResultOf(outcome), [2, "won"]);
  assertEquals(cancelled, [0, 1, 0]);
});

Deno.test("race() fails with all failures, in the order of the list, if all fail", () => {
  for (let count = 1; count <= 4; count++) {
    const [deferreds, cancelled] = runners(count);
    const errors = deferreds.map((_, index) => new Error(`${index}`));
    const seen = outcomes(race(deferreds));
    for (let i = count - 1; i >= 0; i--) deferreds[i]?.errback(errors[i] ?? new Error());
    assertInstanceOf(seen[0], FailureGroup);
    assertEquals(seen[0].failures, errors);
    assertEquals(cancelled, deferreds.map(() => 0));
  }
});

Deno.test("race() accepts fired Deferreds, and promises", async () => {
  assertEquals(successResultOf(race([fail(new Error("no")), succeed("won")])), [1, "won"]);
  assertEquals(await race([new Deferred<string>(), Promise.resolve("won")]), [1, "won"]);
});

Deno.test("race() of an empty list never fires", () => {
  assertNoResult(race([]));
});

Deno.test("race() ignores later results of the other Deferreds", () => {
  const [winner, late] = [new Deferred<string>(), new Deferred<string>()];
  const outcome = race([winner, late]);
  winner.callback("won");
  late.callback("late");
  assertEquals(successResultOf(outcome), [0, "won"]);
  assertEquals(successResultOf(late), undefined);
});

Deno.test("race() ignores a result that a canceller fires after the first result", () => {
  const winner = new Deferred<string>();
  const late = new Deferred<string>((self) => self.callback("late"));
  const outcome = race([winner, late]);
  winner.callback("won");
  assertEquals(successResultOf(outcome), [0, "won"]);
});

Deno.test("race() that is cancelled cancels all Deferreds, and fails with all failures", () => {
  for (let count = 1; count <= 3; count++) {
    const [deferreds, cancelled] = runners(count);
    const raced = race(deferreds);
    const seen = outcomes(raced);
    raced.cancel();
    assertEquals(cancelled, deferreds.map(() => 1));
    assertInstanceOf(seen[0], FailureGroup);
    assertInstanceOf(seen[0].failures[0], CancelledError);
  }
});

Deno.test("race() that is cancelled fires with a result that a canceller fires", () => {
  const raced = race([new Deferred<string>(), new Deferred<string>((d) => d.callback("rescued"))]);
  raced.cancel();
  assertEquals(successResultOf(raced), [1, "rescued"]);
});

Deno.test("race() ignores outcomes after it was cancelled", () => {
  const paused = [new Deferred<string>(), new Deferred<string>()];
  for (const each of paused) each.pause();
  const raced = race(paused);
  const seen = outcomes(raced);
  raced.cancel();
  for (const each of paused) each.unpause();
  assertEquals(seen.length, 1);
  assertInstanceOf(seen[0], CancelledError);
  for (const each of paused) assertEquals(successResultOf(each), undefined);
});

Deno.test("race() logs an error of another Deferred's canceller, and keeps its result", () => {
  const error = new RangeError("in the canceller");
  const events: LogEvent[] = [];
  using _observing = addObserver((event) => events.push(event), { replay: false });
  const winner = new Deferred<string>();
  const bad = new Deferred<string>(() => {
    throw error;
  });
  const [others, cancelled] = runners(1);
  const outcome = race([bad, winner, ...others]);
  winner.callback("won");
  assertEquals(successResultOf(outcome), [1, "won"]);
  assertEquals(cancelled, [1]);
  assertEquals(events.length, 1);
  assertStrictEquals(events[0]?.failure, error);
});
