/**
 * Twisted's `test_defer.py`, DeferredTests: test_repr, test_reprWithResult, test_reprWithChaining,
 * test_chainDeferredRecordsImplicitChain. A JavaScript object has no address to show.
 */

import { assertEquals } from "@std/assert";
import { Deferred } from "./deferred.ts";
import { DeferredList } from "./deferred_list.ts";
import { fail } from "./fail.ts";
import { succeed } from "./succeed.ts";

Deno.test("Deno.inspect() of a Deferred shows its result or state", () => {
  const paused = succeed("orange");
  paused.pause();
  const failed = fail(new RangeError("no"));
  const shown: [Deferred<unknown>, string][] = [
    [new Deferred(), "Deferred { <pending> }"],
    [succeed(), "Deferred { undefined }"],
    [succeed("orange"), 'Deferred { "orange" }'],
    [succeed({ a: [1] }), "Deferred { { a: [ 1 ] } }"],
    [paused, 'Deferred { <paused> "orange" }'],
    [new DeferredList([]), "DeferredList { [] }"],
  ];
  for (const [deferred, text] of shown) assertEquals(Deno.inspect(deferred), text);
  assertEquals(
    Deno.inspect(failed).split("\n")[0],
    "Deferred { <failed> RangeError: no",
  );
  failed.addErrback(() => {});
});

Deno.test("Deno.inspect() of a Deferred shows the Deferred that it waits for", () => {
  const inner = new Deferred<void>();
  const outer = succeed().addCallback(() => inner);
  assertEquals(Deno.inspect(outer), "Deferred { <waiting> Deferred { <pending> } }");
  inner.callback();
  assertEquals(Deno.inspect(outer), "Deferred { undefined }");
});

Deno.test("Deno.inspect() shows a Deferred that another one waits for as undefined", () => {
  const source = new Deferred<number>();
  const middle = succeed().addCallback(() => source);
  const last = succeed().addCallback(() => middle);
  assertEquals(Deno.inspect(middle), "Deferred { <waiting> Deferred { <pending> } }");
  const waiting = "Deferred { <waiting> Deferred { <pending> } }";
  assertEquals(Deno.inspect(last), waiting, "it has nothing to do, and is not waited for");
  middle.pause();
  assertEquals(
    Deno.inspect(last),
    `Deferred { <waiting> ${waiting.replace("<waiting>", "<paused> <waiting>")} }`,
  );
  middle.unpause();
  source.callback(1);
  assertEquals(Deno.inspect(middle), "Deferred { undefined }");
});

Deno.test("Deno.inspect() of a Deferred has a limited depth in long lines and circles", () => {
  let last: Deferred<unknown> = new Deferred<unknown>();
  for (let i = 0; i < 100; i++) {
    const inner = last;
    last = succeed().addCallback(() => inner).addCallback((result) => result);
  }
  const waiting = "Deferred { <waiting> ";
  assertEquals(Deno.inspect(last, { depth: 2 }), `${waiting}${waiting}${waiting}[...] } } }`);
  const circle = { deferred: new Deferred<unknown>() };
  circle.deferred.callback(circle);
  Deno.inspect(circle);
});
