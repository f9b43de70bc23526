import { assertEquals, assertRejects } from "@std/assert";
import { LoggedErrors } from "../testing/logged_errors.ts";
import { AsyncResults } from "./async_results.ts";

Deno.test("AsyncResults.combined() rejects with the first failure, and the second is logged", async () => {
  using errors = new LoggedErrors();
  const results = new AsyncResults("Error while testing");
  results.add(Promise.reject(new Error("first")));
  results.add(Promise.reject(new Error("second")));
  await assertRejects(async () => await results.combined(), Error, "first");
  assertEquals(errors.take().map(({ message }) => message), ["second"]);
});

Deno.test("AsyncResults logs every failure of results that are never combined", async () => {
  using errors = new LoggedErrors();
  const results = new AsyncResults("Error while testing");
  results.add(Promise.reject(new Error("first")));
  results.add(Promise.reject(new Error("second")));
  for (let turn = 0; turn < 3; turn++) await null;
  assertEquals(errors.take().map(({ message }) => message), ["first", "second"]);
});

Deno.test("AsyncResults.combined() returns undefined if the calls returned no promise", () => {
  const results = new AsyncResults("Error while testing");
  results.add(undefined);
  assertEquals(results.combined(), undefined);
});
