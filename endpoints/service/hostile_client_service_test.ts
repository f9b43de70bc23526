/**
 * The hooks and Deferreds of a ClientService may fail with any value: it is logged, and the service
 * continues.
 */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { Deferred, succeed } from "../../defer/mod.ts";
import { hostileValues } from "../../testing/fixtures/hostile_values.ts";
import { eventText } from "../../log/mod.ts";
import { Factory, Protocol } from "../../protocol/mod.ts";
import { Clock } from "../../task/mod.ts";
import { LoggedErrors, ManualEndpoint } from "../../testing/mod.ts";
import { backoffPolicy, ClientService, type ClientServiceOptions } from "./mod.ts";
import { successResultOf } from "../../testing/mod.ts";
import { outcomes } from "../../testing/fixtures/outcomes.ts";

/** Seconds, longer than the longest wait. */
const AT_LEAST_ONE_ATTEMPT = 100;

type Hooks = Pick<ClientServiceOptions<Protocol>, "retryPolicy" | "prepareConnection">;

/**
 * Makes an attempt or its preparation fail. Returns the errors that are logged until the next
 * attempt.
 */
async function attempt(hooks: Hooks, connects: boolean): Promise<string[]> {
  using errors = new LoggedErrors();
  const clock = new Clock();
  const endpoint = new ManualEndpoint({ losesAtOnce: true });
  const factory = Factory.forProtocol(Protocol);
  const service = new ClientService(endpoint, factory, { clock, ...hooks });
  service.startService();
  if (connects) endpoint.attempt().succeed();
  else endpoint.attempt().fail();
  // Waits until a promise has been rejected.
  await new Promise((resolve) => setTimeout(resolve, 0));
  clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(endpoint.attempts.length, 2);
  service.stopService();
  return errors.takeEvents().map((event) => {
    eventText(event);
    return event.message;
  });
}

const FAILED =
  /^Error in the retryPolicy of ClientService, so the default policy is used for this wait$/;
const REJECTED =
  /^Error while calling (the retryPolicy of ClientService|the jitter of backoffPolicy\(\))$/;

for (const [name, value] of hostileValues()) {
  const throws = (): never => {
    throw value;
  };
  // Not a number, as from an untyped caller.
  const rejects = (): never => Promise.reject(value) as never;

  Deno.test(`ClientService keeps working if retryPolicy or jitter fails with ${name}`, async () => {
    for (const fails of [throws, rejects]) {
      for (const retryPolicy of [fails, backoffPolicy({ jitter: fails })]) {
        const messages = await attempt({ retryPolicy }, false);
        assertEquals(messages.filter((each) => FAILED.test(each)).length, 1);
        const rejections = messages.filter((each) => REJECTED.test(each)).length;
        assertEquals([messages.length, rejections], fails === throws ? [1, 0] : [2, 1]);
      }
    }
  });

  Deno.test(`ClientService keeps working if prepareConnection() fails with ${name}`, async () => {
    const failing = () => succeed().addCallback(throws);
    for (const prepareConnection of [throws, rejects, failing]) {
      assertEquals(await attempt({ prepareConnection }, true), []);
    }
  });

  if (!Error.isError(value)) continue;
  Deno.test(`ClientService keeps working if an attempt fails with ${name}`, () => {
    using _errors = new LoggedErrors();
    const clock = new Clock();
    const dial = new Deferred<never>();
    const endpoint = { connect: () => dial };
    const service = new ClientService(endpoint, Factory.forProtocol(Protocol), { clock });
    service.startService();
    const waiter = outcomes(service.whenConnected(1));
    dial.errback(value);
    assertEquals(waiter.length, 1);
    assertEquals(clock.getDelayedCalls().length, 1, "the next attempt");
    service.stopService();
  });
}

Deno.test("ClientService.stopService() completes although a canceller throws", () => {
  using errors = new LoggedErrors();
  const dial = new Deferred<never>((self) => {
    self.errback(new Error("fired first"));
    throw new RangeError("in the canceller");
  });
  const clock = new Clock();
  const endpoint = { connect: () => dial };
  const service = new ClientService(endpoint, Factory.forProtocol(Protocol), { clock });
  service.startService();
  assertEquals(successResultOf(service.stopService()), undefined);
  assertInstanceOf(errors.take()[0], RangeError);
});
