/**
 * StreamServerEndpointService. Twisted's `application/test/test_internet.py`, `EndpointServiceTests`, test by test: all are here. The private
 * flag `_raiseSynchronously` is an option. `test/test_application.py`, `InternetTests`, is about `TCPServer` and its like, which are not here;
 * what testTCP, testPrivileged and testConnectionGettingRefused say of servers is said here and, on real sockets, in
 * `client_service_tcp_test.ts`.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { CancelledError, Deferred, TooManyWaiters } from "../../defer/mod.ts";
import { Factory } from "../../protocol/mod.ts";
import { LoggedErrors } from "../../reactor/conformance/logged_errors.ts";
import type { IListeningPort, IProtocolFactory } from "../../reactor/interfaces.ts";
import type { IStreamServerEndpoint } from "../interfaces.ts";
import { outcomes } from "./conformance/fake_endpoint.ts";
import { StreamServerEndpointService, type StreamServerEndpointServiceOptions } from "./mod.ts";

const boom = new RangeError("boom");

/** A port that is closed when a test says so. */
class FakePort {
  readonly closed = new Deferred<void>();
  calls = 0;
  /** What `drain()` was given. */
  readonly drains: number[] = [];

  stopListening(): Deferred<void> {
    this.calls++;
    return this.closed;
  }

  drain(seconds: number): Deferred<number> {
    this.drains.push(seconds);
    return this.closed.addCallback(() => 2);
  }
}

/** An endpoint that listens when a test says so. */
class FakeServer implements IStreamServerEndpoint {
  readonly factories: IProtocolFactory[] = [];
  readonly ports: FakePort[] = [];
  result: Deferred<IListeningPort> = new Deferred();
  failsAtOnce: Error | null = null;
  cancelError: Error | null = null;

  listen(factory: IProtocolFactory): Deferred<IListeningPort> {
    this.factories.push(factory);
    this.result = new Deferred((result) => {
      if (this.cancelError !== null) result.errback(this.cancelError);
    });
    if (this.failsAtOnce !== null) this.result.errback(this.failsAtOnce);
    return this.result;
  }

  /** Begins to listen. @returns the port. */
  startedListening(): FakePort {
    const port = new FakePort();
    this.ports.push(port);
    // All that the service uses of a port.
    this.result.callback(port as Partial<IListeningPort> as IListeningPort);
    return port;
  }
}

class Bed implements Disposable {
  readonly endpoint = new FakeServer();
  readonly factory = new Factory();
  readonly service: StreamServerEndpointService;
  readonly errors = new LoggedErrors();

  constructor(options?: StreamServerEndpointServiceOptions) {
    this.service = new StreamServerEndpointService(this.endpoint, this.factory, options);
  }

  [Symbol.dispose](): void {
    this.errors[Symbol.dispose]();
  }
}

Deno.test("privilegedStartService() listens, with the factory, and startService() does not listen again", () => {
  using bed = new Bed();
  bed.service.privilegedStartService();
  assertEquals([bed.endpoint.factories, bed.service.running], [[bed.factory], false]);
  bed.service.privilegedStartService();
  bed.service.startService();
  assertEquals([bed.endpoint.factories.length, bed.service.running], [1, true]);
});

Deno.test("startService() alone listens", () => {
  using bed = new Bed();
  bed.service.startService();
  assertEquals([bed.endpoint.factories, bed.service.running], [[bed.factory], true]);
});

for (const start of ["startService", "privilegedStartService"] as const) {
  Deno.test(`With raiseSynchronously, ${start}() throws what is known at once; nothing is logged, and it can be tried again`, () => {
    using bed = new Bed({ raiseSynchronously: true });
    bed.endpoint.failsAtOnce = boom;
    assertThrows(() => bed.service[start](), RangeError, "boom");
    assertEquals(bed.service.running, false);
    assertEquals(outcomes(bed.service.whenListening()), [boom]);
    bed.endpoint.failsAtOnce = null;
    bed.service[start]();
    assertEquals(bed.endpoint.factories.length, 2);
  });

  Deno.test(`Without it, ${start}() logs it`, () => {
    using bed = new Bed();
    bed.endpoint.failsAtOnce = boom;
    bed.service[start]();
    const [event] = bed.errors.takeEvents();
    assertEquals(event?.failure, boom);
    assertEquals(event?.why, "StreamServerEndpointService does not listen on FakeServer");
  });
}

