/**
 * Bugs that are planted in a class of the library, for all of its objects.
 *
 * @module
 */

/** The names of the methods of an object. */
type MethodName<T> = { [K in keyof T]: T[K] extends (...args: never) => unknown ? K : never }[
  keyof T
];

/**
 * Replaces a method of a class until the result is disposed.
 *
 * @param prototype The prototype of the class.
 * @param name The name of the method.
 * @param replace Returns the new method. Its argument is the old one.
 * @returns What brings the old method back.
 */
export function patchMethod<T extends object, K extends MethodName<T>>(
  prototype: T,
  name: K,
  replace: (original: T[K]) => T[K],
): Disposable {
  const original = prototype[name];
  prototype[name] = replace(original);
  return {
    [Symbol.dispose]: () => {
      prototype[name] = original;
    },
  };
}
