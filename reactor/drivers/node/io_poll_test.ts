/** How turns are counted. That they are enough is tested on sockets: `tcp_test.ts`. */

import { assert, assertEquals } from "@std/assert";
import { afterIOPoll } from "./io_poll.ts";

/** Resolves when there has been news of what was there when it was called. */
const news = (): Promise<void> => new Promise((resolve) => afterIOPoll(resolve));

Deno.test("All who wait are called, in the order in which they came, but for those who have called it off", async () => {
  const called: string[] = [];
  afterIOPoll(() => called.push("first"));
  const callOff = afterIOPoll(() => called.push("never"));
  afterIOPoll(() => called.push("second"));
  callOff();
  await news();
  assertEquals(called, ["first", "second"]);
});

Deno.test("Whoever comes later waits as many turns as those before", async () => {
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

Deno.test("Who is called may wait again", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  afterIOPoll(() => void afterIOPoll(resolve));
  await promise;
});