Deno.test("What fails later is logged, also with raiseSynchronously", () => {
  for (const raiseSynchronously of [false, true]) {
    using bed = new Bed({ raiseSynchronously });
    bed.service.startService();
    bed.endpoint.result.errback(boom);
    assertEquals(bed.errors.take(), [boom]);
    assertEquals(outcomes(bed.service.stopService()), [undefined]);
  }
});

Deno.test("stopService() stops listening, and fires when the port is closed", () => {
  using bed = new Bed();
  bed.service.privilegedStartService();
  const port = bed.endpoint.startedListening();
  bed.service.startService();
  const stopped = outcomes(bed.service.stopService());
  assertEquals([stopped, port.calls], [[], 1]);
  port.closed.callback();
  assertEquals([stopped, bed.service.running], [[undefined], false]);
});

Deno.test("stopService() before it listens cancels that; CancelledError is not logged", () => {
  using bed = new Bed();
  bed.service.privilegedStartService();
  assertEquals(outcomes(bed.service.stopService()), [undefined]);
  assertInstanceOf(outcomes(bed.service.whenListening())[0], CancelledError);
});

Deno.test("stopService() before it listens logs any other error, and does not fail for it", () => {
  using bed = new Bed();
  bed.endpoint.cancelError = boom;
  bed.service.privilegedStartService();
  assertEquals(outcomes(bed.service.stopService()), [undefined]);
  assertEquals(bed.errors.take(), [boom]);
});

// --- What Twisted's tests do not say -----------------------------------------------------------

Deno.test("An endpoint whose listen() throws is treated as one whose Deferred fails", () => {
  using bed = new Bed();
  bed.endpoint.listen = () => {
    throw boom;
  };
  bed.service.startService();
  assertEquals(bed.errors.take(), [boom]);
});

Deno.test("stopService() before startService() fires at once", () => {
  using bed = new Bed();
  assertEquals(outcomes(bed.service.stopService()), [undefined]);
  assertEquals(outcomes(bed.service.stopService()), [undefined]);
});

Deno.test("Each stopService() while the port is being closed fires when it is", () => {
  using bed = new Bed();
  bed.service.startService();
  const port = bed.endpoint.startedListening();
  const stops = [outcomes(bed.service.stopService()), outcomes(bed.service.stopService())];
  assertEquals([stops, port.calls], [[[], []], 1]);
  port.closed.callback();
  assertEquals(stops, [[undefined], [undefined]]);
});

Deno.test("What goes wrong in closing the port comes out of each stopService()", () => {
  using bed = new Bed();
  bed.service.startService();
  const port = bed.endpoint.startedListening();
  const stops = [outcomes(bed.service.stopService()), outcomes(bed.service.stopService())];
  port.closed.errback(boom);
  assertEquals([stops, bed.service.running], [[[boom], [boom]], false]);
  bed.service.startService();
  assertEquals(outcomes(bed.service.stopService()), [undefined]);
});

Deno.test("Started again while it stops, it listens once the port is closed", () => {
  using bed = new Bed();
  bed.service.startService();
  const first = bed.endpoint.startedListening();
  const stopped = outcomes(bed.service.stopService());
  bed.service.startService();
  const port = outcomes(bed.service.whenListening());
  assertEquals(bed.endpoint.factories.length, 1);
  first.closed.callback();
  assertEquals([stopped, bed.endpoint.factories.length, bed.service.running], [
    [undefined],
    2,
    true,
  ]);
  assertEquals(port, []);
  const second = bed.endpoint.startedListening();
  assertStrictEquals(port[0] as unknown, second);
});

