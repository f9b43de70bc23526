/**
 * Twisted's `python/test/test_systemd.py`, `ListenFDsTests`: all but `test_defaultEnviron` and
 * `test_secondEnvironment`, because here the caller owns the environment, and it is not changed.
 */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { ListenFDs } from "./mod.ts";

const PID = 4711;

/** Reads the sockets from the given environment. */
function found(environ: Record<string, string>, options?: { start?: number }): ListenFDs {
  return ListenFDs.fromEnvironment((name) => environ[name], PID, options);
}

/** The variables that systemd sets for that many sockets. */
function environment(count: number, pid: number | string = PID): Record<string, string> {
  return {
    LISTEN_PID: String(pid),
    LISTEN_FDS: String(count),
    LISTEN_FDNAMES: Array.from({ length: count }, (_, index) => `${index}.socket`).join(":"),
  };
}

Deno.test("ListenFDs.fromEnvironment() returns consecutive descriptors from 3", () => {
  assertEquals(found(environment(5)).inheritedDescriptors(), [3, 4, 5, 6, 7]);
  assertEquals(found(environment(2), { start: 10 }).inheritedDescriptors(), [10, 11]);
});

Deno.test("ListenFDs.inheritedNamedDescriptors() returns names in order of descriptors", () => {
  const names = fc.array(fc.stringMatching(/^[\w.@-]{1,10}$/), { maxLength: 10 });
  fc.assert(fc.property(names, (names) => {
    const inherited = found({
      LISTEN_PID: String(PID),
      LISTEN_FDS: String(names.length),
      LISTEN_FDNAMES: names.join(":"),
    });
    const expected = new Map(names.map((name, index) => [name, 3 + index]));
    assertEquals(inherited.inheritedNamedDescriptors(), expected);
    assertEquals(inherited.inheritedDescriptors(), names.map((_, index) => 3 + index));
  }));
});

Deno.test("ListenFDs methods return copies, which the caller may change", () => {
  const inherited = new ListenFDs([7, 5], ["web", "admin"]);
  inherited.inheritedDescriptors().push(1);
  inherited.inheritedNamedDescriptors().clear();
  assertEquals(inherited.inheritedDescriptors(), [7, 5]);
  assertEquals(inherited.inheritedNamedDescriptors(), new Map([["web", 7], ["admin", 5]]));
});

Deno.test("ListenFDs.fromEnvironment() ignores sockets meant for another process", () => {
  const { LISTEN_PID: _, ...anonymous } = environment(3);
  for (const environ of [environment(3, PID + 1), environment(3, "hello, world"), anonymous, {}]) {
    assertEquals(found(environ).inheritedDescriptors(), []);
    assertEquals(found(environ).inheritedNamedDescriptors(), new Map());
  }
});

Deno.test("ListenFDs.fromEnvironment() ignores an invalid number of sockets", () => {
  const { LISTEN_FDS: _, ...uncounted } = environment(3);
  const counts = ["hello, world", "-1", "1.5", "", "99999999999"];
  const wrong = counts.map((count) => ({ ...environment(3), LISTEN_FDS: count }));
  for (const environ of [uncounted, ...wrong]) {
    assertEquals(found(environ).inheritedDescriptors(), []);
    assertEquals(found(environ).inheritedNamedDescriptors(), new Map());
  }
});

Deno.test("ListenFDs.fromEnvironment() accepts no names, or one name for each socket", () => {
  const { LISTEN_FDNAMES: _, ...nameless } = environment(2);
  assertEquals(found(nameless).inheritedDescriptors(), [3, 4]);
  assertEquals(found(nameless).inheritedNamedDescriptors(), new Map());
  const misnamed = { ...environment(2), LISTEN_FDNAMES: "web" };
  assertEquals(found(misnamed).inheritedDescriptors(), []);
  assertEquals(found(misnamed).inheritedNamedDescriptors(), new Map());
});
