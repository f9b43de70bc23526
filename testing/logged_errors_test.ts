import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { fail } from "../defer/mod.ts";
import { addObserver, err, error as logError, msg } from "../log/mod.ts";
import { flushLoggedErrors, LoggedErrors } from "./mod.ts";

Deno.test("LoggedErrors.take() returns the errors that were logged, in their order", () => {
  using errors = new LoggedErrors();
  msg("no error");
  const logged = [new RangeError("one"), new TypeError("two")];
  for (const each of logged) err(each);
  logError("three");
  const taken = errors.take();
  assertStrictEquals(taken[0], logged[0]);
  assertEquals(taken.map(({ message }) => message), ["one", "two", "three"]);
  assertEquals(errors.take(), []);
});

Deno.test("LoggedErrors.take() leaves the errors of other classes", () => {
  using errors = new LoggedErrors();
  for (const each of [new RangeError(), new TypeError(), new SyntaxError()]) err(each);
  const [error] = errors.take(RangeError);
  assertInstanceOf(error, RangeError);
  assertEquals(errors.take(TypeError, RangeError).map(({ name }) => name), ["TypeError"]);
  assertEquals(errors.takeEvents().map(({ failure }) => failure?.name), ["SyntaxError"]);
});

Deno.test("LoggedErrors throws what was not taken when it is disposed of", () => {
  const errors = new LoggedErrors();
  err(new RangeError("logged"));
  fail(new TypeError("unhandled"));
  const { errors: left } = assertThrows(() => errors[Symbol.dispose](), AggregateError);
  assertEquals(left.map(String), ["RangeError: logged", "TypeError: unhandled"]);
  errors[Symbol.dispose]();
});

Deno.test("LoggedErrors.close() returns what was not taken, and stops collecting", () => {
  const errors = new LoggedErrors();
  err(new RangeError("logged"), "Error while testing");
  assertEquals(errors.close().map(({ why }) => why), ["Error while testing"]);
  using outer = new LoggedErrors();
  err(new RangeError("later"));
  assertEquals([errors.take().length, outer.take().length], [0, 1]);
});

Deno.test("LoggedErrors receives errors until another one is made, and again after that", () => {
  using outer = new LoggedErrors();
  {
    using inner = new LoggedErrors();
    err(new RangeError("inner"));
    assertEquals(inner.take().length, 1);
  }
  err(new RangeError("outer"));
  assertEquals(outer.take().map(({ message }) => message), ["outer"]);
});

Deno.test("LoggedErrors leaves other observers of the log as they are", () => {
  const seen: string[] = [];
  using _observing = addObserver(({ message }) => seen.push(message), { replay: false });
  using errors = new LoggedErrors();
  logError("both");
  assertEquals([seen, errors.take().length], [["both"], 1]);
});

Deno.test("flushLoggedErrors() returns and removes the errors that match", () => {
  using errors = new LoggedErrors();
  for (const each of [new RangeError("one"), new TypeError("two")]) err(each);
  assertEquals(flushLoggedErrors(SyntaxError), []);
  const flushed: RangeError[] = flushLoggedErrors(RangeError);
  assertEquals(flushed.map(({ message }) => message), ["one"]);
  assertEquals(errors.take().map(({ message }) => message), ["two"]);
});

Deno.test("flushLoggedErrors() logs failures that no errback has handled first", () => {
  using _errors = new LoggedErrors();
  fail(new RangeError("unhandled"));
  assertEquals(flushLoggedErrors().map(String), ["RangeError: unhandled"]);
});

Deno.test("flushLoggedErrors() throws if no test collects errors", () => {
  assertThrows(
    () => flushLoggedErrors(),
    Error,
    "Cannot flush the logged errors: no test collects them",
  );
});
