import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { hostileValues } from "../../testing/fixtures/hostile_values.ts";
import { deserializeError, serializeError } from "./serialized_error.ts";

/** The error that the reactor's thread receives for a value thrown in another thread. */
function arrived(thrown: unknown): Error {
  return deserializeError(structuredClone(serializeError(thrown)));
}

class CustomError extends RangeError {
  override readonly name = "CustomError";
  readonly limit: number;
  constructor(message: string, limit: number) {
    super(message);
    this.limit = limit;
  }
}

Deno.test("deserializeError() restores the class, name, message and stack", () => {
  const builtIn = [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, Error];
  for (const ErrorClass of builtIn) {
    const error = new ErrorClass("too far");
    const copy = arrived(error);
    assertStrictEquals(copy.constructor, ErrorClass);
    assertEquals([copy.name, copy.message, copy.stack], [error.name, error.message, error.stack]);
  }
});

Deno.test("deserializeError() restores a custom error as its built-in base class, with its name", () => {
  const copy = arrived(new CustomError("too far", 4));
  assertInstanceOf(copy, RangeError);
  assertEquals([copy.name, copy.message], ["CustomError", "too far"]);
  assertEquals(Reflect.get(copy, "limit"), 4);
  assertEquals(String(copy), "CustomError: too far");
});

Deno.test("serializeError() includes a name that the prototype defines", () => {
  class Renamed extends Error {
    static {
      this.prototype.name = "Renamed";
    }
  }
  assertEquals(arrived(new Renamed("x")).name, "Renamed");
});

Deno.test("serializeError() includes the chain of causes", () => {
  const copy = arrived(new Error("outer", { cause: new TypeError("inner", { cause: { n: 1 } }) }));
  assertInstanceOf(copy.cause, TypeError);
  assertEquals(copy.cause.message, "inner");
  assertEquals(copy.cause.cause, { n: 1 });
  assertEquals(Object.keys(copy), []); // a cause is not enumerable
});

Deno.test("serializeError() preserves an error that is its own cause", () => {
  const error = new Error("round");
  error.cause = error;
  const copy = arrived(error);
  assertStrictEquals(copy.cause, copy);
});

Deno.test("serializeError() includes the errors of an AggregateError", () => {
  const copy = arrived(new AggregateError([new TypeError("one"), "two"], "both"));
  assertInstanceOf(copy, AggregateError);
  assertInstanceOf(copy.errors[0], TypeError);
  assertEquals(copy.errors[1], "two");
});

Deno.test("deserializeError() restores a DOMException", () => {
  const copy = arrived(new DOMException("too late", "AbortError"));
  assertInstanceOf(copy, DOMException);
  assertEquals([copy.name, copy.message], ["AbortError", "too late"]);
});

Deno.test("serializeError() leaves out properties that cannot be cloned", () => {
  const error = Object.assign(new Error("x"), {
    code: "EFAR",
    retry: () => {},
    deep: { f: () => {} },
    tag: Symbol("tag"),
    details: { at: new Date(0) },
  });
  const copy = arrived(error);
  assertEquals(Object.keys(copy), ["code", "details"]);
  assertEquals(Reflect.get(copy, "details"), { at: new Date(0) });
});

Deno.test("serializeError() sends a thrown non-error as NonErrorThrown, with the value as its cause", () => {
  const copy = arrived("boom");
  assertEquals([copy.name, copy.cause], ["NonErrorThrown", "boom"]);
  assert(copy.message.includes('"boom"'));
  assertEquals(arrived(() => {}).cause, undefined);
});

Deno.test("serializeError() sends 1,000 of 7,000 causes, without overflowing the stack", () => {
  let error = new Error("0");
  for (let i = 1; i < 7000; i++) error = new Error(`${i}`, { cause: error });
  let copy: unknown = arrived(error);
  for (let i = 6999; i >= 6000; i--) {
    assertInstanceOf(copy, Error);
    assertEquals(copy.message, `${i}`);
    copy = copy.cause;
  }
  assertEquals(copy, undefined);
});

for (const [name, value] of hostileValues()) {
  Deno.test(`serializeError() produces structured-cloneable data from ${name}`, () => {
    assertInstanceOf(arrived(value), Error);
    assertInstanceOf(arrived(new Error("around it", { cause: value })), Error);
  });
}

Deno.test("serializeError() reads each property once, and sends the value that it read", () => {
  let looks = 0;
  const changing = new Error("changing", {
    cause: {
      get value(): number {
        if (looks++ > 0) throw new Error("looked at twice");
        return 1;
      },
    },
  });
  assertEquals(arrived(changing).cause, { value: 1 });
});
