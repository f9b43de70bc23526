/**
 * Deferreds and promises. Twisted's `test_defer.py`, DeferredFutureAdapterTests: test_asFuture,
 * test_asFutureFailure, test_fromFuture, test_fromFutureFutureCancelled (a promise that rejects).
 *
 * Not applicable:
 * - test_asFutureCancelFuture, test_asFutureSuccessCancel, test_fromFutureDeferredCancelled: a
 *   promise cannot be cancelled. Instead, "fromPromise() is cancelled at once, and the promise
 *   ignored".
 * - That asFuture() takes the result from the Deferred: toPromise() leaves it there.
 */

import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { Deferred } from "./deferred.ts";
import { AlreadyCalledError, CancelledError, NonErrorThrown } from "./errors.ts";
import { fail } from "./fail.ts";
import { succeed } from "./succeed.ts";
import { failureResultOf, successResultOf } from "../testing/mod.ts";
import { outcomes } from "../testing/fixtures/outcomes.ts";

Deno.test("Deferred.then() takes the result at its chain position, `await` a microtask later", async () => {
  const text = new Deferred<string>();
  const atOnce = text.then((result) => result);
  const awaited = (async () => await text)();
  text.addCallback((result) => result.toUpperCase());
  text.callback("hello");
  assertEquals([await atOnce, await awaited], ["hello", "HELLO"]);
});

Deno.test("Deferred returns its result from `await`, before or after it has fired", async () => {
  const later = new Deferred<number>();
  const awaited = (async () => await later + 1)();
  later.callback(41);
  assertEquals(await awaited, 42);
  assertEquals(await succeed("there"), "there");
});

Deno.test("Deferred throws its failure when awaited, before or after it has failed", async () => {
  const error = new Error("no");
  const later = new Deferred<number>();
  const awaited = assertRejects(async () => await later);
  later.errback(error);
  assertStrictEquals(await awaited, error);
  assertStrictEquals(await assertRejects(async () => await fail(error)), error);
});

Deno.test("Deferred keeps its result after an await", async () => {
  const error = new Error("no");
  const succeeded = succeed(1);
  assertEquals(await succeeded, 1);
  assertEquals(await succeeded, 1);
  assertEquals(successResultOf(succeeded), 1);
  const failed = fail(error);
  await assertRejects(() => failed);
  assertStrictEquals(failureResultOf(failed), error);
});

Deno.test("Deferred.then() receives the result of its position in the callback chain", async () => {
  const deferred = new Deferred<number>();
  const before = deferred.then((n) => n);
  const after = deferred.addCallback((n) => n + 1).then((n) => n);
  deferred.callback(1);
  assertEquals(await Promise.all([before, after]), [1, 2]);
});

Deno.test("Deferred.then() never runs its functions synchronously", async () => {
  const order: string[] = [];
  const deferred = new Deferred<void>();
  const early = deferred.then(() => order.push("then, early"));
  deferred.addCallback(() => {
    order.push("callback");
  });
  deferred.callback();
  const late = deferred.then(() => order.push("then, late"));
  order.push("end");
  await Promise.all([early, late]);
  assertEquals(order, ["callback", "end", "then, early", "then, late"]);
});

Deno.test("Deferred.then() returns a promise of its functions' outcome", async () => {
  const error = new Error("no");
  const promise: Promise<string> = succeed(1).then((n) => `${n}`);
  assertInstanceOf(promise, Promise);
  assertEquals(await promise, "1");
  assertEquals(await fail(error).then(null, (e) => e), error);
  assertEquals(await succeed(1).then(), 1);
  assertEquals(await succeed(1).then(() => succeed(2)), 2);
  assertStrictEquals(await assertRejects(() => fail(error).then(() => 1)), error);
  assertStrictEquals(
    await assertRejects(() =>
      succeed(1).then(() => {
        throw error;
      })
    ),
    error,
  );
});

Deno.test("Deferred.then() settles only after the Deferred no longer waits or pauses", async () => {
  const inner = new Deferred<number>();
  const waiting = succeed().addCallback(() => inner).then((n) => n);
  const paused = succeed(2);
  paused.pause();
  const held = paused.then((n) => n);
  inner.callback(1);
  paused.unpause();
  assertEquals(await Promise.all([waiting, held]), [1, 2]);
});

Deno.test("Deferred.catch() and finally() behave as those of a promise", async () => {
  const error = new Error("no");
  let finals = 0;
  const count = (): void => {
    finals++;
  };
  assertEquals(await fail(error).catch(() => "caught"), "caught");
  assertEquals(await succeed(1).catch(() => "caught"), 1);
  assertEquals(await succeed(1).finally(count), 1);
  assertStrictEquals(await assertRejects(() => fail(error).finally(count)), error);
  assertEquals(finals, 2);
});

