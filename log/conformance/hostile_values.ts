/** Values that break code which formats, copies or compares them without care. For tests. */

function boom(): never {
  throw new Error("hostile");
}

/** An error of which one property throws when it is read. */
function withThrowing(key: PropertyKey): Error {
  return Object.defineProperty(new Error("boom"), key, { get: boom });
}

function revoked<T extends object>(target: T): T {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

function nested(wrap: (inner: Error) => Error): Error {
  let error = new Error("innermost");
  for (let i = 0; i < 7000; i++) error = wrap(error);
  return error;
}

function circular(): Error {
  const error = new Error("circle");
  error.cause = error;
  return error;
}

/** @returns The values, each with its name, made anew. */
export function hostileValues(): [name: string, value: unknown][] {
  const everyTrap = new Proxy({}, { get: () => boom });
  return [
    ["undefined", undefined],
    ["null", null],
    ["a symbol", Symbol("s")],
    ["a bigint", 5n],
    ["a text that steers terminals", "\x1b[2J\r\n\x85\u2028"],
    ["an object without a prototype", Object.create(null)],
    ["an object whose toString() throws", { toString: boom }],
    ["an object whose toString() returns an object", { toString: () => ({}) }],
    ["an object whose Symbol.toPrimitive throws", { [Symbol.toPrimitive]: boom }],
    ["an object whose constructor throws", Object.defineProperty({}, "constructor", { get: boom })],
    ["an object whose then throws", Object.defineProperty({}, "then", { get: boom })],
    ["an object that cannot be inspected", { [Symbol.for("Deno.customInspect")]: boom }],
    ["a function whose name throws", Object.defineProperty(() => {}, "name", { get: boom })],
    [
      "a class whose Symbol.hasInstance throws",
      class {
        static [Symbol.hasInstance]: () => boolean = boom;
      },
    ],
    ["a revoked proxy of an error", revoked(new Error("boom"))],
    ["a revoked proxy of a function", revoked(() => {})],
    ["a revoked proxy of an array", revoked([])],
    ["a proxy whose every trap throws", new Proxy(new Error("boom"), everyTrap)],
    ["a frozen error", Object.freeze(new Error("boom"))],
    ...["stack", "message", "name", "cause", "toString", "constructor", Symbol.toPrimitive]
      .map((key): [string, unknown] => [`an error whose ${String(key)} throws`, withThrowing(key)]),
    ["an error whose message is an object", Object.assign(new Error(), { message: {} })],
    [
      "an error whose message has no text",
      Object.assign(new Error(), {
        message: Object.create(null),
      }),
    ],
    ["an error whose stack is a symbol", Object.assign(new Error("boom"), { stack: Symbol() })],
    [
      "an error with a revoked proxy as its prototype",
      Object.setPrototypeOf(
        new Error("boom"),
        revoked({}),
      ),
    ],
    ["an error with 7,000 causes", nested((cause) => new Error("outer", { cause }))],
    ["7,000 aggregates", nested((inner) => new AggregateError([inner], "outer"))],
    [
      "an aggregate with revoked errors",
      Object.assign(new AggregateError([]), {
        errors: revoked([]),
      }),
    ],
    ["an error that is its own cause", circular()],
  ];
}
