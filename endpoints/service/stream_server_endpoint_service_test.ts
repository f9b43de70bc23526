/**
 * StreamServerEndpointService. Twisted's `application/test/test_internet.py`,
 * `EndpointServiceTests`, test by test: all are here. The private flag `_raiseSynchronously` is an
 * option. `test/test_application.py`, `InternetTests`, is about `TCPServer` and its like, which do
 * not exist here; its claims about servers in testTCP, testPrivileged and
 * testConnectionGettingRefused are tested here and, on real sockets, in
 * `client_service_tcp_test.ts`.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { CancelledError, TooManyWaiters } from "../../defer/mod.ts";
import { Factory } from "../../protocol/mod.ts";
import type { IProtocolFactory } from "../../reactor/interfaces/mod.ts";
import { StreamServerEndpointService, type StreamServerEndpointServiceOptions } from "./mod.ts";
import {
  failureResultOf,
  type FakePort,
  LoggedErrors,
  ManualServerEndpoint,
  successResultOf,
} from "../../testing/mod.ts";
import { outcomes } from "../../testing/fixtures/outcomes.ts";

const boom = new RangeError("boom");

/** A service, and an endpoint whose attempts and ports the test completes. */
class ServiceFixture implements Disposable {
  /** The error with which attempts to listen fail at once. */
  failsAtOnce: Error | null = null;
  /** The error with which a cancelled attempt fails. */
  cancelError: Error | null = null;
  readonly endpoint = new ManualServerEndpoint({
    holdsClosing: true,
    listening: (attempt) => {
      if (this.failsAtOnce !== null) attempt.fail(this.failsAtOnce);
    },
    cancelled: (attempt) => {
      if (this.cancelError !== null) attempt.fail(this.cancelError);
    },
  });
  readonly factory = new Factory();
  readonly service: StreamServerEndpointService;
  readonly errors = new LoggedErrors();

  constructor(options?: StreamServerEndpointServiceOptions) {
    this.service = new StreamServerEndpointService(this.endpoint, this.factory, options);
  }

  /** The factories that were passed to `listen()`. */
  get factories(): IProtocolFactory[] {
    return this.endpoint.attempts.map(({ factory }) => factory);
  }

  /** Completes listening. */
  startedListening(): FakePort {
    return this.endpoint.attempt().succeed();
  }

  [Symbol.dispose](): void {
    this.errors[Symbol.dispose]();
  }
}

Deno.test("StreamServerEndpointService.privilegedStartService() listens only once", () => {
  using fixture = new ServiceFixture();
  fixture.service.privilegedStartService();
  assertEquals([fixture.factories, fixture.service.running], [[fixture.factory], false]);
  fixture.service.privilegedStartService();
  fixture.service.startService();
  assertEquals([fixture.factories.length, fixture.service.running], [1, true]);
});

Deno.test("StreamServerEndpointService.startService() listens without a privileged start", () => {
  using fixture = new ServiceFixture();
  fixture.service.startService();
  assertEquals([fixture.factories, fixture.service.running], [[fixture.factory], true]);
});

for (const start of ["startService", "privilegedStartService"] as const) {
  Deno.test(`StreamServerEndpointService.${start}() with raiseSynchronously throws an error`, () => {
    using fixture = new ServiceFixture({ raiseSynchronously: true });
    fixture.failsAtOnce = boom;
    assertThrows(() => fixture.service[start](), RangeError, "boom");
    assertEquals(fixture.service.running, false);
    assertStrictEquals(failureResultOf(fixture.service.whenListening()), boom);
    fixture.failsAtOnce = null;
    fixture.service[start]();
    assertEquals(fixture.factories.length, 2);
  });

  Deno.test(`StreamServerEndpointService.${start}() logs an error without raiseSynchronously`, () => {
    using fixture = new ServiceFixture();
    fixture.failsAtOnce = boom;
    fixture.service[start]();
    const [event] = fixture.errors.takeEvents();
    assertEquals(event?.failure, boom);
    assertEquals(event?.why, "StreamServerEndpointService cannot listen on 192.0.2.1:2000");
  });
}

