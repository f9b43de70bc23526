import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Factory, Protocol } from "../../protocol/mod.ts";
import { IPv4Address } from "../addresses.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import { buildProtocol, startFactory, stopFactory } from "./factory_calls.ts";

const peer = new IPv4Address("TCP", "192.0.2.1", 3000);

/** Returns a factory with an untyped `buildProtocol()`. */
function building(answer: unknown): Factory {
  return Object.assign(new Factory(), { buildProtocol: () => answer });
}

Deno.test("buildProtocol() returns the factory's protocol, or null if the factory returns null", () => {
  const protocol = new Protocol();
  assertStrictEquals(buildProtocol(building(protocol), peer), protocol);
  assertEquals(buildProtocol(building(null), peer), null);
});

Deno.test("buildProtocol() throws for a value that is not a protocol, and names the factory", () => {
  for (const [answer, quoted] of [[undefined, "undefined"], [42, "42"], [Protocol, "function"]]) {
    const expected = `buildProtocol() of Factory must return a protocol or null, got ${quoted}`;
    assertThrows(() => buildProtocol(building(answer), peer), TypeError, expected);
  }
});

Deno.test("buildProtocol() refuses a promise, and logs its rejection", async () => {
  using errors = new LoggedErrors();
  const error = new Error("simulated");
  const factory = building(Promise.reject(error));
  assertThrows(
    () => buildProtocol(factory, peer),
    TypeError,
    "must return its value synchronously, got a promise",
  );
  await null;
  const [event] = errors.takeEvents();
  assertEquals(
    [event?.why, event?.failure],
    ["Error while calling buildProtocol for 192.0.2.1:3000", error],
  );
});

Deno.test("startFactory() and stopFactory() log the rejection of an async method", async () => {
  class Async extends Factory {
    override async startFactory(): Promise<void> {
      await null;
      throw new Error("not started");
    }
    override async stopFactory(): Promise<void> {
      await null;
      throw new Error("not stopped");
    }
  }
  using errors = new LoggedErrors();
  const factory = new Async();
  startFactory(factory);
  stopFactory(factory);
  for (let turn = 0; turn < 5; turn++) await null;
  assertEquals(errors.takeEvents().map(({ why, failure }) => [why, failure?.message]), [
    ["Error while calling startFactory of Async", "not started"],
    ["Error while calling stopFactory of Async", "not stopped"],
  ]);
});
