/**
 * The types of Deferreds, through a chain of callbacks. The compiler decides whether these tests
 * pass; running them shows that the values have the types that were promised.
 */

import { assertEquals } from "@std/assert";
import {
  Deferred,
  DeferredList,
  type DeferredListEntry,
  DeferredLock,
  DeferredQueue,
  DeferredSemaphore,
  ensureDeferred,
  execute,
  fail,
  gatherResults,
  logError,
  maybeDeferred,
  race,
  succeed,
} from "./mod.ts";

/** `true` if A and B are the same type: `any` equals only `any`. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** Compiles if the value has exactly the type `Expected`. */
function isExactly<Expected>(): <Actual>(
  value: Actual,
  ...same: Equal<Actual, Expected> extends true ? [] : ["not the type expected"]
) => Actual {
  return (value, ..._same) => value;
}

const number = (): Deferred<number> => succeed<number>(1);

Deno.test("Equal<> is true only for identical types, and distinguishes `any`", () => {
  const equal: [true, false, false, false, false] = [
    true satisfies Equal<Deferred<number>, Deferred<number>>,
    false satisfies Equal<Deferred<number>, Deferred<number | string>>,
    // deno-lint-ignore no-explicit-any -- any is the subject of the test
    false satisfies Equal<Deferred<any>, Deferred<number>>,
    // deno-lint-ignore no-explicit-any -- the same
    false satisfies Equal<any, Deferred<number>>,
    false satisfies Equal<Deferred<unknown>, Deferred<number>>,
  ];
  assertEquals(equal.length, 5);
});

Deno.test("Deferred.addCallback() changes the type to the callback's return type", () => {
  isExactly<Deferred<string>>()(number().addCallback((n) => n.toFixed()));
  isExactly<Deferred<string>>()(number().addCallback((n) => succeed(n.toFixed())));
  isExactly<Deferred<string>>()(number().addCallback((n) => Promise.resolve(n.toFixed())));
  isExactly<Deferred<string>>()(number().addCallback((n) => n > 0 ? succeed("a") : "b"));
  isExactly<Deferred<string | null>>()(number().addCallback((n) => n > 0 ? succeed("a") : null));
  isExactly<Deferred<void>>()(number().addCallback(() => {}));
  isExactly<Deferred<number>>()(number().addCallback((n, m) => n + m, 2));
  isExactly<Deferred<boolean>>()(
    number().addCallback((n) => `${n}`).addCallback((s) => s.length).addCallback((n) => n > 0),
  );
});

Deno.test("Deferred.addErrback() adds the errback's return type to the result type", () => {
  isExactly<Deferred<string | number>>()(number().addErrback((error) => error.message));
  isExactly<Deferred<number>>()(number().addErrback(() => 0));
  isExactly<Deferred<number | void>>()(number().addErrback(() => {}));
  isExactly<Deferred<number>>()(
    number().addErrback((error) => {
      throw error;
    }),
  );
  isExactly<Deferred<number>>()(number().addErrback(logError));
  isExactly<Deferred<number | boolean>>()(number().addErrback(() => succeed<boolean>(true)));
  isExactly<Deferred<string>>()(fail(new Error("no")).addErrback((error) => error.message));
});

Deno.test("Deferred.addCallbacks() and addBoth() unite their functions' return types", () => {
  isExactly<Deferred<string | boolean>>()(
    number().addCallbacks((n) => `${n}`, () => Promise.resolve<boolean>(true)),
  );
  isExactly<Deferred<string>>()(number().addCallbacks((n) => `${n}`));
  isExactly<Deferred<number | string>>()(number().addCallbacks(null, (error) => error.message));
  isExactly<Deferred<boolean>>()(
    number().addBoth((outcome) => {
      isExactly<number | Error>()(outcome);
      return outcome instanceof Error;
    }),
  );
});

Deno.test("Deferred types the arguments of callbacks and errbacks", () => {
  number()
    .addCallback((n) => isExactly<number>()(n))
    .addErrback((error) => isExactly<Error>()(error).message)
    .addCallback((outcome) => isExactly<string | number>()(outcome));
  // @ts-expect-error: the callback needs an argument that is not given
  number().addCallback((n: number, m: number) => n + m).addErrback(() => {});
  // @ts-expect-error: the argument is of another type
  number().addCallback((n: number, m: number) => n + m, "2");
  // @ts-expect-error: a callback that takes something else
  number().addCallback((s: string) => s.length === undefined);
});

