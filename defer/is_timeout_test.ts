import { assertEquals } from "@std/assert";
import {
  ConnectionRefusedError,
  ConnectionTimeout,
  ConnectTimeoutError,
} from "../reactor/errors.ts";
import { CancelledError, isTimeout, TimeoutError } from "./mod.ts";

Deno.test("isTimeout() returns true for the error of every operation that timed out", () => {
  const errors = [
    new TimeoutError("a Deferred"),
    new ConnectTimeoutError("a connection attempt"),
    new ConnectionTimeout("idle", 10, "192.0.2.1:80"),
    new DOMException("a signal", "TimeoutError"),
    AbortSignal.timeout(0).reason ?? new DOMException("", "TimeoutError"),
  ];
  assertEquals(errors.map(isTimeout), errors.map(() => true));
});

Deno.test("isTimeout() returns false for other errors and for other values", () => {
  const others = [
    new CancelledError(),
    new ConnectionRefusedError("refused", { code: "ECONNREFUSED" }),
    new DOMException("aborted", "AbortError"),
    new Error("TimeoutError"),
    { name: "TimeoutError", code: "ETIMEDOUT" },
    "TimeoutError",
    undefined,
    null,
  ];
  assertEquals(others.map(isTimeout), others.map(() => false));
});
