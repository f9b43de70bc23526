/**
 * Bugs that are planted in a class, for all of its objects.
 *
 * @module
 */

/**
 * Replaces methods of a class, until the result is disposed.
 *
 * @param prototype The prototype of the class.
 * @param methods The new methods. `this` is the object, as in a method of the class.
 * @returns What brings the old methods back.
 */
export function patchClass<T extends object>(
  prototype: T,
  methods: Partial<T> & ThisType<T>,
): Disposable {
  const names = Reflect.ownKeys(methods);
  const inherited = names.filter((name) => !Object.hasOwn(prototype, name));
  if (inherited.length > 0) throw new Error(`Cannot patch ${inherited.join()}: it is inherited`);
  const originals = Object.fromEntries(names.map((name) => [name, Reflect.get(prototype, name)]));
  Object.assign(prototype, methods);
  return { [Symbol.dispose]: () => void Object.assign(prototype, originals) };
}
