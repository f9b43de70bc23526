import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { HostTimer } from "./host_timer.ts";

Deno.test("HostTimer.timeout() calls after the delay, in faked time too", () => {
  using time = new FakeTime();
  const calls: string[] = [];
  const timer = new HostTimer(() => {}, () => {});
  timer.timeout(1, () => calls.push("made"));
  const cancel = timer.timeout(1, () => calls.push("cancelled"));
  cancel();
  cancel();
  time.tick(1000);
  assertEquals(calls, ["made"]);
});

Deno.test("HostTimer.timeout() can be cancelled after faked time has ended", () => {
  const timer = new HostTimer(() => {}, () => {});
  const cancel = timer.timeout(1, () => {});
  {
    using _time = new FakeTime();
    cancel();
  }
});

Deno.test("HostTimer.soon() calls in a microtask", async () => {
  const calls: string[] = [];
  new HostTimer(() => {}, () => {}).soon(() => calls.push("soon"));
  assertEquals(calls, []);
  await Promise.resolve();
  assertEquals(calls, ["soon"]);
});
