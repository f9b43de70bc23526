/**
 * Guards a simulation against code that leaves its virtual time.
 *
 * While a simulation runs, the global functions that read the real time, draw real random numbers,
 * or wait for the real world are replaced. A call is reported as a violation. `Date.now()`,
 * `performance.now()` and `Math.random()` still return values, those of the simulation; the others
 * throw.
 *
 * A reference that was taken before the simulation, as `const { now } = Date` in a module, cannot
 * be replaced, nor can functions that are imported from `node:` modules. The guide "Testing" lists
 * all that is not reported.
 *
 * @module
 */

/** What replaces the global functions. */
export interface VirtualGlobals {
  /**
   * Reports a call.
   *
   * @param api The function that was called: `setTimeout()`.
   * @param instead What to use in its place.
   * @param caller The place of the call, from the stack.
   */
  report(api: string, instead: string, caller: string): void;
  /** Returns the virtual time in milliseconds since 1970. */
  now(): number;
  /** Returns a random number from 0 up to, but not including, 1. */
  random(): number;
}

const TIMER = "callLater() of the host's reactor";
const SECONDS = "seconds() of the host's reactor";
const DATE = "now() of the host";
const RANDOM = "the random numbers of the host";
const NETWORK = "the host's reactor";
const FILE = "a file that the test has read before, or the disk of the host";
const BEFORE = "a value that the test has made before";

/** Functions that throw: the object that has them, its name, what to use instead, their names. */
type Forbidden = readonly [owner: object, prefix: string, instead: string, names: string[]];

const forbiddenFunctions = (): readonly Forbidden[] => [
  [globalThis, "", TIMER, ["setTimeout", "setImmediate"]],
  [globalThis, "", "a LoopingCall on the host's reactor", ["setInterval"]],
  [globalThis, "", NETWORK, ["fetch", "WebSocket", "EventSource", "BroadcastChannel"]],
  [globalThis, "", TIMER, ["MessageChannel"]],
  [globalThis, "", "deferToThread() with a module among taskModules", ["Worker"]],
  [AbortSignal, "AbortSignal.", "sleep() of the network", ["timeout"]],
  [Atomics, "Atomics.", TIMER, ["wait", "waitAsync"]],
  [Crypto.prototype, "crypto.", RANDOM, ["getRandomValues", "randomUUID"]],
  [SubtleCrypto.prototype, "crypto.subtle.", BEFORE, methodsOf(SubtleCrypto.prototype)],
  [optional("WebAssembly"), "WebAssembly.", BEFORE, ["compile", "instantiate"]],
  [temporalNow(), "Temporal.Now.", DATE, methodsOf(temporalNow())],
  [Performance.prototype, "performance.", SECONDS, ["mark", "measure"]],
  [globalThis.process, "process.", SECONDS, ["hrtime", "uptime"]],
  [globalThis.process.hrtime, "process.hrtime.", SECONDS, ["bigint"]],
  [Deno, "Deno.", NETWORK, [
    ...["connect", "connectTls", "listen", "listenDatagram", "listenTls", "resolveDns"],
    ...["serve", "startTls", "upgradeWebSocket"],
  ]],
  [Deno, "Deno.", BEFORE, ["loadavg", "memoryUsage", "osUptime", "systemMemoryInfo"]],
  [Deno, "Deno.", "addSignalHandler() of the host's reactor", ["addSignalListener"]],
  [Deno, "Deno.", "another simulated host", ["Command", "spawn", "spawnAndWait"]],
  [Deno, "Deno.", FILE, FILE_FUNCTIONS.flatMap((name) => [name, `${name}Sync`])],
];

const FILE_FUNCTIONS = [
  ...["chmod", "chown", "copyFile", "create", "link", "lstat", "makeTempDir", "makeTempFile"],
  ...["mkdir", "open", "readDir", "readFile", "readLink", "readTextFile", "realPath", "remove"],
  ...["rename", "stat", "symlink", "truncate", "utime", "watchFs", "writeFile", "writeTextFile"],
];

/** Returns what replaces a property; `null` if the property cannot be replaced. */
type Replace = (original: PropertyDescriptor, owner: object) => PropertyDescriptor | null;

/** The properties to replace: those of objects that exist for the whole process. */
type Plan = readonly (readonly [owner: object, name: string, replace: Replace])[];

/** The simulation that runs; `null` if none does. */
let current: VirtualGlobals | null = null;
let plan: Plan | null = null;

/**
 * Replaces the global functions.
 *
 * @param globals The virtual time and random numbers, and the report of calls.
 * @returns A disposable that restores them.
 */
export function useVirtualGlobals(globals: VirtualGlobals): Disposable {
  plan ??= makePlan();
  current = globals;
  const replaced: [owner: object, name: string, original: PropertyDescriptor][] = [];
  for (const [owner, name, replace] of plan) {
    // A test may have replaced a function since the last simulation, and must find it again.
    const original = Object.getOwnPropertyDescriptor(owner, name);
    if (original === undefined || !original.configurable) continue;
    const replacement = replace(original, owner);
    if (replacement === null) continue;
    Object.defineProperty(owner, name, replacement);
    replaced.push([owner, name, original]);
  }
  return {
    [Symbol.dispose]: () => {
      current = null;
      for (const [owner, name, original] of replaced) {
        Object.defineProperty(owner, name, original);
      }
    },
  };
}

