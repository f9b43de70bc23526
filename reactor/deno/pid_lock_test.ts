// Of Twisted's `test/test_lockfile.py`, `LockingTests`: all but those that patch the system's calls, so that they fail, or so that a lock
// goes in the middle of it. `test_unlockOther` has another end: what is another's is left alone, and not an error. `UtilTests` is about
// what Windows lacks.

import { assertEquals, assertThrows } from "@std/assert";
import { SocketBed, socketTest } from "../conformance/socket_bed.ts";
import { freePath } from "../conformance/unix_kind.ts";
import { lockHolder, PidLock } from "./pid_lock.ts";
import { DenoReactor } from "./reactor.ts";

const test = socketTest("PidLock", (errors) => new SocketBed(new DenoReactor(), errors));

/** The number of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = new Deno.Command("true").spawn();
  await child.status;
  return child.pid;
}

function linked(path: string): string {
  return Deno.readLinkSync(path);
}

test("it is a link to the process's number, and gone when it is released", (bed) => {
  const path = freePath(bed);
  const lock = new PidLock(path);
  assertEquals([linked(path), lockHolder(path)], [String(Deno.pid), String(Deno.pid)]);
  lock.release();
  assertEquals(lockHolder(path), null);
  assertThrows(() => linked(path), Deno.errors.NotFound);
  new PidLock(path).release();
});

test("it is held once, by this process as by another that is alive", (bed) => {
  const path = freePath(bed);
  const lock = new PidLock(path);
  assertThrows(() => new PidLock(path), Error, `${path} is held by process ${Deno.pid}`);
  lock.release();
  Deno.symlinkSync("1", path);
  const error = assertThrows(() => new PidLock(path), Error, `${path} is held by process 1`);
  assertEquals([linked(path), (error as Error & { code: string }).code], ["1", "EEXIST"]);
});

test("it is held whichever way its path is written", (bed) => {
  const path = freePath(bed);
  const lock = new PidLock(path);
  const otherwise = path.replace("/", "/./");
  assertThrows(() => new PidLock(otherwise), Error, `is held by process ${Deno.pid}`);
  assertEquals([linked(path), lockHolder(otherwise)], [String(Deno.pid), String(Deno.pid)]);
  lock.release();
});

test("one that a process has left that is gone is broken", async (bed) => {
  const path = freePath(bed);
  await Deno.symlink(String(await deadPid()), path);
  assertEquals(lockHolder(path), null);
  const lock = new PidLock(path);
  assertEquals(linked(path), String(Deno.pid));
  lock.release();
});

test("one with this process's own number that it does not hold is an earlier process's", (bed) => {
  const path = freePath(bed);
  new PidLock(path).release();
  Deno.symlinkSync(String(Deno.pid), path);
  assertEquals(lockHolder(path), null);
  new PidLock(path).release();
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
  test(`PidLock leaves a link alone that does not point to a process number: ${foreign}`, (bed) => {
    const path = freePath(bed);
    Deno.symlinkSync(foreign, path);
    assertEquals(lockHolder(path), foreign);
    assertThrows(
      () => new PidLock(path),
      Error,
      `${path} is not a lock: it points to "${foreign}" and not to a process number from 1 to 2147483647`,
    );
    assertEquals(linked(path), foreign);
  });
}

test("PidLock takes the lock of the greatest process number, which no process has", (bed) => {
  const path = freePath(bed);
  Deno.symlinkSync("2147483647", path);
  new PidLock(path).release();
});

test("PidLock leaves alone what is not a link, and says so", (bed) => {
  const path = freePath(bed);
  Deno.writeTextFileSync(path, "1");
  for (const f of [() => new PidLock(path), () => lockHolder(path)]) {
    assertThrows(f, Error, `${path} is not a lock: it is not a symbolic link`);
  }
  assertEquals(Deno.readTextFileSync(path), "1");
});

test("releasing leaves alone what somebody has put in its place, and what is not there", (bed) => {
  const path = freePath(bed);
  const lock = new PidLock(path);
  Deno.removeSync(path);
  Deno.symlinkSync("1", path);
  lock.release();
  assertEquals(linked(path), "1");
  Deno.removeSync(path);
  lock.release();
});

test("PidLock.release() leaves alone a file that was put in its place", (bed) => {
  const path = freePath(bed);
  const lock = new PidLock(path);
  Deno.removeSync(path);
  Deno.writeTextFileSync(path, "another's");
  lock.release();
  assertEquals(Deno.readTextFileSync(path), "another's");
});

test("a folder that is not there is an error", (bed) => {
  assertThrows(() => new PidLock(`${freePath(bed)}/lock`), Deno.errors.NotFound);
});