Deno.test("Deferred is accepted by Promise.all(), race() and resolve()", async () => {
  const deferred = new Deferred<number>();
  const all = Promise.all([deferred, succeed("text"), Promise.resolve(true)]);
  const first = Promise.race([new Deferred<number>(), deferred]);
  deferred.callback(1);
  assertEquals(await all, [1, "text", true]);
  assertEquals(await first, 1);
  assertEquals(await Promise.resolve(deferred), 1);
  assertEquals(`${deferred}`, "[object Deferred]");
});

Deno.test("Deferred.toPromise() leaves the result in the chain", async () => {
  const deferred = new Deferred<number>();
  const promise = deferred.toPromise();
  assertInstanceOf(promise, Promise);
  deferred.callback(1);
  assertEquals(await promise, 1);
  assertEquals(successResultOf(deferred), 1);
});

Deno.test("Deferred.fromPromise() fires when the promise settles", async () => {
  const error = new Error("no");
  const { promise, resolve } = Promise.withResolvers<number>();
  const deferred = Deferred.fromPromise(promise);
  assertEquals(deferred.called, false);
  resolve(1);
  assertEquals(await deferred, 1);
  assertStrictEquals(
    await assertRejects(() => Deferred.fromPromise(Promise.reject(error))),
    error,
  );
});

Deno.test("Deferred.fromPromise() that is cancelled fails at once, and ignores the promise", async () => {
  const { promise, reject } = Promise.withResolvers<number>();
  const deferred = Deferred.fromPromise(promise);
  const seen = outcomes(deferred);
  deferred.cancel();
  assertInstanceOf(seen[0], CancelledError);
  reject(new Error("late"));
  await assertRejects(() => promise, Error, "late");
  assertEquals(seen.length, 1);
  assertThrows(() => deferred.callback(1), AlreadyCalledError);
});

Deno.test("Deferred.fromPromise() is cancelled by a signal", () => {
  const controller = new AbortController();
  const { promise } = Promise.withResolvers<number>();
  const seen = outcomes(Deferred.fromPromise(promise, { signal: controller.signal }));
  controller.abort("enough");
  assertInstanceOf(seen[0], CancelledError);
  assertEquals(seen[0].cause, "enough");
});

Deno.test("Deferred.fromPromise() of a Deferred does not consume that Deferred's result", async () => {
  const deferred = succeed(1);
  assertEquals(await Deferred.fromPromise(deferred), 1);
  assertEquals(successResultOf(deferred), 1);
});

Deno.test("Deferred.fromPromise() wraps a non-Error rejection in a NonErrorThrown", async () => {
  const error = await assertRejects(() => Deferred.fromPromise(Promise.reject("text")));
  assertInstanceOf(error, NonErrorThrown);
  assertEquals([error.message, error.cause], [
    "A value that is not an Error was thrown: text",
    "text",
  ]);
});

Deno.test("Deferred waits for a promise that a callback returns", async () => {
  const error = new Error("no");
  assertEquals(await succeed(1).addCallback((n) => Promise.resolve(n + 1)), 2);
  // deno-lint-ignore require-await -- an async function is the subject
  assertEquals(await succeed(1).addCallback(async (n) => n + 1).addCallback((n) => n * 2), 4);
  const failed = succeed(1).addCallback(() => Promise.reject(error)).addErrback((e) => e);
  assertStrictEquals(await failed, error);
});

Deno.test("Deferred waits for any thenable that a callback returns, also a faulty one", async () => {
  const twice = {
    then(resolve: (value: number) => void): void {
      resolve(1);
      resolve(2);
    },
  } as PromiseLike<number>; // Deliberately less than a PromiseLike.
  assertEquals(await succeed().addCallback(() => twice), 1);
  const broken = {
    then(): never {
      throw new RangeError("broken");
    },
  } as PromiseLike<number>; // Deliberately less than a PromiseLike.
  await assertRejects(() => succeed().addCallback(() => broken).toPromise(), RangeError, "broken");
  const unreadable = {
    get then(): never {
      throw new RangeError("unreadable");
    },
  };
  await assertRejects(
    () => succeed().addCallback(() => unreadable).toPromise(),
    RangeError,
    "unreadable",
  );
});

Deno.test("Deferred unwraps a thenable that resolves with a thenable", async () => {
  const inner = { then: (resolve: (n: number) => void) => resolve(42) } as PromiseLike<number>;
  const outer = {
    then: (resolve: (inner: PromiseLike<number>) => void) => resolve(inner),
  } as PromiseLike<PromiseLike<number>>; // Promise.resolve() needs only these parts.
  const seen = await succeed().addCallback(() => outer);
  assertEquals<unknown>(seen, 42);
});

Deno.test("Deferred and async functions may wait for each other in turn", async () => {
  async function countDown(n: number): Promise<number> {
    return n === 0 ? 0 : await succeed(n - 1).addCallback(countDown);
  }
  assertEquals(await countDown(100), 0);
});
