import { assert, assertEquals } from "@std/assert";
import { hostileValues } from "../testing/fixtures/hostile_values.ts";
import { execute, FirstError, isTimeout, succeed } from "./mod.ts";

for (const [name, value] of hostileValues()) {
  Deno.test(`Deferred accepts ${name} as a failure, and Deno.inspect() shows it`, () => {
    const failed = execute((): never => {
      throw value;
    });
    assertEquals(typeof Deno.inspect(failed), "string");
    let failure: unknown;
    failed.addErrback((error) => {
      failure = error;
    });
    assert(failure instanceof Error);
    assert(failure === value || failure.cause === value);
    assertEquals(isTimeout(failure), false);
    assert(new FirstError(failure, 0).message.startsWith("Deferred #0 failed: "));
  });

  Deno.test(`Deferred fails when a promise rejects with ${name}`, async () => {
    const failure = await succeed()
      .addCallback(() => Promise.reject(value))
      .addErrback((error: Error) => [error]);
    assert(failure[0] instanceof Error);
  });
}
