import { inspect } from "node:util";
import { failWith } from "./assertion_error.ts";
import { assertEquals, equal } from "./equality.ts";

/** An array or what is indexed like one; not a string. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/** `actual` has, for each item of `expected`, one that is equal in depth. */
export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const items = Array.from(actual);
  const missing = Array.from(expected).filter((item) => !items.some((each) => equal(each, item)));
  if (missing.length > 0) {
    failWith(`Expected ${inspect(actual)} to include ${inspect(missing)}`, msg);
  }
}

/** `actual` contains `expected`. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  failWith(`Expected ${inspect(actual)} to contain ${inspect(expected)}`, msg);
}

/** `actual` matches `expected`. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (!expected.test(actual)) {
    failWith(`Expected ${inspect(actual)} to match ${expected}`, msg);
  }
}

/** `actual` does not match `expected`. */
export function assertNotMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) {
    failWith(`Expected ${inspect(actual)} not to match ${expected}`, msg);
  }
}

/**
 * Every property that `expected` has, at any depth, has an equal in `actual`; `actual` may have
 * more.
 */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any -- so that an interface without index signature is accepted
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals(common(actual, expected), common(expected, expected), msg);
}

/**
 * What of `value` is also named in `pattern`, as plain objects: of an array, as many items; of a
 * map or set, the shared keys. `open` has the pairs inside which we are: circles end where they
 * meet one.
 */
function common(value: unknown, pattern: unknown, open = new Map<unknown, unknown>()): unknown {
  if (!isObject(value) || !isObject(pattern)) return value;
  if (open.has(value) && open.get(value) === pattern) return value;
  open.set(value, pattern);
  const result = commonPart(value, pattern, open);
  open.delete(value);
  return result;
}

function commonPart(value: object, pattern: object, open: Map<unknown, unknown>): unknown {
  if (Array.isArray(value) && Array.isArray(pattern)) {
    return value.slice(0, pattern.length).map((item, index) => common(item, pattern[index], open));
  }
  if (value instanceof Map && pattern instanceof Map) {
    const shared = [...value].filter(([key]) => pattern.has(key));
    return new Map(shared.map(([key, item]) => [key, common(item, pattern.get(key), open)]));
  }
  if (value instanceof Set && pattern instanceof Set) return value.intersection(pattern);
  if (isWhole(value) || isWhole(pattern)) return value;
  const result: Record<PropertyKey, unknown> = {};
  for (const key of Reflect.ownKeys(pattern)) {
    if (Object.hasOwn(value, key)) {
      result[key] = common(Reflect.get(value, key), Reflect.get(pattern, key), open);
    }
  }
  return result;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Whether `value` is compared as a whole, rather than property by property. */
function isWhole(value: object): boolean {
  return Array.isArray(value) || value instanceof Date || value instanceof RegExp ||
    value instanceof Map || value instanceof Set || ArrayBuffer.isView(value);
}