Deno.test("Started again and stopped again while it stops, it does not listen", () => {
  using bed = new Bed();
  bed.service.startService();
  const port = bed.endpoint.startedListening();
  const stops = [outcomes(bed.service.stopService())];
  bed.service.startService();
  stops.push(outcomes(bed.service.stopService()));
  assertEquals(stops, [[], []]);
  port.closed.callback();
  assertEquals([stops, bed.endpoint.factories.length, bed.service.running], [
    [[undefined], [undefined]],
    1,
    false,
  ]);
});

Deno.test("Who waits for the stop may start it again", () => {
  using bed = new Bed();
  bed.service.startService();
  const port = bed.endpoint.startedListening();
  bed.service.stopService().addCallback(() => bed.service.startService());
  port.closed.callback();
  assertEquals([bed.endpoint.factories.length, bed.service.running], [2, true]);
});

Deno.test("whenListening() fires with the port, now or later; cancelling it ends that wait alone", () => {
  using bed = new Bed();
  const early = outcomes(bed.service.whenListening());
  bed.service.startService();
  const cancelled = bed.service.whenListening();
  const given = outcomes(cancelled);
  const late = outcomes(bed.service.whenListening());
  cancelled.cancel();
  assertInstanceOf(given[0], CancelledError);
  const port: unknown = bed.endpoint.startedListening();
  for (const seen of [early, late, outcomes(bed.service.whenListening())]) {
    assertStrictEquals(seen[0] as unknown, port);
  }
});

Deno.test("whenListening() fails with what keeps it from listening, and with CancelledError when it is stopped", () => {
  using bed = new Bed();
  bed.service.startService();
  const failing = outcomes(bed.service.whenListening());
  bed.endpoint.result.errback(boom);
  assertEquals([failing, outcomes(bed.service.whenListening())], [[boom], [boom]]);
  assertEquals(bed.errors.take(), [boom]);
  bed.service.stopService();
  bed.service.startService();
  const stopping = outcomes(bed.service.whenListening());
  assertEquals(stopping, []);
  bed.service.stopService();
  for (const [error] of [stopping, outcomes(bed.service.whenListening())]) {
    assertInstanceOf(error, CancelledError);
    assertEquals(error.message, "StreamServerEndpointService has been stopped");
  }
});

Deno.test("Who waits for the port may cancel another, and stop the service", () => {
  using bed = new Bed();
  bed.service.startService();
  const first = bed.service.whenListening();
  const second = bed.service.whenListening();
  const stopped: unknown[][] = [];
  first.addCallback(() => {
    second.cancel();
    stopped.push(outcomes(bed.service.stopService()));
  });
  const seen = outcomes(second);
  const port = bed.endpoint.startedListening();
  assertInstanceOf(seen[0], CancelledError);
  assertEquals([stopped, port.calls], [[[]], 1]);
  port.closed.callback();
  assert(!bed.service.running);
});

Deno.test("With drain, stopService() drains the port, and fires when that is done", () => {
  using bed = new Bed({ drain: 30 });
  bed.service.startService();
  const port = bed.endpoint.startedListening();
  const stopped = outcomes(bed.service.stopService());
  assertEquals([stopped, port.drains, port.calls], [[], [30], 0]);
  port.closed.callback();
  assertEquals(stopped, [undefined]);
  for (const wrong of [-1, NaN]) {
    assertThrows(
      () => new StreamServerEndpointService(bed.endpoint, bed.factory, { drain: wrong }),
      RangeError,
      "StreamServerEndpointService() drain",
    );
  }
});

Deno.test("whenListening() fails with TooManyWaiters when maxWaiting others wait", () => {
  using bed = new Bed({ maxWaiting: 1 });
  const first = outcomes(bed.service.whenListening());
  assertInstanceOf(outcomes(bed.service.whenListening())[0], TooManyWaiters);
  bed.service.startService();
  const port: unknown = bed.endpoint.startedListening();
  assertStrictEquals(first[0] as unknown, port);
  assertThrows(() => new Bed({ maxWaiting: -1 }), RangeError, "maxWaiting");
});