Deno.test("StreamServerEndpointService logs a later error, also with raiseSynchronously", () => {
  for (const raiseSynchronously of [false, true]) {
    using fixture = new ServiceFixture({ raiseSynchronously });
    fixture.service.startService();
    fixture.endpoint.attempt().fail(boom);
    assertEquals(fixture.errors.take(), [boom]);
    assertEquals(successResultOf(fixture.service.stopService()), undefined);
  }
});

Deno.test("StreamServerEndpointService.stopService() fires when the port is closed", () => {
  using fixture = new ServiceFixture();
  fixture.service.privilegedStartService();
  const port = fixture.startedListening();
  fixture.service.startService();
  const stopped = outcomes(fixture.service.stopService());
  assertEquals([stopped, port.stopCalls], [[], 1]);
  port.completeClosing();
  assertEquals([stopped, fixture.service.running], [[undefined], false]);
});

Deno.test("StreamServerEndpointService.stopService() cancels listening, and logs no CancelledError", () => {
  using fixture = new ServiceFixture();
  fixture.service.privilegedStartService();
  assertEquals(successResultOf(fixture.service.stopService()), undefined);
  failureResultOf(fixture.service.whenListening(), CancelledError);
});

Deno.test("StreamServerEndpointService.stopService() logs any other error of listening", () => {
  using fixture = new ServiceFixture();
  fixture.cancelError = boom;
  fixture.service.privilegedStartService();
  assertEquals(successResultOf(fixture.service.stopService()), undefined);
  assertEquals(fixture.errors.take(), [boom]);
});

// --- Tests that Twisted does not have ----------------------------------------------------------

Deno.test("StreamServerEndpointService treats a listen() that throws as one that rejects", () => {
  using fixture = new ServiceFixture();
  fixture.endpoint.listen = () => {
    throw boom;
  };
  fixture.service.startService();
  assertEquals(fixture.errors.take(), [boom]);
});

Deno.test("StreamServerEndpointService.stopService() before the start fires at once", () => {
  using fixture = new ServiceFixture();
  assertEquals(successResultOf(fixture.service.stopService()), undefined);
  assertEquals(successResultOf(fixture.service.stopService()), undefined);
});

Deno.test("StreamServerEndpointService.stopService() several times fires when the port is closed", () => {
  using fixture = new ServiceFixture();
  fixture.service.startService();
  const port = fixture.startedListening();
  const stops = [outcomes(fixture.service.stopService()), outcomes(fixture.service.stopService())];
  assertEquals([stops, port.stopCalls], [[[], []], 1]);
  port.completeClosing();
  assertEquals(stops, [[undefined], [undefined]]);
});

Deno.test("StreamServerEndpointService.stopService() fails with an error of closing the port", () => {
  using fixture = new ServiceFixture();
  fixture.service.startService();
  const port = fixture.startedListening();
  const stops = [outcomes(fixture.service.stopService()), outcomes(fixture.service.stopService())];
  port.completeClosing(boom);
  assertEquals([stops, fixture.service.running], [[[boom], [boom]], false]);
  fixture.service.startService();
  assertEquals(successResultOf(fixture.service.stopService()), undefined);
});

Deno.test("StreamServerEndpointService that is restarted listens once the port is closed", () => {
  using fixture = new ServiceFixture();
  fixture.service.startService();
  const first = fixture.startedListening();
  const stopped = outcomes(fixture.service.stopService());
  fixture.service.startService();
  const port = outcomes(fixture.service.whenListening());
  assertEquals(fixture.factories.length, 1);
  first.completeClosing();
  assertEquals([stopped, fixture.factories.length, fixture.service.running], [
    [undefined],
    2,
    true,
  ]);
  assertEquals(port, []);
  const second = fixture.startedListening();
  assertStrictEquals(port[0] as unknown, second);
});

Deno.test("StreamServerEndpointService does not listen after a restart that was stopped again", () => {
  using fixture = new ServiceFixture();
  fixture.service.startService();
  const port = fixture.startedListening();
  const stops = [outcomes(fixture.service.stopService())];
  fixture.service.startService();
  stops.push(outcomes(fixture.service.stopService()));
  assertEquals(stops, [[], []]);
  port.completeClosing();
  assertEquals([stops, fixture.factories.length, fixture.service.running], [
    [[undefined], [undefined]],
    1,
    false,
  ]);
});

