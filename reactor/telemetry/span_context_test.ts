// The context of a span, with managers that fail in each way. interop/ has the test with a real
// one.

import { assertEquals, assertThrows } from "@std/assert";
import { LoggedErrors } from "../../testing/mod.ts";
import { nextMacrotask } from "../../testing/next_macrotask.ts";
import type { Context, ContextManager, Span } from "./open_telemetry_api.ts";
import { runInSpan } from "./span_context.ts";

const SPAN_KEY = Symbol.for("OpenTelemetry Context Key SPAN");

const SPAN: Span = {
  isRecording: () => true,
  setAttributes: () => {},
  setStatus: () => {},
  end: () => {},
};

/** Returns a manager of contexts. */
function manager(of: (context: Context, f: () => void) => unknown): ContextManager {
  return { with: of };
}

Deno.test("runInSpan() calls a function in a context with the span only", () => {
  let active: Context | null = null;
  const contexts = manager((context, f) => {
    active = context;
    f();
    active = null;
  });
  const run = runInSpan(contexts, SPAN, () => {});
  const other = Symbol("other");
  const seen = run(() => {
    const child = active?.setValue(other, 1);
    return [active, child, child?.deleteValue(SPAN_KEY)].map((context) => [
      context?.getValue(SPAN_KEY),
      context?.getValue(other),
    ]);
  });
  assertEquals(seen, [[SPAN, undefined], [SPAN, 1], [undefined, 1]]);
  assertEquals(active, null);
});

Deno.test("runInSpan() calls a function once, whatever the manager does, and logs its errors", async () => {
  const error = new RangeError("no context");
  const throwError = (): never => {
    throw error;
  };
  const managers: [of: (context: Context, f: () => void) => unknown, isFailing: boolean][] = [
    [(_context, f) => f(), false],
    [() => {}, false],
    [(_context, f) => [f(), f()], false],
    [(_context, _f) => throwError(), true],
    [(_context, f) => [f(), throwError()], true],
    [(_context, f) => Promise.resolve().then(f).then(throwError), true],
  ];
  for (const [callWith, isFailing] of managers) {
    using errors = new LoggedErrors();
    let [calls, failures] = [0, 0];
    const run = runInSpan(manager(callWith), SPAN, () => failures++);
    assertEquals([run(() => ++calls), calls], [1, 1]);
    await nextMacrotask();
    assertEquals([calls, failures], [1, isFailing ? 1 : 0]);
    assertEquals(errors.take(RangeError).length, isFailing ? 1 : 0);
  }
});

Deno.test("runInSpan() throws the error of the function", () => {
  for (const callWith of [(_context: Context, f: () => void) => f(), () => {}]) {
    const run = runInSpan(manager(callWith), SPAN, () => {});
    const wrong = () =>
      run(() => {
        throw new RangeError("a mishap");
      });
    assertThrows(wrong, RangeError, "a mishap");
  }
});
