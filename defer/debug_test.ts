/**
 * Twisted's `test_defer.py`, AlreadyCalledTests: testAlreadyCalled_CC, _CE, _EC, _EE,
 * testAlreadyCalledDebug_CC, _CE, _EC, _EE, testNoDebugging, testSwitchDebugging.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { getDebugging, setDebugging } from "./debug.ts";
import { Deferred } from "./deferred.ts";
import { AlreadyCalledError } from "./errors.ts";

const ways: { first: (d: Deferred<string>) => void; second: (d: Deferred<string>) => void }[] = [];

function callFirst(deferred: Deferred<string>): void {
  deferred.callback("first");
}
function callSecond(deferred: Deferred<string>): void {
  deferred.callback("second");
}
function errFirst(deferred: Deferred<string>): void {
  deferred.errback(new Error("first"));
}
function errSecond(deferred: Deferred<string>): void {
  deferred.errback(new Error("second"));
}
for (const first of [callFirst, errFirst]) {
  for (const second of [callSecond, errSecond]) ways.push({ first, second });
}

function makeIt(): Deferred<string> {
  const deferred = new Deferred<string>();
  deferred.addErrback(() => "handled");
  return deferred;
}

function withDebugging(on: boolean, f: () => void): void {
  const before = getDebugging();
  setDebugging(on);
  try {
    f();
  } finally {
    setDebugging(before);
  }
}

Deno.test("getDebugging() returns the argument of the last setDebugging()", () => {
  assertEquals(getDebugging(), false);
  withDebugging(true, () => assertEquals(getDebugging(), true));
  assertEquals(getDebugging(), false);
});

Deno.test("AlreadyCalledError has both call stacks while debugging is on", () => {
  withDebugging(true, () => {
    for (const { first, second } of ways) {
      const deferred = makeIt();
      first(deferred);
      const { message } = assertThrows(() => second(deferred), AlreadyCalledError);
      const [, made = "", fired = ""] = message.split(/ {2}made:\n| {2}fired:\n/);
      assert(made.includes("makeIt"), message);
      assert(!made.includes(first.name) && !made.includes(second.name), message);
      assert(fired.includes(first.name) && !fired.includes(second.name), message);
      assert(!message.includes("chain.ts"), `begins with the caller: ${message}`);
    }
  });
});

Deno.test("AlreadyCalledError has no call stacks while debugging is off", () => {
  for (const { first, second } of ways) {
    const deferred = makeIt();
    first(deferred);
    const { message } = assertThrows(() => second(deferred), AlreadyCalledError);
    assertEquals(message, "Cannot fire the Deferred: it has already been fired");
  }
});

Deno.test("setDebugging() may be called between a Deferred's creation and its firing", () => {
  const before = makeIt();
  withDebugging(true, () => {
    before.callback("made before, fired now");
    const { message } = assertThrows(() => before.callback("again"), AlreadyCalledError);
    assert(!message.includes("made:") && message.includes("fired:"), message);
  });
  const fired = makeIt();
  fired.callback("first");
  withDebugging(true, () => {
    fired.addBoth(() => {});
    const { message } = assertThrows(() => fired.callback("again"), AlreadyCalledError);
    assertEquals(message, "Cannot fire the Deferred: it has already been fired");
  });
});
