// Tests of the histogram of durations.

import { assertEquals } from "@std/assert";
import { DURATION_LIMITS, DurationMeter } from "./duration_meter.ts";

Deno.test("DurationMeter.stats() counts durations up to each limit, a limit itself included", () => {
  const meter = new DurationMeter();
  for (const seconds of [0, 0.0001, 0.00011, 0.05, 7]) meter.add(seconds);
  const { count, total, maximum, buckets } = meter.stats();
  assertEquals([count, total, maximum], [5, 7.05021, 7]);
  assertEquals(buckets.map(({ limit }) => limit), DURATION_LIMITS);
  assertEquals(buckets.map(({ count }) => count), [2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4]);
});
