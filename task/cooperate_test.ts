/**
 * cooperate() and coiterate(), which share a cooperator on the host's timers. Twisted's
 * `test_cooperator.py`, AliasTests: test_cooperate, without its check of the private list of tasks.
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { coiterate, cooperate } from "./cooperate.ts";

Deno.test("cooperate() runs an iterator without a reactor", () => {
  using time = new FakeTime();
  const seen: string[] = [];
  const task = cooperate(function* (): Generator<unknown> {
    for (let i = 0; i < 3; i++) yield seen.push("piece");
  }());
  task.whenDone().addCallback(() => void seen.push("done"));
  assertEquals(seen, []); // not before the host's next turn
  time.runAll();
  assertEquals(seen, ["piece", "piece", "piece", "done"]);
});

Deno.test("coiterate() and cooperate() tasks run in turn", () => {
  using time = new FakeTime();
  const seen: string[] = [];
  function* worker(name: string): Generator<void> {
    for (let i = 0; i < 3; i++) {
      seen.push(name);
      yield;
    }
  }
  cooperate(worker("a"));
  const done = coiterate(worker("b"));
  time.runAll();
  assertEquals(seen.join(""), "ababab");
  assert(done.called);
});

Deno.test("cooperate() lets timers run during an endless iterator", () => {
  using time = new FakeTime();
  let pieces = 0;
  let turns = 0;
  const task = cooperate(function* (): Generator<unknown> {
    while (true) yield pieces++;
  }());
  const timer = setInterval(() => turns++, 1);
  time.tick(1);
  while (turns < 3) time.tick(1);
  const before = pieces;
  assert(before > 0);
  task.stop();
  clearInterval(timer);
  time.runAll();
  assertEquals(pieces, before);
});

Deno.test("cooperate() leaves no timer when its iterator has completed", async () => {
  let pieces = 0;
  await coiterate(function* (): Generator<unknown> {
    while (pieces < 10) yield pieces++;
  }());
  assertEquals(pieces, 10);
});
