import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { hostileValues } from "../testing/fixtures/hostile_values.ts";
import {
  follow,
  inspect,
  isError,
  isInstance,
  isThenable,
  messageOf,
  quote,
  read,
  textOf,
} from "./foreign_value.ts";

for (const [name, value] of hostileValues()) {
  Deno.test(`inspect(), quote(), textOf(), messageOf() and isError() do not throw for ${name}`, () => {
    for (const show of [inspect, quote, textOf, messageOf]) {
      assertEquals(typeof show(value), "string");
    }
    // deno-lint-ignore no-control-regex -- controls must not be there
    assert(!/[\x00-\x1f\x7f-\x9f]/.test(quote(value)), quote(value));
    isError(value);
    isInstance(value, Map);
    isThenable(value);
    if (typeof value === "object" && value !== null) read(value, "then");
  });
}

Deno.test("quote() returns one short line, with visible control characters", () => {
  class Foo {}
  assertEquals(quote("a\n\x1b\u2028\x9b"), '"a\\n\\u001b\\u2028\\x9b"');
  assertEquals(quote(5n), "5n");
  assertEquals(quote(new Foo()), "an object of class Foo");
  assertEquals(quote(Object.create(null)), "an object of class (none)");
  assertEquals(quote(Foo), "function Foo");
  assertEquals(quote(Symbol("a\nb")), "Symbol(a\\nb)");
});

Deno.test("isError() returns true for errors, isThenable() for promises", () => {
  assert(isError(new TypeError()) && isError(new DOMException()));
  assert(!isError({ message: "boom" }) && !isError(undefined));
  assert(isThenable(Promise.resolve()) && isThenable({ then: () => {} }));
  assert(!isThenable({}) && !isThenable({ then: 5 }) && !isThenable(null));
});

Deno.test("follow() calls its function once for a failure of a promise or thenable", async () => {
  const boom = (): never => {
    throw new Error("boom");
  };
  const values: [string, unknown][] = [
    ["rejected", Promise.reject(new Error("boom"))],
    ["then throws", { then: boom }],
    ["then cannot be read", Object.defineProperty({}, "then", { get: boom })],
    [
      "constructor cannot be read",
      Object.defineProperty(Promise.resolve(5), "constructor", {
        get: boom,
      }),
    ],
    ["calls back twice", {
      then(succeeded: () => void, failed: (error: Error) => void): void {
        failed(new Error("boom"));
        succeeded();
        boom();
      },
    }],
  ];
  for (const [name, value] of values) {
    assert(isThenable(value), name);
    const { promise, resolve } = Promise.withResolvers<string>();
    let calls = 0;
    const settled = (text: string): void => {
      calls++;
      resolve(text);
    };
    follow(value, () => settled("succeeded"), (error) => settled(messageOf(error)));
    assertEquals([name, await promise], [name, "boom"]);
    await Promise.resolve();
    assertEquals(calls, 1);
  }
  const own = Object.assign(Promise.resolve("fine"), { then: boom });
  assertEquals(await new Promise((resolve, reject) => follow(own, resolve, reject)), "fine");
});

Deno.test("inspect() shortens a large value", () => {
  const large = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`key${i}`, i]));
  assert(inspect(large).length < 10_100);
  assertStringIncludes(inspect(large), "key0: 0");
});
