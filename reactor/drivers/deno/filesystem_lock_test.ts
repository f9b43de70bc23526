// Twisted's `test/test_lockfile.py`, `LockingTests` (see also `pid_lock_test.ts`), and
// `test/test_defer.py`, `DeferredFilesystemLockTests`.

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { CancelledError, TimeoutError } from "../../../defer/mod.ts";
import { Clock } from "../../../task/mod.ts";
import { assertNoResult, failureResultOf, successResultOf } from "../../../testing/mod.ts";
import { AlreadyTryingToLockError, DeferredFilesystemLock, FilesystemLock } from "../../mod.ts";
import { isLocked } from "../../mod.ts";

/** A path for a lock, in a directory that is removed at the end of the test. */
class TestPath implements Disposable {
  readonly #directory = Deno.makeTempDirSync();
  readonly path = `${this.#directory}/lock`;

  [Symbol.dispose](): void {
    Deno.removeSync(this.#directory, { recursive: true });
  }
}

Deno.test("FilesystemLock.lock() acquires the lock once, until unlock()", () => {
  using test = new TestPath();
  const [first, second] = [new FilesystemLock(test.path), new FilesystemLock(test.path)];
  assertEquals([first.clean, first.locked, isLocked(test.path)], [null, false, false]);
  assert(first.lock());
  assertEquals(Deno.readLinkSync(test.path), String(Deno.pid));
  assertEquals([first.clean, first.locked, isLocked(test.path)], [true, true, true]);
  assertEquals([first.lock(), second.lock()], [false, false]);
  assertEquals([first.locked, second.locked], [true, false]);
  first.unlock();
  assertEquals([first.locked, isLocked(test.path)], [false, false]);
  assert(second.lock());
  second.unlock();
});

Deno.test("FilesystemLock.lock() returns false while another process holds the lock", () => {
  using test = new TestPath();
  Deno.symlinkSync(String(Deno.ppid), test.path);
  assertEquals(new FilesystemLock(test.path).lock(), false);
  assert(isLocked(test.path));
});

Deno.test("FilesystemLock.lock() replaces the lock of a process that no longer runs", () => {
  using test = new TestPath();
  // Linux has no process of this number: the largest is 2 ** 22.
  Deno.symlinkSync(String(2 ** 31 - 1), test.path);
  using lock = new FilesystemLock(test.path);
  assert(lock.lock());
  assertEquals(lock.clean, false);
});

Deno.test("FilesystemLock.lock() throws for a path that is not a lock", () => {
  using test = new TestPath();
  Deno.writeTextFileSync(test.path, "");
  assertThrows(() => new FilesystemLock(test.path).lock(), Error, "is not a lock");
  Deno.removeSync(test.path);
  Deno.symlinkSync("elsewhere", test.path);
  assertThrows(() => new FilesystemLock(test.path).lock(), Error, "is not a lock");
  assertThrows(() => new FilesystemLock(`${test.path}/no/lock`).lock(), Deno.errors.NotFound);
});

Deno.test("FilesystemLock.unlock() throws if the object does not hold the lock", () => {
  using test = new TestPath();
  using holder = new FilesystemLock(test.path);
  holder.lock();
  assertThrows(() => new FilesystemLock(test.path).unlock(), Error, `Cannot unlock ${test.path}`);
  assert(isLocked(test.path));
});

/** A lock that another object holds. */
function held(): Disposable & {
  clock: Clock;
  holder: FilesystemLock;
  lock: DeferredFilesystemLock;
} {
  const test = new TestPath();
  const clock = new Clock();
  const holder = new FilesystemLock(test.path);
  holder.lock();
  const lock = new DeferredFilesystemLock(test.path, clock);
  return { clock, holder, lock, [Symbol.dispose]: () => test[Symbol.dispose]() };
}

Deno.test("DeferredFilesystemLock.deferUntilLocked() fires at once for a free lock", () => {
  using test = new TestPath();
  const clock = new Clock();
  using lock = new DeferredFilesystemLock(test.path, clock);
  successResultOf(lock.deferUntilLocked(5));
  assert(lock.locked);
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("DeferredFilesystemLock.deferUntilLocked() tries again each second", () => {
  using test = held();
  const result = test.lock.deferUntilLocked(100);
  test.clock.advance(5);
  test.holder.unlock();
  assertNoResult(result);
  test.clock.advance(1);
  successResultOf(result);
  assert(test.lock.locked);
  assertEquals(test.clock.getDelayedCalls(), []);
  test.lock.unlock();
});

Deno.test("DeferredFilesystemLock.deferUntilLocked() fails after the timeout", () => {
  using test = held();
  const result = test.lock.deferUntilLocked(5.5);
  test.clock.advance(5.4);
  assertNoResult(result);
  test.clock.advance(0.1);
  failureResultOf(result, TimeoutError);
  assertEquals(test.clock.getDelayedCalls(), []);
});

Deno.test("DeferredFilesystemLock.deferUntilLocked() makes a last attempt at the timeout", () => {
  using test = held();
  const result = test.lock.deferUntilLocked(0.5);
  test.holder.unlock();
  test.clock.advance(0.5);
  successResultOf(result);
  test.lock.unlock();
});

Deno.test("DeferredFilesystemLock.deferUntilLocked() can be cancelled", () => {
  using test = held();
  const result = test.lock.deferUntilLocked(5);
  result.cancel();
  failureResultOf(result, CancelledError);
  assertEquals(test.clock.getDelayedCalls(), []);
  // It makes one last attempt.
  const last = test.lock.deferUntilLocked();
  test.holder.unlock();
  last.cancel();
  assertStrictEquals(successResultOf(last), undefined);
  test.lock.unlock();
});

Deno.test("DeferredFilesystemLock.deferUntilLocked() fails while an earlier call waits", () => {
  using test = held();
  const first = test.lock.deferUntilLocked();
  failureResultOf(test.lock.deferUntilLocked(), AlreadyTryingToLockError);
  first.cancel();
  failureResultOf(first, CancelledError);
});

Deno.test("DeferredFilesystemLock.deferUntilLocked() fails with the error of an attempt", () => {
  using test = new TestPath();
  Deno.writeTextFileSync(test.path, "");
  const clock = new Clock();
  const lock = new DeferredFilesystemLock(test.path, clock);
  const error = failureResultOf(lock.deferUntilLocked(5));
  assert(error.message.includes("is not a lock"));
  assertEquals(clock.getDelayedCalls(), []);
});