function makePlan(): Plan {
  const all = forbiddenFunctions().flatMap(([owner, prefix, instead, names]) =>
    names.map((name) =>
      [owner, name, method((f) => forbidden(`${prefix}${name}`, instead, f))] as const
    )
  );
  const dates = once(virtualDate);
  const formats = Intl.DateTimeFormat.prototype;
  return [
    ...all,
    [globalThis, "Date", method(dates)],
    [Date.prototype, "constructor", method(dates)],
    [
      Math,
      "random",
      method((original) => () => {
        if (current === null) return Reflect.apply(original, Math, []);
        return reported(current, "Math.random()", RANDOM).random();
      }),
    ],
    [
      Performance.prototype,
      "now",
      method((original) =>
        function (this: unknown): unknown {
          if (current === null) return Reflect.apply(original, this, []);
          return reported(current, "performance.now()", SECONDS).now();
        }
      ),
    ],
    [
      Performance.prototype,
      "timeOrigin",
      getter((original) =>
        function (this: unknown): unknown {
          if (current === null) return Reflect.apply(original, this, []);
          reported(current, "performance.timeOrigin", SECONDS);
          return 0;
        }
      ),
    ],
    [
      formats,
      "format",
      getter((original) =>
        function (this: unknown): unknown {
          const format: unknown = Reflect.apply(original, this, []);
          return isFunction(format) ? withDate("format()", format) : format;
        }
      ),
    ],
    [formats, "formatToParts", method((original) => withDate("formatToParts()", original))],
  ];
}

/** Returns a function that replaces a function, or a getter that makes one when first read. */
function method(replace: (original: AnyFunction) => unknown): Replace {
  const replaced = once(replace);
  const values = new WeakMap<AnyFunction, unknown>();
  return ({ value, get, enumerable = false }, owner) => {
    const original: unknown = get === undefined ? value : lazyValue(values, owner, get);
    if (!isFunction(original)) return null;
    return { configurable: true, enumerable, writable: true, value: replaced(original) };
  };
}

/** Returns the value of a getter of a global class, which the host loads when it is first read. */
function lazyValue(
  values: WeakMap<AnyFunction, unknown>,
  owner: object,
  get: AnyFunction,
): unknown {
  if (!values.has(get)) values.set(get, Reflect.apply(get, owner, []));
  return values.get(get);
}

/** Returns a function that replaces the getter of a property. */
function getter(replace: (original: AnyFunction) => AnyFunction): Replace {
  const replaced = once(replace);
  return ({ get, enumerable = false }) =>
    get === undefined ? null : { configurable: true, enumerable, get: replaced(get) };
}

/** Calls a function once for each argument: a search runs thousands of simulations. */
function once<T>(make: (original: AnyFunction) => T): (original: AnyFunction) => T {
  const made = new WeakMap<AnyFunction, T>();
  return (original) => {
    const former = made.get(original);
    if (former !== undefined) return former;
    const value = make(original);
    made.set(original, value);
    return value;
  };
}

type AnyFunction = (...args: unknown[]) => unknown;

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === "function";
}

/** Returns a method of a date format that reports a call without a date, and uses virtual time. */
function withDate(api: string, original: AnyFunction): AnyFunction {
  return function (this: unknown, date: unknown): unknown {
    if (date !== undefined || current === null) return Reflect.apply(original, this, [date]);
    const globals = reported(current, `${api} of Intl.DateTimeFormat without a date`, DATE);
    return Reflect.apply(original, this, [globals.now()]);
  };
}

/**
 * Returns a function, and a constructor, that reports the call and throws. After the simulation, it
 * does what the original does: the program may have kept it.
 */
function forbidden(api: string, instead: string, original: AnyFunction): AnyFunction {
  const report = (name: string) => {
    if (current === null) return;
    reported(current, name, instead);
    throw new Error(`Cannot use ${name} in a simulation: use ${instead}`);
  };
  return new Proxy(original, {
    apply: (target, self, args) => {
      report(`${api}()`);
      return Reflect.apply(target, self, args);
    },
    construct: (target, args, newTarget) => {
      report(`new ${api}()`);
      // The target of a `new` expression is an object.
      return Reflect.construct(target, args, newTarget) as object;
    },
  });
}

/** Returns a class of dates whose current time is the virtual one. */
function virtualDate(value: AnyFunction): DateConstructor {
  // The value of the global variable `Date`, or a fake of it.
  const original = value as unknown as DateConstructor;
  const now = () => {
    if (current === null) return original.now();
    return reported(current, "the current time of Date", DATE).now();
  };
  return new Proxy(original, {
    apply: () => String(new original(now())),
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, key) => key === "now" ? now : Reflect.get(target, key),
  });
}

/** Reports a call to the simulation that runs, and returns the simulation. */
function reported(globals: VirtualGlobals, api: string, instead: string): VirtualGlobals {
  const stack = new Error().stack?.split("\n").slice(1) ?? [];
  const caller = stack.find((line) => !/\/simulation\/virtual_globals\.ts:|\(ext:/.test(line));
  globals.report(api, instead, caller?.trim() ?? "at an unknown place");
  return globals;
}

function methodsOf(owner: object): string[] {
  return Object.getOwnPropertyNames(owner).filter((name) => name !== "constructor");
}

/** Returns the object `Temporal.Now`; an empty one on a host without it. */
function temporalNow(): object {
  const now: unknown = Reflect.get(optional("Temporal"), "Now");
  return typeof now === "object" && now !== null ? now : {};
}

/** Returns a global object; an empty one on a host without it. */
function optional(name: string): object {
  const value: unknown = Reflect.get(globalThis, name);
  return typeof value === "object" && value !== null ? value : {};
}
