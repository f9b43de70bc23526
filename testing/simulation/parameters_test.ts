import { assertEquals, assertThrows } from "@std/assert";
import { Parameters } from "./parameters.ts";

Deno.test("Parameters.declare() returns the given value in place of the scenario's, if there is one", () => {
  const parameters = new Parameters({ hosts: 3, bytes: 0 });
  assertEquals(
    [
      parameters.declare("hosts", 10, 2),
      parameters.declare("bytes", 100, 5),
      parameters.declare("toString", 7, 1),
      parameters.declare("hosts", 10, 2),
    ],
    [3, 5, 7, 3],
  );
  assertEquals([...parameters.declared], [
    ["hosts", { value: 3, least: 2 }],
    ["bytes", { value: 5, least: 5 }],
    ["toString", { value: 7, least: 1 }],
  ]);
});

Deno.test("Parameters.declare() throws for values that are no integers, or contradict each other", () => {
  const parameters = new Parameters({});
  parameters.declare("n", 5, 1);
  const wrong: [args: [string, number, number], message: string][] = [
    [["x", 1.5, 1], 'parameter("x") value must be an integer'],
    [["x", NaN, 1], 'parameter("x") value must be an integer'],
    [["x", 1, 2], 'parameter("x") least must be an integer from -9007199254740991 to 1, got 2'],
    [
      ["n", 6, 1],
      'Cannot declare parameter("n") again: it has the value 5 and the least value 1, got 6 and 1',
    ],
    [["n", 5, 2], 'Cannot declare parameter("n") again'],
  ];
  for (const [args, message] of wrong) {
    assertThrows(() => parameters.declare(...args), RangeError, message);
  }
  // @ts-expect-error: the error for a value of another type is tested
  assertThrows(() => parameters.declare(7, 1, 1), TypeError, "parameter() name must be a string");
  // @ts-expect-error: the error for a value of another type is tested
  assertThrows(() => parameters.declare("x", "1", 1), TypeError, 'parameter("x") value must be');
});
