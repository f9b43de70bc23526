import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotInstanceOf,
  assertNotMatch,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  fail,
  unreachable,
} from "@std/assert";

/** Whether the assertion `f` makes holds. Anything but an AssertionError goes through. */
function holds(f: () => void): boolean {
  try {
    f();
    return true;
  } catch (error) {
    if (error instanceof AssertionError) return false;
    throw error;
  }
}

function check(expected: boolean, ...assertions: (() => void)[]): void {
  for (const f of assertions) {
    if (holds(f) !== expected) throw new Error(`${f} should ${expected ? "hold" : "fail"}`);
  }
}

class Celsius {
  #degrees: number;
  constructor(degrees: number) {
    this.#degrees = degrees;
  }
  get degrees(): number {
    return this.#degrees;
  }
}

class Kelvin extends Celsius {}

Deno.test("assertEquals() compares plain data deeply", () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;
  const sameCircular: { self?: unknown } = {};
  sameCircular.self = sameCircular;
  check(
    true,
    () => assertEquals({ a: [1, { b: "c" }] }, { a: [1, { b: "c" }] }),
    () => assertEquals(NaN, NaN),
    () => assertEquals(0, -0),
    () => assertEquals({ a: [0] }, { a: [-0] }),
    () => assertEquals(circular, sameCircular),
    () => assertEquals<object>({ a: 1 }, Object.assign(Object.create(null), { a: 1 })),
    () => assertEquals(Symbol.iterator, Symbol.iterator),
  );
  check(
    false,
    () => assertEquals<unknown>(1, "1"),
    () => assertEquals<unknown>(null, undefined),
    () => assertEquals<object>({ a: undefined }, {}),
    () => assertEquals([1, 2], [2, 1]),
    () => assertEquals<unknown>([], {}),
    () => assertEquals<object>({ a: 1 }, { a: 1, b: 2 }),
    () => assertEquals({ [Symbol.iterator]: 1 }, { [Symbol.iterator]: 2 }),
    () => assertEquals(() => 1, () => 1),
  );
});

Deno.test("assertEquals() compares built-in objects by their contents", () => {
  check(
    true,
    () => assertEquals(new Uint8Array([1, 2]), new Uint8Array([1, 2])),
    () => assertEquals(new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2]).buffer),
    () => assertEquals(new Float64Array([0]), new Float64Array([-0])),
    () => assertEquals(new Date(5), new Date(5)),
    () => assertEquals(/a/g, /a/g),
    () => assertEquals(new URL("http://a/b"), new URL("http://a/b")),
    () => assertEquals(new Map([[{ k: 1 }, [1]]]), new Map([[{ k: 1 }, [1]]])),
    () => assertEquals(new Set([[1], [2]]), new Set([[2], [1]])),
  );
  check(
    false,
    () => assertEquals(new Uint8Array([1, 2]), new Uint8Array([1, 3])),
    () => assertEquals(new Uint8Array([1, 2]), new Uint8Array([1, 2, 3])),
    () => assertEquals<unknown>(new Uint8Array([1]), new Int8Array([1])),
    () => assertEquals<unknown>(new Uint8Array([1]), [1]),
    () => assertEquals(new Uint8Array([1, 2]).buffer, new Uint8Array([1, 3]).buffer),
    () => assertEquals(new Date(5), new Date(6)),
    () => assertEquals(/a/g, /a/i),
    () => assertEquals(new URL("http://a/b"), new URL("http://a/c")),
    () => assertEquals(new Map([["k", 1]]), new Map([["k", 2]])),
    () => assertEquals(new Set([1]), new Set([2])),
  );
});

Deno.test("assertEquals() compares instances by class and by the values of their getters", () => {
  check(true, () => assertEquals(new Celsius(1), new Celsius(1)));
  check(
    false,
    () => assertEquals(new Celsius(1), new Celsius(2)),
    () => assertEquals(new Celsius(1), new Kelvin(1)),
    () => assertEquals([new Kelvin(1)], [new Kelvin(2)]),
    () => assertEquals<unknown>(new Celsius(1), { degrees: 1 }),
    () => assertEquals(new Error("a"), new Error("b")),
  );
});

Deno.test("assertNotEquals() and the strict assertions throw for equal or different values", () => {
  const value = {};
  check(
    true,
    () => assertNotEquals({ a: 1 }, { a: 2 }),
    () => assertStrictEquals(value, value),
    () => assertStrictEquals(NaN, NaN),
    () => assertNotStrictEquals(value, {}),
    () => assertNotStrictEquals(0, -0),
  );
  check(
    false,
    () => assertNotEquals({ a: 1 }, { a: 1 }),
    () => assertStrictEquals(value, {}),
    () => assertStrictEquals(0, -0),
    () => assertNotStrictEquals(value, value),
  );
});

