// Of Twisted's `test/test_lockfile.py`, `LockingTests`: all except the tests that patch system
// calls to fail, or to remove a lock in the middle of an operation. `test_unlockOther` differs: the
// lock of another process is left alone, which is not an error. `UtilTests` is about calls that
// Windows lacks.

import { assertEquals, assertThrows } from "@std/assert";
import { SocketFixture, socketTest } from "../../../testing/fixtures/socket_fixture.ts";
import { freePath } from "../../../testing/conformance/unix_transport.ts";
import { lockHolder, PIDLock } from "./pid_lock.ts";
import { DenoReactor } from "./reactor.ts";

const test = socketTest("PIDLock", (errors) => new SocketFixture(new DenoReactor(), errors));

/** The number of a process that has exited. */
async function deadPID(): Promise<number> {
  const child = new Deno.Command("true").spawn();
  await child.status;
  return child.pid;
}

function linked(path: string): string {
  return Deno.readLinkSync(path);
}

Deno.test(
  test("PIDLock is a symbolic link to the process id, and is removed by release()", (fixture) => {
    const path = freePath(fixture);
    const lock = new PIDLock(path);
    assertEquals([linked(path), lockHolder(path)], [String(Deno.pid), String(Deno.pid)]);
    lock.release();
    assertEquals(lockHolder(path), null);
    assertThrows(() => linked(path), Deno.errors.NotFound);
    new PIDLock(path).release();
  }),
);

Deno.test(test("PIDLock fails while this or another running process holds the lock", (fixture) => {
  const path = freePath(fixture);
  const lock = new PIDLock(path);
  assertThrows(() => new PIDLock(path), Error, `${path} is held by process ${Deno.pid}`);
  lock.release();
  Deno.symlinkSync("1", path);
  const error = assertThrows(() => new PIDLock(path), Error, `${path} is held by process 1`);
  assertEquals([linked(path), (error as Error & { code: string }).code], ["1", "EEXIST"]);
}));

Deno.test(test("PIDLock recognizes its lock under other spellings of the path", (fixture) => {
  const path = freePath(fixture);
  const lock = new PIDLock(path);
  const otherwise = path.replace("/", "/./");
  assertThrows(() => new PIDLock(otherwise), Error, `is held by process ${Deno.pid}`);
  assertEquals([linked(path), lockHolder(otherwise)], [String(Deno.pid), String(Deno.pid)]);
  lock.release();
}));

Deno.test(test("PIDLock replaces the lock of a process that has exited", async (fixture) => {
  const path = freePath(fixture);
  await Deno.symlink(String(await deadPID()), path);
  assertEquals(lockHolder(path), null);
  const lock = new PIDLock(path);
  assertEquals(linked(path), String(Deno.pid));
  lock.release();
}));

Deno.test(test("PIDLock replaces a stale lock that contains its own process id", (fixture) => {
  const path = freePath(fixture);
  new PIDLock(path).release();
  Deno.symlinkSync(String(Deno.pid), path);
  assertEquals(lockHolder(path), null);
  new PIDLock(path).release();
}));

for (
  const foreign of [
    "example.org:4711",
    "-1",
    "0",
    "1.5",
    "1e3",
    "2147483648",
    "4294967297",
    "9".repeat(30),
  ]
) {
  Deno.test(
    test(`PIDLock keeps a link that does not contain a process id: ${foreign}`, (fixture) => {
      const path = freePath(fixture);
      Deno.symlinkSync(foreign, path);
      assertEquals(lockHolder(path), foreign);
      assertThrows(
        () => new PIDLock(path),
        Error,
        `${path} is not a lock: it points to "${foreign}" and not to a process number from 1 to 2147483647`,
      );
      assertEquals(linked(path), foreign);
    }),
  );
}

Deno.test(
  test("PIDLock replaces a lock with the greatest process id, which no process has", (fixture) => {
    const path = freePath(fixture);
    Deno.symlinkSync("2147483647", path);
    new PIDLock(path).release();
  }),
);

Deno.test(
  test("PIDLock throws an error and keeps the file if the path is not a link", (fixture) => {
    const path = freePath(fixture);
    Deno.writeTextFileSync(path, "1");
    for (const f of [() => new PIDLock(path), () => lockHolder(path)]) {
      assertThrows(f, Error, `${path} is not a lock: it is not a symbolic link`);
    }
    assertEquals(Deno.readTextFileSync(path), "1");
  }),
);

Deno.test(
  test("PIDLock.release() keeps a link that replaced the lock, and ignores a missing lock", (fixture) => {
    const path = freePath(fixture);
    const lock = new PIDLock(path);
    Deno.removeSync(path);
    Deno.symlinkSync("1", path);
    lock.release();
    assertEquals(linked(path), "1");
    Deno.removeSync(path);
    lock.release();
  }),
);

Deno.test(test("PIDLock.release() keeps a file that replaced the lock", (fixture) => {
  const path = freePath(fixture);
  const lock = new PIDLock(path);
  Deno.removeSync(path);
  Deno.writeTextFileSync(path, "another's");
  lock.release();
  assertEquals(Deno.readTextFileSync(path), "another's");
}));

Deno.test(test("PIDLock throws an error if its folder does not exist", (fixture) => {
  assertThrows(() => new PIDLock(`${freePath(fixture)}/lock`), Deno.errors.NotFound);
}));
