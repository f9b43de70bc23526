/**
 * The functions that Deferreds, and functions built on them, call. Their errors become the results
 * of Deferreds.
 *
 * @module
 */

import {
  Deferred,
  DeferredLock,
  DeferredSemaphore,
  execute,
  fail,
  maybeDeferred,
  succeed,
} from "../../defer/mod.ts";
import { Clock, deferLater } from "../../task/mod.ts";
import type { Case, Hook } from "./hook.ts";

type Start = (act: () => never) => PromiseLike<unknown> | Deferred<unknown>;

/** Returns the row of a function whose error becomes the failure of a Deferred. */
function deferredHook(
  name: string,
  documented: readonly string[],
  start: Start,
  refuses?: Hook["refuses"],
): Hook {
  const run = ({ act, received }: Case): void => {
    const outcome = start(act);
    if (outcome instanceof Deferred) outcome.addErrback(received);
    else outcome.then(undefined, received);
  };
  return { name, documented, reports: "caller", run, ...refuses === undefined ? {} : { refuses } };
}

/** Returns a Deferred that times out. */
function timeOut(act: () => never): Deferred<unknown> {
  const clock = new Clock();
  const deferred = new Deferred<never>().addTimeout(1, clock, act);
  clock.advance(1);
  return deferred;
}

/** Makes a call of `deferLater()`, in virtual time. */
function callLater(act: () => never): Deferred<unknown> {
  const clock = new Clock();
  const deferred = deferLater(clock, 1, act);
  clock.advance(1);
  return deferred;
}

const failed = (): Deferred<unknown> => fail(new Error("the failure to handle"));

export const DEFER_HOOKS: readonly Hook[] = [
  deferredHook(
    "addCallback()",
    ["Deferred.addCallback(callback)"],
    (act) => succeed().addCallback(act),
    { option: "addCallback", give: (f) => succeed().addCallback(f) },
  ),
  deferredHook(
    "addErrback()",
    ["Deferred.addErrback(errback)"],
    (act) => failed().addErrback(act),
    { option: "addErrback", give: (f) => succeed().addErrback(f) },
  ),
  deferredHook("addBoth()", ["Deferred.addBoth(both)"], (act) => succeed().addBoth(act), {
    option: "addBoth",
    give: (f) => succeed().addBoth(f),
  }),
  deferredHook(
    "addCallbacks() callback",
    ["Deferred.addCallbacks(callback)"],
    (act) => succeed().addCallbacks(act, () => {}),
    { option: "addCallbacks", give: (f) => succeed().addCallbacks(f, f), allowsNull: true },
  ),
  deferredHook(
    "addCallbacks() errback",
    ["Deferred.addCallbacks(errback)"],
    (act) => failed().addCallbacks(() => {}, act),
    { option: "addCallbacks", give: (f) => succeed().addCallbacks(() => {}, f), allowsNull: true },
  ),
  deferredHook("addTimeout()", ["Deferred.addTimeout(onTimeoutCancel)"], timeOut, {
    option: "addTimeout",
    give: (f) => succeed().addTimeout(1, new Clock(), f),
  }),
  deferredHook("then() onResult", ["Deferred.then(onResult)"], (act) => succeed().then(act)),
  deferredHook(
    "then() onFailure",
    ["Deferred.then(onFailure)"],
    (act) => failed().then(undefined, act),
  ),
  deferredHook("catch()", ["Deferred.catch(onFailure)"], (act) => failed().catch(act)),
  deferredHook("finally()", ["Deferred.finally(onSettled)"], (act) => succeed().finally(act)),
  deferredHook("execute()", ["execute(f)"], (act) => execute(act)),
  deferredHook("maybeDeferred()", ["maybeDeferred(f)"], (act) => maybeDeferred(act)),
  deferredHook(
    "DeferredLock.run()",
    ["ConcurrencyPrimitive.run(f)"],
    (act) => new DeferredLock().run(act),
    { option: "run", give: (f) => new DeferredLock().run(f) },
  ),
  deferredHook("DeferredSemaphore.run()", [], (act) => new DeferredSemaphore(1).run(act)),
  deferredHook("deferLater()", ["deferLater(f)"], callLater),
  {
    name: "canceller",
    documented: ["new Deferred(canceller)"],
    reports: "either",
    run: ({ act, received }) => {
      const deferred = new Deferred<void>(act);
      deferred.addErrback(() => {});
      try {
        deferred.cancel();
      } catch (error) {
        received(error);
      }
    },
    refuses: { option: "canceller", give: (f) => new Deferred(f) },
  },
];
