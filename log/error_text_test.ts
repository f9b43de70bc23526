import { assert, assertEquals, assertMatch } from "@std/assert";
import { hostileValues } from "../testing/fixtures/hostile_values.ts";
import { errorText } from "./error_text.ts";
import { eventText } from "./event_text.ts";

function bare(error: Error): Error {
  return Object.assign(error, { stack: "" });
}

Deno.test("errorText() returns the stack", () => {
  assertMatch(errorText(new RangeError("boom")), /^RangeError: boom\n {4}at .*error_text_test\.ts/);
});

Deno.test("errorText() shows the error's current name and message, not those in its stack", () => {
  const error = new Error("gone");
  assert(error.stack?.startsWith("Error: gone"));
  error.name = "ConnectionLost";
  error.message = "gone\nfor good";
  assertMatch(errorText(error), /^ConnectionLost: gone\nfor good\n {4}at .*error_text_test\.ts/);
});

Deno.test("errorText() omits the stack of errors that report a shortage of resources", () => {
  const read: string[] = [];
  const shortage = (code: string) =>
    Object.defineProperty(Object.assign(new Error(`no ${code}`), { code }), "stack", {
      get: () => read.push(code),
    });
  assertEquals(errorText(shortage("EMFILE")), "Error: no EMFILE");
  const lost = bare(new Error("lost", { cause: shortage("ENFILE") }));
  assertEquals(errorText(lost), "Error: lost\nCaused by: Error: no ENFILE");
  const both = bare(new AggregateError([shortage("ENOMEM"), shortage("ENOBUFS")], "both"));
  assertEquals(errorText(both), "AggregateError: both\nError: no ENOMEM\nError: no ENOBUFS");
  assertEquals(read, []);
});

Deno.test("errorText() shows every cause and every aggregated error once", () => {
  const inner = bare(new Error("inner", { cause: "a text" }));
  const outer = bare(new Error("outer", { cause: inner }));
  assertEquals(errorText(outer), 'Error: outer\nCaused by: Error: inner\nCaused by: "a text"');
  const all = bare(new AggregateError([bare(new Error("a")), bare(new Error("b"))], "both"));
  assertEquals(errorText(all), "AggregateError: both\nError: a\nError: b");
  const circle = bare(new Error("circle"));
  circle.cause = circle;
  assertEquals(errorText(circle), "Error: circle\nCaused by: Error: circle (shown above)");
});

Deno.test("eventText() accepts an error whose stack cannot be read", () => {
  const failure = new Error("boom");
  Object.defineProperty(failure, "stack", {
    get(): never {
      throw new Error("no stack");
    },
  });
  const event = { time: 0, level: "error", message: "x", isError: true, system: "-" } as const;
  assertEquals(
    eventText({ ...event, failure }),
    "x\nError: boom\n(unable to obtain the stack: no stack)",
  );
});

Deno.test("errorText() shows at most 100 causes, even of an endless chain", () => {
  let deep = bare(new Error("0"));
  for (let i = 1; i < 7000; i++) deep = bare(new Error(`${i}`, { cause: deep }));
  const lines = errorText(deep).split("\n");
  assertEquals(lines.length, 101);
  assertEquals(lines.slice(0, 2), ["Error: 6999", "Caused by: Error: 6998"]);
  assertEquals(lines.at(-1), "(more causes than 100 are not shown)");

  class Endless extends Error {
    override stack = "";
    override get cause(): unknown {
      return new Endless("again");
    }
  }
  assertEquals(errorText(new Endless("first")).split("\n").length, 101);
});

Deno.test("errorText() shows AggregateErrors that are nested 7,000 deep, in order", () => {
  let deep: Error = bare(new Error("0"));
  for (let i = 1; i < 7000; i++) {
    deep = bare(new AggregateError([deep, bare(new Error("beside"))], `${i}`));
  }
  assertEquals(errorText(deep).split("\n").length, 101);
  const [a, b, c, d] = ["a", "b", "c", "d"].map((text) => bare(new Error(text)));
  const inner = bare(new AggregateError([a, b], "inner", { cause: c }));
  const outer = bare(new AggregateError([inner, d], "outer"));
  assertEquals(errorText(outer).split("\n"), [
    "AggregateError: outer",
    "AggregateError: inner",
    "Error: a",
    "Error: b",
    "Caused by: Error: c",
    "Error: d",
  ]);
});

for (const [name, value] of hostileValues()) {
  Deno.test(`errorText() returns a text, and does not throw, for ${name}`, () => {
    const text = errorText(value);
    assert(text.length > 0);
    assert(errorText(new Error("around it", { cause: value })).includes("around it"));
    assert(errorText(new AggregateError([value], "with it")).includes("with it"));
  });
}
