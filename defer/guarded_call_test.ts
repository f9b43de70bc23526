import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { Deferred, fail } from "./mod.ts";
import { reportUnhandled } from "./unhandled.ts";
import { hostileValues } from "../testing/fixtures/hostile_values.ts";
import { LoggedErrors } from "../testing/logged_errors.ts";
import {
  asError,
  callGuarded,
  callLogged,
  isThenable,
  nameInLog,
  onRejection,
  whenSettled,
} from "./guarded_call.ts";

function fired<T>(value: T): Deferred<T> {
  const deferred = new Deferred<T>();
  deferred.callback(value);
  return deferred;
}

Deno.test("isThenable() returns true for promises and Deferreds", () => {
  for (const value of [Promise.resolve(), new Deferred(), { then: () => {} }]) {
    assertEquals(isThenable(value), true);
  }
  for (const value of [undefined, null, 1, "then", {}, { then: true }, () => {}]) {
    assertEquals(isThenable(value), false);
  }
});

Deno.test("whenSettled() calls its function at once for a fired Deferred", () => {
  const deferred = fired("a result");
  const calls: string[] = [];
  whenSettled(deferred, () => calls.push("succeeded"), () => calls.push("failed"));
  deferred.addCallback((result) => calls.push(result));
  assertEquals(calls, ["succeeded", "a result"]);
});

Deno.test("whenSettled() calls its function when a Deferred fires, and handles a failure", () => {
  const deferred = new Deferred<void>();
  const calls: unknown[] = [];
  whenSettled(deferred, () => calls.push("succeeded"), (error) => calls.push(error));
  assertEquals(calls, []);
  const error = new Error("simulated");
  deferred.errback(error);
  assertEquals(calls, [error]);
});

Deno.test("whenSettled() of a promise calls one of its functions", async () => {
  const calls: unknown[] = [];
  const error = new Error("simulated");
  for (const promise of [Promise.resolve("a result"), Promise.reject(error)]) {
    const { promise: settled, resolve } = Promise.withResolvers<unknown>();
    whenSettled(promise, () => resolve("succeeded"), resolve);
    calls.push(await settled);
  }
  assertEquals(calls, ["succeeded", error]);
});

Deno.test("whenSettled() calls its function once for a thenable that throws or settles twice", async () => {
  const error = new Error("simulated");
  const throwing: PromiseLike<void> = {
    then(): never {
      throw error;
    },
  };
  // Calls both functions, and one of them twice, as no promise does.
  const twofold = {
    then: (succeeded: () => void, failed: () => void) => [succeeded(), failed(), succeeded()],
  } as unknown as PromiseLike<void>;
  const calls: unknown[] = [];
  for (const thenable of [throwing, twofold]) {
    const { promise, resolve } = Promise.withResolvers<void>();
    whenSettled(
      thenable,
      () => resolve(void calls.push("succeeded")),
      (failure) => resolve(void calls.push(failure)),
    );
    await promise;
  }
  await Promise.resolve();
  assertEquals(calls, [error, "succeeded"]);
});

Deno.test("onRejection() calls its function only for a rejected promise", async () => {
  const calls: unknown[] = [];
  const error = new Error("simulated");
  for (const result of [undefined, "value", Promise.resolve(), fired(1), Promise.reject(error)]) {
    onRejection(result, (failure) => calls.push(failure));
  }
  await Promise.resolve();
  assertEquals(calls, [error]);
});

Deno.test("onRejection() ignores a failed Deferred, which reports its failure itself", () => {
  const deferred = new Deferred<void>();
  deferred.errback(new Error("simulated"));
  const calls: unknown[] = [];
  onRejection(deferred, (error) => calls.push(error));
  assertEquals(calls, []);
  deferred.addErrback(() => calls.push("handled"));
  assertEquals(calls, ["handled"]);
});

Deno.test("asError() returns an Error unchanged, and wraps any other value", () => {
  const error = new TypeError("simulated");
  assertStrictEquals(asError(error), error);
  const wrapped = asError("text");
  assertEquals([wrapped.message, wrapped.cause], [
    'A value that is not an Error was thrown: "text"',
    "text",
  ]);
  assertEquals(asError(undefined).message, "A value that is not an Error was thrown: undefined");
});

Deno.test("callLogged() passes arguments, and logs a thrown error with the operation", () => {
  using errors = new LoggedErrors();
  const got: unknown[] = [];
  callLogged((...args: unknown[]) => got.push(...args), [1, "two"], "Error while testing");
  assertEquals(got, [1, "two"]);
  const error = new Error("simulated");
  callLogged(
    () => {
      throw error;
    },
    [],
    "Error while testing",
  );
  const [event, ...more] = errors.takeEvents();
  assertStrictEquals(event?.failure, error);
  assertEquals([event?.why, more], ["Error while testing", []]);
});

Deno.test("callLogged() logs a rejection, and a thrown value that is not an Error", async () => {
  using errors = new LoggedErrors();
  const rejected = Promise.reject("text");
  callLogged(() => rejected, [], "Error while testing");
  await rejected.catch(() => {});
  const [event, ...more] = errors.takeEvents();
  assertEquals([event?.failure?.cause, event?.why, more], ["text", "Error while testing", []]);
});

for (const [name, value] of hostileValues()) {
  Deno.test(`callLogged(), onRejection() and asError() accept ${name}, thrown or returned`, async () => {
    using logged = new LoggedErrors();
    callLogged(
      () => {
        throw value;
      },
      [],
      "Error while calling f",
    );
    assertEquals(logged.take().length, 1);
    let rejections = 0;
    callLogged(() => value, [], "Error while calling g");
    onRejection(value, () => rejections++);
    onRejection(Promise.reject(value), () => rejections++);
    for (let i = 0; i < 10; i++) await Promise.resolve();
    assertEquals(rejections >= 1, true);
    logged.take();
    assertInstanceOf(asError(value), Error);
  });
}

Deno.test("isThenable() returns true for a value whose `then` cannot be read", async () => {
  const error = new Error("simulated");
  const value = {
    get then(): never {
      throw error;
    },
  };
  assertEquals(isThenable(value), true);
  const { promise, resolve } = Promise.withResolvers<unknown>();
  onRejection(value, resolve);
  assertStrictEquals(await promise, error);
});

Deno.test("nameInLog() returns the class name and logs the error if logPrefix() fails", () => {
  class Named {
    logPrefix(): string {
      throw new Error("simulated");
    }
  }
  using errors = new LoggedErrors();
  assertEquals(nameInLog(new Named()), "Named");
  // Return values that the types forbid.
  assertEquals(nameInLog({ logPrefix: () => 42 as never }), "Object");
  assertEquals(nameInLog(Object.create(null)), "(no class)");
  assertEquals(errors.takeEvents().map(({ why, failure }) => [why, failure?.message]), [
    ["Error while calling logPrefix of Named", "simulated"],
    ["Error while calling logPrefix of Object", "logPrefix() must return a string, got 42"],
  ]);
});

Deno.test("callLogged() and callGuarded() name a returned Deferred in its failure report", async () => {
  using errors = new LoggedErrors();
  callLogged(() => fail(new Error("one")), [], "Error while calling startFactory of Echo");
  callGuarded(() => fail(new Error("two")), () => {}, "dataReceived");
  await null;
  reportUnhandled();
  assertEquals(errors.takeEvents().map(({ message }) => message), [
    "Unhandled error in Deferred (while calling startFactory of Echo)",
    "Unhandled error in Deferred (while calling dataReceived)",
  ]);
});
