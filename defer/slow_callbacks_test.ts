import { assertEquals, assertThrows } from "@std/assert";
import { addObserver } from "../log/mod.ts";
import { setDebugging } from "./debug.ts";
import { SlowCallbacks, slowCallbacks } from "./slow_callbacks.ts";

/** Makes calls on a clock that the test moves, and returns the lines that they log. */
function linesOf(run: (slow: SlowCallbacks, pass: (seconds: number) => void) => void): string[] {
  const lines: string[] = [];
  using _observing = addObserver(({ message }) => lines.push(message), { replay: false });
  let now = 0;
  run(new SlowCallbacks(0.1, () => now), (seconds) => now += seconds);
  return lines;
}

Deno.test("SlowCallbacks.enter() reports a callback from the threshold on", () => {
  const lines = linesOf((slow, pass) => {
    const fast = slow.enter();
    pass(0.0625);
    fast(() => "fast");
    const late = slow.enter();
    pass(0.25);
    late(() => "dataReceived");
  });
  assertEquals(lines, ["Slow callback: dataReceived kept the event loop busy for 0.250 s"]);
});

Deno.test("SlowCallbacks.enter() does not report the time of a reported inner callback again", () => {
  const lines = linesOf((slow, pass) => {
    const outer = slow.enter();
    pass(0.0625);
    const inner = slow.enter();
    pass(0.5);
    inner(() => "inner");
    outer(() => "outer");
  });
  assertEquals(lines, ["Slow callback: inner kept the event loop busy for 0.500 s"]);
});

Deno.test("setDebugging() switches the reports of slow callbacks on and off", () => {
  try {
    assertEquals(slowCallbacks, null);
    setDebugging(true);
    assertEquals(slowCallbacks instanceof SlowCallbacks, true);
    setDebugging(true, { slowCallback: Infinity });
    assertEquals(slowCallbacks, null);
    assertThrows(() => setDebugging(true, { slowCallback: -1 }), RangeError, "slowCallback");
  } finally {
    setDebugging(false);
  }
  assertEquals(slowCallbacks, null);
});
