import {
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import { copyError } from "./error_copy.ts";

class Coded extends RangeError {
  readonly code: string;
  readonly connection: object;

  constructor(message: string, options: ErrorOptions & { code: string; connection: object }) {
    super(message, options);
    this.name = "Coded";
    this.code = options.code;
    this.connection = options.connection;
  }
}

Deno.test("copyError() keeps class, message, name, stack and plain properties", () => {
  const error = new Coded("no", { code: "E1", connection: {} });
  const copy = copyError(error);
  assertNotStrictEquals(copy, error);
  assertInstanceOf(copy, Coded);
  assertEquals([copy.message, copy.name, copy.code], ["no", "Coded", "E1"]);
  assertEquals(copy.stack, error.stack);
  assertEquals(Object.keys(copy).includes("code"), true);
});

Deno.test("copyError() holds no other objects", () => {
  const copy = copyError(new Coded("no", { code: "E1", connection: {} }));
  assertInstanceOf(copy, Coded);
  assertEquals("connection" in copy, false);
});

Deno.test("copyError() copies causes and the errors of an AggregateError", () => {
  const inner = new TypeError("inner");
  const aggregate = new AggregateError([inner, "text", {}], "all", { cause: inner });
  const copy = copyError(aggregate);
  assertInstanceOf(copy, AggregateError);
  assertInstanceOf(copy.cause, TypeError);
  assertNotStrictEquals(copy.cause, inner);
  assertStrictEquals(copy.errors[0], copy.cause);
  assertEquals(copy.errors.slice(1), ["text", undefined]);
});

Deno.test("copyError() comes to an end with circles", () => {
  const error = new Error("circle");
  error.cause = error;
  const copy = copyError(error);
  assertStrictEquals(copy.cause, copy);
});
