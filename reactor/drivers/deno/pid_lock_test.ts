// Of Twisted's `test/test_lockfile.py`, `LockingTests`: all but those that patch the system's
// calls, so that they fail, or so that a lock goes in the middle of it. `test_unlockOther` has
// another end: what is another's is left alone, and not an error. `UtilTests` is about what Windows
// lacks.

import { assertEquals, assertThrows } from "@std/assert";
import { SocketFixture, socketTest } from "../../../testing/fixtures/socket_fixture.ts";
import { freePath } from "../../../testing/conformance/unix_transport.ts";
import { lockHolder, PIDLock } from "./pid_lock.ts";
import { DenoReactor } from "./reactor.ts";

const test = socketTest("PIDLock", (errors) => new SocketFixture(new DenoReactor(), errors));

/** The number of a process that has ended. */
async function deadPID(): Promise<number> {
  const child = new Deno.Command("true").spawn();
  await child.status;
  return child.pid;
}

function linked(path: string): string {
  return Deno.readLinkSync(path);
}

test("it is a link to the process's number, and gone when it is released", (fixture) => {
  const path = freePath(fixture);
  const lock = new PIDLock(path);
  assertEquals([linked(path), lockHolder(path)], [String(Deno.pid), String(Deno.pid)]);
  lock.release();
  assertEquals(lockHolder(path), null);
  assertThrows(() => linked(path), Deno.errors.NotFound);
  new PIDLock(path).release();
});

test("it is held once, by this process as by another that is alive", (fixture) => {
  const path = freePath(fixture);
  const lock = new PIDLock(path);
  assertThrows(() => new PIDLock(path), Error, `${path} is held by process ${Deno.pid}`);
  lock.release();
  Deno.symlinkSync("1", path);
  const error = assertThrows(() => new PIDLock(path), Error, `${path} is held by process 1`);
  assertEquals([linked(path), (error as Error & { code: string }).code], ["1", "EEXIST"]);
});

test("it is held whichever way its path is written", (fixture) => {
  const path = freePath(fixture);
  const lock = new PIDLock(path);
  const otherwise = path.replace("/", "/./");
  assertThrows(() => new PIDLock(otherwise), Error, `is held by process ${Deno.pid}`);
  assertEquals([linked(path), lockHolder(otherwise)], [String(Deno.pid), String(Deno.pid)]);
  lock.release();
});

test("one that a process has left that is gone is broken", async (fixture) => {
  const path = freePath(fixture);
  await Deno.symlink(String(await deadPID()), path);
  assertEquals(lockHolder(path), null);
  const lock = new PIDLock(path);
  assertEquals(linked(path), String(Deno.pid));
  lock.release();
});

test("one with this process's own number that it does not hold is an earlier process's", (fixture) => {
  const path = freePath(fixture);
  new PIDLock(path).release();
  Deno.symlinkSync(String(Deno.pid), path);
  assertEquals(lockHolder(path), null);
  new PIDLock(path).release();
});

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
  test(`PIDLock leaves a link alone that does not point to a process number: ${foreign}`, (fixture) => {
    const path = freePath(fixture);
    Deno.symlinkSync(foreign, path);
    assertEquals(lockHolder(path), foreign);
    assertThrows(
      () => new PIDLock(path),
      Error,
      `${path} is not a lock: it points to "${foreign}" and not to a process number from 1 to 2147483647`,
    );
    assertEquals(linked(path), foreign);
  });
}

test("PIDLock takes the lock of the greatest process number, which no process has", (fixture) => {
  const path = freePath(fixture);
  Deno.symlinkSync("2147483647", path);
  new PIDLock(path).release();
});

test("PIDLock leaves alone what is not a link, and says so", (fixture) => {
  const path = freePath(fixture);
  Deno.writeTextFileSync(path, "1");
  for (const f of [() => new PIDLock(path), () => lockHolder(path)]) {
    assertThrows(f, Error, `${path} is not a lock: it is not a symbolic link`);
  }
  assertEquals(Deno.readTextFileSync(path), "1");
});

test("releasing leaves alone what somebody has put in its place, and what is not there", (fixture) => {
  const path = freePath(fixture);
  const lock = new PIDLock(path);
  Deno.removeSync(path);
  Deno.symlinkSync("1", path);
  lock.release();
  assertEquals(linked(path), "1");
  Deno.removeSync(path);
  lock.release();
});

test("PIDLock.release() leaves alone a file that was put in its place", (fixture) => {
  const path = freePath(fixture);
  const lock = new PIDLock(path);
  Deno.removeSync(path);
  Deno.writeTextFileSync(path, "another's");
  lock.release();
  assertEquals(Deno.readTextFileSync(path), "another's");
});

test("a folder that is not there is an error", (fixture) => {
  assertThrows(() => new PIDLock(`${freePath(fixture)}/lock`), Deno.errors.NotFound);
});
