import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { addObserver, msg } from "./mod.ts";
import { useWallClock, wallClockSeconds } from "./wall_clock.ts";

Deno.test("wallClockSeconds() is the time of the host, also if it is faked later", () => {
  assert(Math.abs(wallClockSeconds() - Date.now() / 1000) < 60);
  using _time = new FakeTime(5000);
  assertEquals(wallClockSeconds(), 5);
});

Deno.test("useWallClock() replaces the clock of log events, until it is disposed of", () => {
  const times: number[] = [];
  using _observer = addObserver(({ time }) => times.push(time), { replay: false });
  {
    using _clock = useWallClock(() => 7000);
    msg("virtual");
    {
      using _inner = useWallClock(() => 8000);
      msg("nested");
    }
    msg("virtual again");
  }
  msg("real");
  assertEquals(times.slice(0, 3), [7, 8, 7]);
  assert((times[3] ?? 0) > 1_000_000);
});
