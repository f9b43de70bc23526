// Errors in the reactor's loop itself. After each of them, the next wake-up must still be set.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { addObserver, removeObserver } from "../../log/mod.ts";
import { DenoReactor } from "../drivers/deno/reactor.ts";
import { MicrotaskQueue } from "./microtask_queue.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";

/** Replaces a property of the global object until disposal. */
function replaced<K extends "setTimeout" | "clearTimeout" | "Date">(
  name: K,
  value: unknown,
): Disposable {
  const before = globalThis[name];
  Object.assign(globalThis, { [name]: value });
  return { [Symbol.dispose]: () => void Object.assign(globalThis, { [name]: before }) };
}

function fault(): never {
  throw new Error("fault");
}

/** Returns a Date class with the given `now()`. */
function dateWith(now: () => number): DateConstructor {
  return Object.assign(class extends Date {}, { now }) as unknown as DateConstructor;
}

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const thrown: Record<string, () => unknown> = {
  "an Error": () => new Error("fault"),
  undefined: () => undefined,
  "a symbol": () => Symbol("fault"),
  "a revoked proxy": revoked,
  "an error whose getters throw": () =>
    Object.defineProperties(new Error("fault"), { stack: { get: fault }, message: { get: fault } }),
};

/** Causes a fault. Disposing the result ends it. */
type Fault = (reactor: DenoReactor) => Disposable | void;

/** The faults, by name. */
const faults: Record<string, Fault> = {
  ...Object.fromEntries(
    Object.entries(thrown).flatMap(([name, value]) => {
      const f = () => {
        throw value();
      };
      return [
        [`${name} from callLater()`, (reactor: DenoReactor) => void reactor.callLater(0, f)],
        [`${name} from callFromThread()`, (reactor: DenoReactor) => reactor.callFromThread(f)],
      ];
    }),
  ),
  "an observer that throws": (reactor) => {
    const observer = () => fault();
    addObserver(observer, { replay: false });
    reactor.callLater(0, fault);
    return { [Symbol.dispose]: () => removeObserver(observer) };
  },
  "setTimeout() throws": (reactor) => {
    const undo = replaced("setTimeout", fault);
    reactor.callLater(0, () => {});
    return undo;
  },
  "clearTimeout() throws": (reactor) => {
    const undo = replaced("clearTimeout", fault);
    reactor.callLater(0, () => {});
    return undo;
  },
  "Date.now() throws": (reactor) => {
    const undo = replaced("Date", dateWith(fault));
    reactor.callFromThread(() => {});
    return undo;
  },
  "Date.now() returns NaN": (reactor) => {
    const undo = replaced("Date", dateWith(() => NaN));
    reactor.callFromThread(() => {});
    return undo;
  },
};

/** Waits for the next timer of the host. */
const hostTimeout = globalThis.setTimeout;
const nextTimer = (): Promise<void> => new Promise((resolve) => void hostTimeout(resolve, 0));

Deno.test("ReactorBase continues to run after any sequence of errors in its loop", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...Object.keys(faults)), { minLength: 1, maxLength: 6 }),
      async (names) => {
        using errors = new LoggedErrors();
        const reactor = new DenoReactor();
        const ended = reactor.run({ installSignalHandlers: false });
        for (const name of names) {
          using _undo = faults[name]?.(reactor) ?? undefined;
          await nextTimer();
        }
        await new Promise<void>((resolve) => void reactor.callLater(0.001, () => resolve()));
        await new Promise<void>((resolve) => reactor.callFromThread(() => resolve()));
        reactor.stop();
        await ended;
        errors.take();
      },
    ),
    { numRuns: 60 },
  );
});

for (const name of Object.keys(faults)) {
  Deno.test(`ReactorBase continues to make timed calls after ${name}`, async () => {
    using errors = new LoggedErrors();
    const reactor = new DenoReactor();
    const ended = reactor.run({ installSignalHandlers: false });
    const { promise: later, resolve } = Promise.withResolvers<void>();
    reactor.callLater(0.01, () => resolve());
    {
      using _undo = faults[name]?.(reactor) ?? undefined;
      await nextTimer();
    }
    // The call was scheduled before the fault, so no later callLater() sets the wake-up.
    await later;
    reactor.stop();
    await ended;
    errors.take();
  });
}

Deno.test("ReactorBase.run() resolves even if a part of the shutdown throws", async () => {
  using errors = new LoggedErrors();
  const reactor = new DenoReactor();
  const ended = reactor.run({ installSignalHandlers: false });
  reactor.addSystemEventTrigger("during", "shutdown", fault);
  {
    using _undo = replaced("clearTimeout", fault);
    reactor.stop();
    await nextTimer();
  }
  await ended;
  assert(errors.take().length >= 1);
});

Deno.test("MicrotaskQueue logs the error of a task and runs the other tasks", async () => {
  using errors = new LoggedErrors();
  const done: string[] = [];
  const turn = new MicrotaskQueue();
  turn.add({ runMicrotask: fault });
  turn.add({ runMicrotask: () => done.push("second") });
  await null;
  assertEquals(done, ["second"]);
  assertEquals(errors.take().map(({ message }) => message), ["fault"]);
});
