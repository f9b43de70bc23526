import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { CancelledError, type Deferred } from "../defer/mod.ts";
import { Factory } from "../protocol/mod.ts";
import { UNIXAddress } from "../reactor/addresses.ts";
import { CannotListenError, DrainTimeout } from "../reactor/errors.ts";
import { Clock } from "../task/mod.ts";
import {
  AccumulatingProtocol,
  assertNoResult,
  failureResultOf,
  ManualServerEndpoint,
  successResultOf,
} from "./mod.ts";

/** A factory that counts its ports. */
function newFactory(): Factory<AccumulatingProtocol> {
  return Factory.forProtocol(AccumulatingProtocol);
}

Deno.test("ManualServerEndpoint.listen() adds an attempt, which stays pending", () => {
  const endpoint = new ManualServerEndpoint();
  const factory = newFactory();
  const listening = [endpoint.listen(factory), endpoint.listen(factory)];
  assertEquals([endpoint.attempts.length, String(endpoint)], [2, "192.0.2.1:2000"]);
  assertStrictEquals(endpoint.attempt(), endpoint.attempts[1]);
  assertStrictEquals(endpoint.attempt(0).factory, factory);
  const { isPending, isCancelled, port } = endpoint.attempt();
  assertEquals([isPending, isCancelled, port], [true, false, null]);
  for (const each of listening) assertNoResult(each);
  assertEquals(factory.numPorts, 0);
  assertThrows(() => endpoint.attempt(2), RangeError, "listen() was called 2 times");
});

Deno.test("ManualListen.succeed() fires the Deferred with a port that listens", () => {
  const address = new UNIXAddress("/run/s");
  const endpoint = new ManualServerEndpoint({ address });
  const factory = newFactory();
  const listening = endpoint.listen(factory);
  const attempt = endpoint.attempt();
  const port = attempt.succeed();
  assertStrictEquals(successResultOf(listening), port);
  assertStrictEquals(attempt.port, port);
  assertEquals([port.isListening, port.getHost(), factory.numPorts], [true, address, 1]);
  port.connect().receive("hello");
  assertEquals(port.connections.length, 1);
  assertThrows(() => attempt.succeed(), Error, "Cannot succeed the attempt to listen on /run/s");
  assertThrows(() => attempt.fail(), Error, "it is not pending");
});

Deno.test("ManualListen.succeed() fails the Deferred if the factory cannot be started", () => {
  const endpoint = new ManualServerEndpoint();
  const factory = newFactory();
  factory.startFactory = () => {
    throw new RangeError("boom");
  };
  const listening = endpoint.listen(factory);
  assert(!endpoint.attempt().succeed().isListening);
  assertEquals(failureResultOf(listening, RangeError).message, "boom");
});

Deno.test("ManualListen.fail() fails the Deferred, by default because the address is in use", () => {
  const endpoint = new ManualServerEndpoint();
  const listening = endpoint.listen(newFactory());
  endpoint.attempt().fail();
  assertEquals(failureResultOf(listening, CannotListenError).code, "EADDRINUSE");
  const other = endpoint.listen(newFactory());
  const reason = new RangeError("boom");
  endpoint.attempt().fail(reason);
  assertStrictEquals(failureResultOf(other), reason);
});

Deno.test("ManualServerEndpoint.listen() that is cancelled fails with CancelledError", () => {
  const endpoint = new ManualServerEndpoint();
  const listening = endpoint.listen(newFactory());
  listening.cancel();
  failureResultOf(listening, CancelledError);
  assertEquals([endpoint.attempt().isCancelled, endpoint.attempt().isPending], [true, false]);
  const { signal } = { signal: AbortSignal.abort(new Error("the user has left")) };
  failureResultOf(endpoint.listen(newFactory(), { signal }), CancelledError);
  assertEquals(endpoint.attempts.length, 1);
});

Deno.test("ManualServerEndpoint options listening and cancelled may complete the attempt", () => {
  const boom = new RangeError("boom");
  const listen = (endpoint: ManualServerEndpoint): Deferred<unknown> =>
    endpoint.listen(newFactory());
  const succeeding = new ManualServerEndpoint({ listening: (attempt) => attempt.succeed() });
  assertStrictEquals(successResultOf(listen(succeeding)), succeeding.attempt().port);
  const failing = new ManualServerEndpoint({ listening: (attempt) => attempt.fail(boom) });
  assertStrictEquals(failureResultOf(listen(failing)), boom);
  const throwing = new ManualServerEndpoint({
    listening: () => {
      throw boom;
    },
  });
  assertStrictEquals(failureResultOf(listen(throwing)), boom);
  const cancelled = new ManualServerEndpoint({ cancelled: (attempt) => attempt.fail(boom) });
  const listening = listen(cancelled);
  listening.cancel();
  assertStrictEquals(failureResultOf(listening), boom);
});

Deno.test("ManualServerEndpoint option clock is that of the deadlines of drain()", () => {
  const clock = new Clock();
  const endpoint = new ManualServerEndpoint({ clock });
  endpoint.listen(newFactory());
  const port = endpoint.attempt().succeed();
  const { protocol } = port.connect();
  const drained = port.drain(5);
  clock.advance(5);
  assertEquals(successResultOf(drained), 1);
  assert(protocol instanceof AccumulatingProtocol && protocol.closedReason instanceof DrainTimeout);
});
