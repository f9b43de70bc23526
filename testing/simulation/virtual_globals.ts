/**
 * Guards a simulation against code that leaves its virtual time.
 *
 * While a simulation runs, the global functions that read the real time, draw real random numbers,
 * or wait for the real world are replaced. A call is reported as a violation. `Date.now()`,
 * `performance.now()` and `Math.random()` still return values, those of the simulation; the others
 * throw.
 *
 * A reference that was taken before the simulation, as `const { now } = Date` in a module, cannot
 * be replaced, nor can functions that are imported from `node:` modules.
 *
 * @module
 */

/** The time and the random numbers that replace those of the host. */
export interface VirtualGlobals {
  /**
   * Reports a call.
   *
   * @param api The function that was called: `setTimeout()`.
   * @param instead The name of its replacement.
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
  [temporalNow(), "Temporal.Now.", "now() of the host", methodsOf(temporalNow())],
  [globalThis.process, "process.", SECONDS, ["hrtime", "uptime"]],
  [globalThis.process.hrtime, "process.hrtime.", SECONDS, ["bigint"]],
  [Deno, "Deno.", NETWORK, [
    ...["connect", "connectTls", "listen", "listenDatagram", "listenTls", "resolveDns"],
    ...["serve", "startTls", "upgradeWebSocket"],
  ]],
  [Deno, "Deno.", "addSignalHandler() of the host's reactor", ["addSignalListener"]],
  [Deno, "Deno.", "another simulated host", ["Command", "spawn", "spawnAndWait"]],
  [Deno, "Deno.", FILE, [
    ...["chmod", "chown", "copyFile", "create", "link", "lstat", "makeTempDir", "makeTempFile"],
    ...["mkdir", "open", "readDir", "readFile", "readLink", "readTextFile", "realPath", "remove"],
    ...["rename", "stat", "symlink", "truncate", "utime", "watchFs", "writeFile", "writeTextFile"],
  ]],
];

/** One property to replace. */
interface Replacement {
  readonly owner: object;
  readonly name: string;
  readonly replacement: PropertyDescriptor;
}

/** The simulation that runs; `null` if none does. */
let current: VirtualGlobals | null = null;
let replacements: readonly Replacement[] | null = null;

/**
 * Replaces the global functions.
 *
 * @param globals The virtual time and random numbers, and the report of calls.
 * @returns A disposable that restores them.
 */
export function useVirtualGlobals(globals: VirtualGlobals): Disposable {
  // The replacements are made once: a search runs thousands of simulations.
  replacements ??= makeReplacements();
  // The originals are read each time: a fake of the time may be in their place.
  const restored = replacements.map(
    ({ owner, name, replacement }): [object, string, PropertyDescriptor] => {
      // The property exists, or there would be no replacement.
      const original = Object.getOwnPropertyDescriptor(owner, name) ?? replacement;
      Object.defineProperty(owner, name, replacement);
      return [owner, name, original];
    },
  );
  current = globals;
  return {
    [Symbol.dispose]: () => {
      current = null;
      for (const property of restored) Object.defineProperty(...property);
    },
  };
}

function makeReplacements(): Replacement[] {
  const date = virtualDate(Date);
  const all = forbiddenFunctions().flatMap(([owner, prefix, instead, names]) =>
    names.map((name) =>
      replacementOf(owner, name, (original) => forbidden(`${prefix}${name}`, instead, original))
    )
  );
  return [
    ...all,
    replacementOf(globalThis, "Date", () => date),
    replacementOf(Date.prototype, "constructor", () => date),
    replacementOf(Math, "random", (original) => () => {
      if (current === null) return Reflect.apply(original, Math, []);
      return reported(current, "Math.random()", RANDOM).random();
    }),
    replacementOf(Performance.prototype, "now", (original) =>
      function (this: unknown): unknown {
        if (current === null) return Reflect.apply(original, this, []);
        return reported(current, "performance.now()", SECONDS).now();
      }),
  ].filter((replacement) => replacement !== null);
}

/** Returns the replacement of a function; `null` if the host does not have or permit it. */
function replacementOf(
  owner: object,
  name: string,
  replace: (original: AnyFunction) => unknown,
): Replacement | null {
  const original = Object.getOwnPropertyDescriptor(owner, name);
  if (original === undefined || !original.configurable) return null;
  const value: unknown = Reflect.get(owner, name);
  if (!isFunction(value)) return null;
  const replacement = { ...original, value: replace(value), writable: true };
  delete replacement.get;
  delete replacement.set;
  return { owner, name, replacement };
}

type AnyFunction = (...args: unknown[]) => unknown;

function isFunction(value: unknown): value is AnyFunction {
  return typeof value === "function";
}

/**
 * Returns a function, and a constructor, that reports the call and throws. After the simulation, it
 * calls the original: the program may have kept a reference.
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
function virtualDate(original: DateConstructor): DateConstructor {
  const now = () => {
    if (current === null) return original.now();
    return reported(current, "the current time of Date", "now() of the host").now();
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
