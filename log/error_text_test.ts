import { assert, assertEquals, assertMatch } from "@std/assert";
import { errorText } from "./error_text.ts";
import { eventText } from "./event_text.ts";

function bare(error: Error): Error {
  return Object.assign(error, { stack: "" });
}

Deno.test("errorText() is the stack", () => {
  assertMatch(errorText(new RangeError("boom")), /^RangeError: boom\n {4}at .*error_text_test\.ts/);
});

Deno.test("errorText() says the name and message that the error has now, not when its stack was made", () => {
  const error = new Error("gone");
  assert(error.stack?.startsWith("Error: gone"));
  error.name = "ConnectionLost";
  error.message = "gone\nfor good";
  assertMatch(errorText(error), /^ConnectionLost: gone\nfor good\n {4}at .*error_text_test\.ts/);
});

Deno.test("errorText() follows causes and aggregates, and circles once", () => {
  const inner = bare(new Error("inner", { cause: "a text" }));
  const outer = bare(new Error("outer", { cause: inner }));
  assertEquals(errorText(outer), 'Error: outer\nCaused by: Error: inner\nCaused by: "a text"');
  const all = bare(new AggregateError([bare(new Error("a")), bare(new Error("b"))], "both"));
  assertEquals(errorText(all), "AggregateError: both\nError: a\nError: b");
  const circle = bare(new Error("circle"));
  circle.cause = circle;
  assertEquals(errorText(circle), "Error: circle\nCaused by: Error: circle (shown above)");
});

Deno.test("eventText() survives an error whose stack cannot be had", () => {
  const failure = new Error("boom");
  Object.defineProperty(failure, "stack", {
    get(): never {
      throw new Error("no stack");
    },
  });
  const event = { time: 0, level: "error", message: "x", isError: true, system: "-" } as const;
  assertEquals(eventText({ ...event, failure }), "x\n(unable to obtain the stack: no stack)");
});
