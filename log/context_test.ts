import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { callWithSystem, currentSystem, enterSystem, leaveSystem } from "./context.ts";

Deno.test("currentSystem() returns a hyphen outside of callWithSystem()", () => {
  assertEquals(currentSystem(), "-");
});

Deno.test("callWithSystem() sets the system during the call and returns its result", () => {
  assertEquals(callWithSystem("outer", () => callWithSystem("inner", currentSystem)), "inner");
  const systems = callWithSystem("outer", () => {
    callWithSystem("inner", () => {});
    return currentSystem();
  });
  assertEquals([systems, currentSystem()], ["outer", "-"]);
});

Deno.test("callWithSystem() restores the system when the call throws", () => {
  const boom = new Error("boom");
  const fail = (): never =>
    callWithSystem("inner", () => {
      throw boom;
    });
  assertStrictEquals(assertThrows(fail), boom);
  assertEquals(currentSystem(), "-");
});

Deno.test("currentSystem() calls logPrefix() of its owner each time", () => {
  const owner = {
    count: 0,
    logPrefix(): string {
      return `Echo,${++this.count}`;
    },
  };
  callWithSystem(owner, () => {
    assertEquals(owner.count, 0);
    assertEquals([currentSystem(), currentSystem()], ["Echo,1", "Echo,2"]);
  });
});

Deno.test("enterSystem() and leaveSystem() calls may be nested", () => {
  const first = enterSystem("a");
  const second = enterSystem("b");
  assertEquals([first, second, currentSystem()], ["-", "a", "b"]);
  leaveSystem(second);
  assertEquals(currentSystem(), "a");
  leaveSystem(first);
  assertEquals(currentSystem(), "-");
});
