import { assertEquals, assertThrows } from "@std/assert";
import {
  checkBound,
  checkDelay,
  checkFinite,
  checkFunction,
  checkInteger,
  quote,
} from "./validation.ts";

type ErrorClass = typeof RangeError | typeof TypeError;

/** Checks that each value is rejected with an error of the given class and message. */
function assertRefused(
  check: (value: unknown) => void,
  refused: [unknown, ErrorClass, string][],
): void {
  for (const [value, ErrorClass, message] of refused) {
    const error = assertThrows(() => check(value), ErrorClass);
    assertEquals(error.message, message);
  }
}

Deno.test("quote() returns a short line of text for any value", () => {
  class Pipe {}
  const quoted: [unknown, string][] = [
    ["text", '"text"'],
    ['with "quotes"\n', '"with \\"quotes\\"\\n"'],
    [4, "4"],
    [-0.5, "-0.5"],
    [NaN, "NaN"],
    [10n, "10n"],
    [true, "true"],
    [null, "null"],
    [undefined, "undefined"],
    [Symbol("s"), "Symbol(s)"],
    [quote, "function quote"],
    [() => {}, "function (anonymous)"],
    [new Pipe(), "an object of class Pipe"],
    [[1, 2], "an object of class Array"],
    [Object.create(null), "an object of class (none)"],
  ];
  assertEquals(quoted.map(([value]) => quote(value)), quoted.map(([, text]) => text));
});

Deno.test("checkFunction() accepts functions, and throws an error that names any other value", () => {
  for (const f of [() => {}, quote, class {}, async () => {}]) checkFunction("f", f);
  assertRefused((value) => checkFunction("handler", value), [
    ["print", TypeError, 'handler must be a function, got "print"'],
    [null, TypeError, "handler must be a function, got null"],
    [{}, TypeError, "handler must be a function, got an object of class Object"],
  ]);
});

Deno.test("checkDelay() accepts finite numbers of at least 0, and throws for others", () => {
  for (const delay of [0, -0, 0.5, 2 ** 31, Number.MIN_VALUE, Number.MAX_VALUE]) {
    checkDelay("delay", delay);
  }
  assertRefused((value) => checkDelay("delay", value), [
    [-1, RangeError, "delay must be zero or more seconds, got -1"],
    [-Number.MIN_VALUE, RangeError, "delay must be zero or more seconds, got -5e-324"],
    [NaN, RangeError, "delay must be a finite number of seconds, got NaN"],
    [Infinity, RangeError, "delay must be a finite number of seconds, got Infinity"],
    [-Infinity, RangeError, "delay must be a finite number of seconds, got -Infinity"],
    ["4", TypeError, 'delay must be a number of seconds, got "4"'],
    [4n, TypeError, "delay must be a number of seconds, got 4n"],
    [null, TypeError, "delay must be a number of seconds, got null"],
    [undefined, TypeError, "delay must be a number of seconds, got undefined"],
    [new Date(0), TypeError, "delay must be a number of seconds, got an object of class Date"],
  ]);
});

Deno.test("checkFinite() accepts finite numbers, also negative ones, and throws for others", () => {
  for (const seconds of [-1e9, -0, 0, 4.5]) checkFinite("seconds", seconds);
  assertRefused((value) => checkFinite("seconds", value), [
    [NaN, RangeError, "seconds must be a finite number of seconds, got NaN"],
    [-Infinity, RangeError, "seconds must be a finite number of seconds, got -Infinity"],
    [true, TypeError, "seconds must be a number of seconds, got true"],
  ]);
});

Deno.test("checkInteger() accepts integers of its range, including both ends", () => {
  for (const port of [0, 1, 65535]) checkInteger("port", port, 0, 65535);
  assertRefused((value) => checkInteger("port", value, 0, 65535), [
    [-1, RangeError, "port must be an integer from 0 to 65535, got -1"],
    [65536, RangeError, "port must be an integer from 0 to 65535, got 65536"],
    [80.5, RangeError, "port must be an integer from 0 to 65535, got 80.5"],
    [NaN, RangeError, "port must be an integer from 0 to 65535, got NaN"],
    ["80", TypeError, 'port must be a number, got "80"'],
  ]);
});

Deno.test("checkBound() accepts Infinity and safe integers", () => {
  for (const bound of [1, Number.MAX_SAFE_INTEGER, Infinity]) checkBound("maximum", bound, 1);
  for (const bound of [0, -Infinity, 1.5, 2 ** 53]) {
    assertThrows(() => checkBound("maximum", bound, 1), RangeError, `got ${bound}`);
  }
  assertThrows(() => checkBound("maximum", null, 1), TypeError, "got null");
});
