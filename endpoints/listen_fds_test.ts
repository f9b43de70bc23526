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

Deno.test("ListenFDs.fromEnvironment() numbers descriptors from 3, in order", () => {
  assertEquals(found(environment(5)).inheritedDescriptors(), [3, 4, 5, 6, 7]);
  assertEquals(found(environment(2), { start: 10 }).inheritedDescriptors(), [10, 11]);
});

Deno.test("ListenFDs.inheritedNamedDescriptors() has the names in the order of the descriptors", () => {
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

Deno.test("ListenFDs returns copies", () => {
  const inherited = new ListenFDs([7, 5], ["web", "admin"]);
  inherited.inheritedDescriptors().push(1);
  inherited.inheritedNamedDescriptors().clear();
  assertEquals(inherited.inheritedDescriptors(), [7, 5]);
  assertEquals(inherited.inheritedNamedDescriptors(), new Map([["web", 7], ["admin", 5]]));
});

Deno.test("ListenFDs.fromEnvironment() ignores sockets of another process, or of an unknown one", () => {
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

Deno.test("ListenFDs.fromEnvironment() accepts sockets without names, and no other count of names", () => {
  const { LISTEN_FDNAMES: _, ...nameless } = environment(2);
  assertEquals(found(nameless).inheritedDescriptors(), [3, 4]);
  assertEquals(found(nameless).inheritedNamedDescriptors(), new Map());
  const misnamed = { ...environment(2), LISTEN_FDNAMES: "web" };
  assertEquals(found(misnamed).inheritedDescriptors(), []);
  assertEquals(found(misnamed).inheritedNamedDescriptors(), new Map());
});