Deno.test("assert() and the assertions on class and order throw for a wrong value", () => {
  check(
    true,
    () => assert(1),
    () => assertFalse(""),
    () => assertExists(0),
    () => assertInstanceOf(new Kelvin(1), Celsius),
    () => assertNotInstanceOf(new Celsius(1), Kelvin),
    () => assertGreater(2, 1),
    () => assertGreaterOrEqual(2, 2),
    () => assertLess(1, 2),
    () => assertLessOrEqual(2, 2),
    () => assertAlmostEquals(0.1 + 0.2, 0.3),
    () => assertAlmostEquals(10, 11, 1),
    () => assertAlmostEquals(Infinity, Infinity),
  );
  check(
    false,
    () => assert(0),
    () => assertFalse("x"),
    () => assertExists(undefined),
    () => assertExists(null),
    () => assertInstanceOf(new Celsius(1), Kelvin),
    () => assertNotInstanceOf(new Kelvin(1), Celsius),
    () => assertGreater(2, 2),
    () => assertGreaterOrEqual(1, 2),
    () => assertLess(2, 2),
    () => assertLess(NaN, 2),
    () => assertLessOrEqual(3, 2),
    () => assertAlmostEquals(1, 1.1),
    () => assertAlmostEquals(10, 12, 1),
    () => fail("reason"),
    () => unreachable(),
  );
});

Deno.test("assertStringIncludes() and similar assertions throw for missing contents", () => {
  const circular: { self?: unknown } = {};
  circular.self = circular;
  check(
    true,
    () => assertStringIncludes("abc", "b"),
    () => assertMatch("abc", /b./),
    () => assertNotMatch("abc", /d/),
    () => assertArrayIncludes([{ a: 1 }, { a: 2 }], [{ a: 2 }]),
    () => assertObjectMatch({ a: { b: 1, c: 2 }, d: 3 }, { a: { b: 1 } }),
    () => assertObjectMatch({ list: [{ a: 1, b: 2 }] }, { list: [{ a: 1 }] }),
    () => assertObjectMatch({ e: new Kelvin(1) }, { e: {} }),
    () => assertObjectMatch({ s: new Set([1, 2]) }, { s: new Set([1]) }),
    () => assertObjectMatch(circular, circular),
  );
  check(
    false,
    () => assertStringIncludes("abc", "d"),
    () => assertMatch("abc", /d/),
    () => assertNotMatch("abc", /b/),
    () => assertArrayIncludes([1, 2], [2, 3]),
    () => assertObjectMatch({ a: { b: 1 } }, { a: { b: 2 } }),
    () => assertObjectMatch({ a: 1 }, { a: 1, b: undefined }),
    () => assertObjectMatch({ list: [{ a: 1 }] }, { list: [{ a: 2 }] }),
  );
});

Deno.test("assertThrows() returns the thrown error, and checks its class and message", () => {
  const boom = (): never => {
    throw new RangeError("boom at 5");
  };
  const throwText = (): never => {
    const text: unknown = "text";
    throw text;
  };
  const error: RangeError = assertThrows(boom, RangeError, "boom");
  assertEquals(error.message, "boom at 5");
  assertEquals(assertThrows(throwText), "text");
  check(true, () => assertThrows(boom, Error), () => assertThrows(boom, "only a message"));
  check(
    false,
    () => assertThrows(() => 1),
    () => assertThrows(boom, TypeError),
    () => assertThrows(boom, RangeError, "bang"),
    () => assertThrows(throwText, Error),
  );
});

Deno.test("assertRejects() resolves with the reason, and checks its class and message", async () => {
  const boom = (): Promise<never> => Promise.reject(new RangeError("boom at 5"));
  const error: RangeError = await assertRejects(boom, RangeError, "boom");
  assertEquals(error.message, "boom at 5");
  assertEquals(await assertRejects(() => Promise.reject("text")), "text");
  const failures = [
    assertRejects(() => Promise.resolve(1)),
    assertRejects(boom, TypeError),
    assertRejects(boom, RangeError, "bang"),
    assertRejects(() => Promise.reject("text"), Error),
    assertRejects(() => {
      throw new RangeError("boom");
    }, RangeError),
  ];
  for (const result of await Promise.allSettled(failures)) {
    assert(result.status === "rejected" && result.reason instanceof AssertionError);
  }
});

Deno.test("assertIsError() checks an error's class and its message, by text or pattern", () => {
  const error: unknown = new RangeError("boom at 5");
  check(
    true,
    () => assertIsError(error),
    () => assertIsError(error, RangeError, "boom"),
    () => assertIsError(error, Error, /at \d/),
  );
  check(
    false,
    () => assertIsError("boom"),
    () => assertIsError(error, TypeError),
    () => assertIsError(error, RangeError, /bang/),
  );
});

Deno.test("AssertionError contains the message that the caller passed", () => {
  const error = assertThrows(() => assertEquals(1, 2, "the reason"), AssertionError, "the reason");
  assertEquals(error.name, "AssertionError");
  assertInstanceOf(error, Error);
  const cause = new Error("cause");
  assertStrictEquals(new AssertionError("x", { cause }).cause, cause);
  assertThrows(() => assert(false, "this"), AssertionError, "this");
});
