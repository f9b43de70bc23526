/**
 * Twisted's `test_defer.py`, UtilTests: test_logErrorReturnsError (here it throws the error),
 * test_logErrorLogsError.
 *
 * Not applicable: test_logErrorLogsErrorNoRepr, as the log says what it logs in its own format.
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { addObserver, type LogEvent } from "../log/mod.ts";
import { fail } from "./fail.ts";
import { logError } from "./log_error.ts";

Deno.test("logError() logs a failure and passes it on", () => {
  const events: LogEvent[] = [];
  using _observing = addObserver((event) => events.push(event), { replay: false });
  const error = new RangeError("no");
  const passed: Error[] = [];
  fail(error).addErrback(logError).addErrback((e) => passed.push(e));
  assertEquals(events.length, 1);
  assertEquals(events[0]?.isError, true);
  assertStrictEquals(events[0]?.failure, error);
  assertEquals(passed.length, 1);
  assertStrictEquals(passed[0], error);
});
