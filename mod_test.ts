import { assert, assertFalse } from "@std/assert";
import { ConnectError, TimeoutError } from "./mod.ts";
import { TimeoutError as ConnectTimeout } from "./reactor/mod.ts";

Deno.test("TimeoutError is one check for whatever timed out", () => {
  class OwnTimeout extends TimeoutError {}
  const connecting = new ConnectTimeout("connecting took too long");

  assert(new TimeoutError("a Deferred") instanceof TimeoutError);
  assert(connecting instanceof TimeoutError);
  assert(connecting instanceof ConnectError);
  assert(new DOMException("a signal", "TimeoutError") instanceof TimeoutError);
  assert(new OwnTimeout("a subclass") instanceof TimeoutError);
  assert(new OwnTimeout("a subclass") instanceof OwnTimeout);

  assertFalse(connecting instanceof OwnTimeout);
  assertFalse(new Error("another") instanceof TimeoutError);
  assertFalse(new DOMException("another", "AbortError") instanceof TimeoutError);
});
