// Twisted's `logger/test/test_buffer.py`.

import { assertEquals, assertThrows } from "@std/assert";
import type { LogEvent } from "./event.ts";
import { LimitedHistory } from "./history.ts";

function eventOf(time: number): LogEvent {
  return { time, level: "info", message: "", isError: false, system: "-" };
}

function timesIn(history: LimitedHistory): number[] {
  const times: number[] = [];
  history.replayTo((event) => times.push(event.time));
  return times;
}

Deno.test("LimitedHistory keeps the last events, oldest first", () => {
  const history = new LimitedHistory(3);
  assertEquals(timesIn(history), []);
  const seen: number[][] = [];
  for (let time = 1; time <= 7; time++) {
    history.observe(eventOf(time));
    seen.push(timesIn(history));
  }
  assertEquals(seen, [[1], [1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6], [5, 6, 7]]);
});

Deno.test("LimitedHistory accepts events during a replay", () => {
  const history = new LimitedHistory(2);
  history.observe(eventOf(1));
  history.observe(eventOf(2));
  history.replayTo((event) => history.observe(eventOf(event.time + 10)));
  assertEquals(timesIn(history), [11, 12]);
});

Deno.test("LimitedHistory() throws for a size that is not positive", () => {
  for (const size of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => new LimitedHistory(size), RangeError, String(size));
  }
});