Deno.test("StreamServerEndpointService.stopService() callbacks may start the service again", () => {
  using fixture = new ServiceFixture();
  fixture.service.startService();
  const port = fixture.startedListening();
  fixture.service.stopService().addCallback(() => fixture.service.startService());
  port.completeClosing();
  assertEquals([fixture.factories.length, fixture.service.running], [2, true]);
});

Deno.test("StreamServerEndpointService.whenListening() fires with the port, now or later", () => {
  using fixture = new ServiceFixture();
  const early = outcomes(fixture.service.whenListening());
  fixture.service.startService();
  const cancelled = fixture.service.whenListening();
  const late = outcomes(fixture.service.whenListening());
  cancelled.cancel();
  failureResultOf(cancelled, CancelledError);
  const port: unknown = fixture.startedListening();
  for (const seen of [early, late, outcomes(fixture.service.whenListening())]) {
    assertStrictEquals(seen[0] as unknown, port);
  }
});

Deno.test("StreamServerEndpointService.whenListening() fails with the error of listening", () => {
  using fixture = new ServiceFixture();
  fixture.service.startService();
  const failing = outcomes(fixture.service.whenListening());
  fixture.endpoint.attempt().fail(boom);
  assertEquals([failing, outcomes(fixture.service.whenListening())], [[boom], [boom]]);
  assertEquals(fixture.errors.take(), [boom]);
  fixture.service.stopService();
  fixture.service.startService();
  const stopping = outcomes(fixture.service.whenListening());
  assertEquals(stopping, []);
  fixture.service.stopService();
  for (const [error] of [stopping, outcomes(fixture.service.whenListening())]) {
    assertInstanceOf(error, CancelledError);
    assertEquals(
      error.message,
      "Cannot listen with StreamServerEndpointService: the service has been stopped",
    );
  }
});

Deno.test("StreamServerEndpointService.whenListening({ signal }) fails with the abort reason", () => {
  using fixture = new ServiceFixture();
  fixture.service.startService();
  const leaving = new AbortController();
  const aborted = outcomes(fixture.service.whenListening({ signal: leaving.signal }));
  const left = outcomes(fixture.service.whenListening());
  leaving.abort(new Error("the user has left"));
  for (const [error] of [aborted, outcomes(fixture.service.whenListening(leaving))]) {
    assertInstanceOf(error, CancelledError);
    assertEquals(error.message, "Cancelled by an AbortSignal: the user has left");
  }
  const port: unknown = fixture.startedListening();
  assertStrictEquals(left[0] as unknown, port);
});

Deno.test("StreamServerEndpointService.whenListening() callbacks may cancel waiters, and stop", () => {
  using fixture = new ServiceFixture();
  fixture.service.startService();
  const first = fixture.service.whenListening();
  const second = fixture.service.whenListening();
  const stopped: unknown[][] = [];
  first.addCallback(() => {
    second.cancel();
    stopped.push(outcomes(fixture.service.stopService()));
  });
  const port = fixture.startedListening();
  failureResultOf(second, CancelledError);
  assertEquals([stopped, port.stopCalls], [[[]], 1]);
  port.completeClosing();
  assert(!fixture.service.running);
});

Deno.test("StreamServerEndpointService with drain calls drain() of its port when it stops", () => {
  using fixture = new ServiceFixture({ drain: 30 });
  fixture.service.startService();
  const port = fixture.startedListening();
  const stopped = outcomes(fixture.service.stopService());
  assertEquals([stopped, port.drainCalls, port.stopCalls], [[], [30], 0]);
  port.completeClosing();
  assertEquals(stopped, [undefined]);
  for (const wrong of [-1, NaN]) {
    assertThrows(
      () => new StreamServerEndpointService(fixture.endpoint, fixture.factory, { drain: wrong }),
      RangeError,
      "StreamServerEndpointService() drain",
    );
  }
});

Deno.test("StreamServerEndpointService.whenListening() fails when maxWaiting calls wait", () => {
  using fixture = new ServiceFixture({ maxWaiting: 1 });
  const first = outcomes(fixture.service.whenListening());
  failureResultOf(fixture.service.whenListening(), TooManyWaiters);
  fixture.service.startService();
  const port: unknown = fixture.startedListening();
  assertStrictEquals(first[0] as unknown, port);
  assertThrows(() => new ServiceFixture({ maxWaiting: -1 }), RangeError, "maxWaiting");
});
