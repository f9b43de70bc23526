/**
 * `@std/assert` and `node:assert` agree on what equality in depth means for plain data and part
 * ways elsewhere: the former holds 0 and -0, and `{}` with and without a prototype, for equal, and
 * compares what an object's getters say, which is all there is to see of one with private fields.
 *
 * So values go to Node's comparison as a copy that shows what `@std/assert` looks at.
 */

/** Fake clocks replace the global; a copied date must not depend on whose class made it. */
const NativeDate = Date;

/** A copy of `value` that Node's strict deep equality judges as `@std/assert` judges `value`. */
export function structureOf(value: unknown): unknown {
  return copy(value, new Map());
}

function copy(value: unknown, seen: Map<object, unknown>): unknown {
  if (value === 0) return 0;
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  if (value instanceof NativeDate) return new NativeDate(value.getTime());
  if (value instanceof WeakRef) return copy(value.deref(), seen);
  // Adding 0 turns -0 into 0 and nothing else into another number.
  if (value instanceof Float64Array) return Float64Array.from(value, (item) => item + 0);
  if (value instanceof Float32Array) return Float32Array.from(value, (item) => item + 0);
  if (isOpaque(value)) return value;
  if (value instanceof Map) return copyMap(value, seen);
  if (value instanceof Set) return copySet(value, seen);
  return copyObject(value, seen);
}

/** Values that Node compares by what they hold inside, where no property shows it. */
function isOpaque(value: object): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer ||
    value instanceof SharedArrayBuffer || value instanceof RegExp ||
    value instanceof URL ||
    value instanceof URLSearchParams || value instanceof String ||
    value instanceof Number ||
    value instanceof Boolean || value instanceof WeakMap ||
    value instanceof WeakSet;
}

function copyMap(
  value: Map<unknown, unknown>,
  seen: Map<object, unknown>,
): unknown {
  const result = new Map<unknown, unknown>();
  seen.set(value, result);
  for (const [key, item] of value) {
    result.set(copy(key, seen), copy(item, seen));
  }
  return Object.setPrototypeOf(result, Object.getPrototypeOf(value));
}

function copySet(value: Set<unknown>, seen: Map<object, unknown>): unknown {
  const result = new Set<unknown>();
  seen.set(value, result);
  for (const item of value) result.add(copy(item, seen));
  return Object.setPrototypeOf(result, Object.getPrototypeOf(value));
}

function copyObject(value: object, seen: Map<object, unknown>): unknown {
  const prototype = Object.getPrototypeOf(value) ?? Object.prototype;
  const result: object = Array.isArray(value)
    ? Object.setPrototypeOf(new Array(value.length), prototype)
    : Object.create(prototype);
  seen.set(value, result);
  const isPlain = prototype === Object.prototype ||
    prototype === Array.prototype;
  for (const key of isPlain ? enumerableKeys(value) : visibleKeys(value)) {
    Object.defineProperty(result, key, {
      value: copy(Reflect.get(value, key), seen),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result;
}

function enumerableKeys(value: object): PropertyKey[] {
  return Reflect.ownKeys(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key)
  );
}

/** The keys of a class's instance: every one of its own, and the getters that it inherits. */
function visibleKeys(value: object): Set<PropertyKey> {
  const keys = new Set<PropertyKey>(Reflect.ownKeys(value));
  let prototype = Object.getPrototypeOf(value);
  while (
    prototype !== null && prototype !== Object.prototype &&
    prototype !== Array.prototype
  ) {
    for (const key of Reflect.ownKeys(prototype)) {
      if (Object.getOwnPropertyDescriptor(prototype, key)?.get !== undefined) {
        keys.add(key);
      }
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  if (Array.isArray(value)) keys.delete("length");
  return keys;
}
