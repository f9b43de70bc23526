import { assertEquals } from "@std/assert";
import { hostTurn } from "./run_schedule.ts";
import { watchUncaughtErrors } from "./uncaught_errors.ts";

Deno.test("watchUncaughtErrors() reports rejected promises and thrown errors, until it ends", async () => {
  const reports: [what: string, error: unknown][] = [];
  {
    using _watch = watchUncaughtErrors((...report) => reports.push(report));
    Promise.reject("a reason");
    queueMicrotask(() => {
      throw new RangeError("thrown");
    });
    await hostTurn();
  }
  assertEquals(reports.map(([what, error]) => `${what}: ${error}`).toSorted(), [
    "a promise was rejected without a handler: a reason",
    "an error was not caught: RangeError: thrown",
  ]);
});
