import { assert, assertEquals } from "@std/assert";
import { LoggedErrors } from "../../testing/mod.ts";
import type { RetryPolicy } from "./backoff_policy.ts";
import { retryDelay } from "./retry_delay.ts";

const wait = (policy: RetryPolicy): number =>
  retryDelay(2, {
    owner: "worker 1",
    policy,
    fallback: (failures) => failures * 10,
    fallbackName: "the default",
  });

Deno.test("retryDelay() returns the result of the policy", () => {
  assertEquals(wait((failures) => failures / 4), 0.5);
});

Deno.test("retryDelay() logs a policy that fails, and returns the result of the fallback", () => {
  using errors = new LoggedErrors();
  // The types allow only numbers.
  for (const result of [NaN, -1, Infinity, "5", undefined] as number[]) {
    assertEquals(wait(() => result), 20);
    const [error] = errors.take();
    const shown = typeof result === "string" ? '"5"' : `${result}`;
    assert(error?.message.includes("retryPolicy() result"), error?.message);
    assert(error?.message.endsWith(`got ${shown}`), error?.message);
  }
  const fails = (): number => {
    throw new Error("no policy today");
  };
  assertEquals(wait(fails), 20);
  assertEquals(errors.take().map(({ message }) => message), ["no policy today"]);
});