Deno.test("Deferred.callback() takes its result type, errback() an Error", () => {
  const deferred = new Deferred<number>().addErrback(() => 0);
  isExactly<Deferred<number>>()(deferred);
  // @ts-expect-error: not a number, which the run time does not know
  deferred.callback("text");
  // @ts-expect-error: a failure is an Error
  new Deferred<number>().addErrback(() => 0).errback("text");
});

Deno.test("Deferred.chainDeferred(), addTimeout() and addSignal() type the result that stays", () => {
  isExactly<Deferred<void>>()(number().chainDeferred(new Deferred<number>()));
  const clock = { callLater: () => ({ cancel: () => {}, active: () => false }) };
  isExactly<Deferred<number>>()(number().addTimeout(1, clock));
  isExactly<Deferred<number | string>>()(number().addTimeout(1, clock, () => "late"));
  isExactly<Deferred<number>>()(number().addSignal(new AbortController().signal));
});

Deno.test("Deferred has the type of its result with await and then()", async () => {
  isExactly<number>()(await number());
  isExactly<Promise<string>>()(number().then((n) => `${n}`));
  isExactly<Promise<number | string>>()(number().then(null, () => ""));
  isExactly<Promise<number>>()(number().toPromise());
  const promise: Promise<number> = number();
  isExactly<number>()(await promise);
  isExactly<[number, string]>()(await Promise.all([number(), succeed<string>("")]));
});

Deno.test("succeed(), fail() and similar functions return typed Deferreds", () => {
  isExactly<Deferred<void>>()(succeed());
  isExactly<Deferred<string>>()(succeed<string>(""));
  isExactly<Deferred<number>>()(execute((a: number, b: number) => a + b, 1, 2));
  isExactly<Deferred<number>>()(maybeDeferred(() => number()));
  isExactly<Deferred<number>>()(maybeDeferred((n: number) => Promise.resolve(n), 1));
  isExactly<Deferred<number | null>>()(maybeDeferred((n: number) => n > 0 ? number() : null, 1));
  isExactly<Deferred<number>>()(ensureDeferred(number()));
  isExactly<Deferred<number>>()(Deferred.fromPromise(Promise.resolve<number>(1)));
  const never: Deferred<never> = fail(new Error("no"));
  const widened: Deferred<number> = never;
  isExactly<Deferred<number>>()(widened.addErrback(() => 0));
});

Deno.test("gatherResults() keeps the types of tuples and arrays", () => {
  isExactly<Deferred<[number, string, boolean]>>()(
    gatherResults([number(), succeed<string>(""), Promise.resolve<boolean>(true)]),
  );
  const array: Deferred<number>[] = [number()];
  isExactly<Deferred<number[]>>()(gatherResults(array));
  isExactly<Deferred<number[]>>()(gatherResults(new Set(array)));
  isExactly<Deferred<[]>>()(gatherResults([]));
});

Deno.test("DeferredList types its result by its options", () => {
  type Entries = [DeferredListEntry<number>, DeferredListEntry<string>];
  const pair = (): [Deferred<number>, Deferred<string>] => [number(), succeed<string>("")];
  new DeferredList(pair()).addCallback((all) => {
    isExactly<Entries>()(all);
    const [[success, outcome]] = all;
    if (success) isExactly<number>()(outcome);
    else isExactly<Error>()(outcome);
  });
  new DeferredList(pair(), { consumeErrors: true }).addCallback((all) => isExactly<Entries>()(all));
  new DeferredList(pair(), { fireOnOneCallback: true }).addCallback((outcome) =>
    isExactly<[result: number | string, index: number] | Entries>()(outcome)
  );
  new DeferredList(new Set([number()])).addCallback((all) =>
    isExactly<DeferredListEntry<number>[]>()(all)
  );
});

Deno.test("race() types its result as an index and a result", () => {
  isExactly<Deferred<[index: number, result: number | string]>>()(
    race([number(), succeed<string>("")]),
  );
  const array: Deferred<number>[] = [number()];
  isExactly<Deferred<[index: number, result: number]>>()(race(array));
});

Deno.test("DeferredLock, DeferredSemaphore and DeferredQueue return typed Deferreds", () => {
  isExactly<Deferred<DeferredLock>>()(new DeferredLock().acquire());
  isExactly<Deferred<DeferredSemaphore>>()(new DeferredSemaphore(1).acquire());
  isExactly<Deferred<string>>()(new DeferredLock().run((n: number) => `${n}`, 1));
  isExactly<Deferred<number>>()(new DeferredSemaphore(1).run(() => number()));
  isExactly<Deferred<string>>()(new DeferredQueue<string>().get());
});
