/**
 * Guards a simulation against code that leaves its virtual time.
 *
 * While a simulation runs, the global functions that read the real time, draw real random numbers,
 * or reach the real network are replaced. A call is reported as a violation. `Date.now()` and
 * `Math.random()` still return values, those of the simulation; the others throw.
 *
 * @module
 */

/** What replaces the global functions. */
export interface VirtualGlobals {
  /** Reports a call. */
  report(api: string, instead: string): void;
  /** Returns the virtual time in milliseconds since 1970. */
  now(): number;
  /** Returns a random number from 0 up to, but not including, 1. */
  random(): number;
}

type Replace = (original: unknown) => unknown;

const TIMER = "callLater() of the host's reactor";
const RANDOM = "the random numbers of the host";
const NETWORK = "the host's reactor";
const SLEEP = "sleep() of the network";

/** The functions that throw, by the object that has them, with what to use instead. */
const FORBIDDEN: readonly [owner: object, name: string, api: string, instead: string][] = [
  [globalThis, "setTimeout", "setTimeout()", TIMER],
  [globalThis, "setInterval", "setInterval()", "a LoopingCall on the host's reactor"],
  [globalThis, "setImmediate", "setImmediate()", TIMER],
  [globalThis, "fetch", "fetch()", NETWORK],
  [globalThis, "WebSocket", "WebSocket", NETWORK],
  [globalThis, "Worker", "Worker", "deferToThread() with a module among taskModules"],
  [AbortSignal, "timeout", "AbortSignal.timeout()", SLEEP],
  [Crypto.prototype, "getRandomValues", "crypto.getRandomValues()", RANDOM],
  [Crypto.prototype, "randomUUID", "crypto.randomUUID()", RANDOM],
  ...["connect", "connectTls", "listen", "listenTls", "resolveDns", "startTls"].map(
    (name): [object, string, string, string] => [Deno, name, `Deno.${name}()`, NETWORK],
  ),
  ...["readFile", "readTextFile", "writeFile", "writeTextFile", "open"].map(
    (name): [object, string, string, string] => [
      Deno,
      name,
      `Deno.${name}()`,
      "a file that the test has read before, or the disk of the host",
    ],
  ),
];

/**
 * Replaces the global functions.
 *
 * @param globals The virtual time and random numbers, and the report of calls.
 * @returns A disposable that restores them.
 */
export function useVirtualGlobals(globals: VirtualGlobals): Disposable {
  const restore: (() => void)[] = [];
  const replace = (owner: object, name: string, by: Replace) => {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name);
    if (descriptor === undefined || !descriptor.configurable) return;
    const value = by(Reflect.get(owner, name));
    Object.defineProperty(owner, name, { configurable: true, writable: true, value });
    restore.push(() => Object.defineProperty(owner, name, descriptor));
  };
  for (const [owner, name, api, instead] of FORBIDDEN) {
    replace(owner, name, () => forbidden(api, instead, globals));
  }
  replace(globalThis, "Date", (original) => virtualDate(original as DateConstructor, globals));
  replace(Math, "random", () => () => {
    globals.report("Math.random()", RANDOM);
    return globals.random();
  });
  replace(Performance.prototype, "now", () => () => {
    globals.report("performance.now()", "seconds() of the host's reactor");
    return globals.now();
  });
  return {
    [Symbol.dispose]: () => {
      for (const f of restore.reverse()) f();
    },
  };
}

/** Returns a function, and a constructor, that reports the call and throws. */
function forbidden(api: string, instead: string, { report }: VirtualGlobals): () => never {
  return function (): never {
    report(api, instead);
    throw new Error(`Cannot use ${api} in a simulation: use ${instead}`);
  };
}

/** Returns a class of dates whose current time is the virtual one. */
function virtualDate(original: DateConstructor, globals: VirtualGlobals): DateConstructor {
  const now = () => {
    globals.report("the current time of Date", "now() of the host");
    return globals.now();
  };
  return new Proxy(original, {
    apply: () => String(new original(now())),
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    get: (target, key) => key === "now" ? now : Reflect.get(target, key),
  });
}
