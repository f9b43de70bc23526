/** The counting of turns. `tcp_test.ts` shows with real sockets that the number is sufficient. */

import { assert, assertEquals } from "@std/assert";
import { afterIOPoll } from "./io_poll.ts";

/** Resolves after the next I/O poll. */
const news = (): Promise<void> => new Promise((resolve) => afterIOPoll(resolve));

Deno.test("afterIOPoll() calls functions in order, except those that were cancelled", async () => {
  const called: string[] = [];
  afterIOPoll(() => called.push("first"));
  const callOff = afterIOPoll(() => called.push("never"));
  afterIOPoll(() => called.push("second"));
  callOff();
  await news();
  assertEquals(called, ["first", "second"]);
});

Deno.test("afterIOPoll() waits as many event loop turns for a later call as for the first", async () => {
  let turns = 0;
  const count = () => {
    turns++;
    counting = setImmediate(count);
  };
  let counting = setImmediate(count);
  await news();
  const first = turns;
  afterIOPoll(() => {});
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  const begun = turns;
  await news();
  clearImmediate(counting);
  assert(turns - begun >= first - 1, `${first} turns, then ${turns - begun}`);
});

Deno.test("afterIOPoll() can be called from within its function", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  afterIOPoll(() => void afterIOPoll(resolve));
  await promise;
});
