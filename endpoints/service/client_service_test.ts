/**
 * ClientService. Twisted's `application/test/test_internet.py`, `ClientServiceTests`, test by test, in its order:
 *
 * - All are here, but those that cannot be: `IFileDescriptorReceiver` of test_interfacesForTransport, because Deno receives no file
 *   descriptors; and of test_clientConnected the texts of private proxies.
 * - test_prepareConnectionCalledWithProtocol gets the protocol itself here, where Twisted hands over a proxy.
 * - test_prepareConnectionThrows: the connection is closed here, and the next attempt waits until it is lost.
 *
 * There is no `ReconnectingClientFactory`: it does not reconnect over endpoints, where Twisted's guide has ClientService in its place. Of
 * `test/test_factories.py`, `ReconnectingFactoryTests`, test_stopTryingWhenConnected and test_stopTryingDoesNotReconnect are what stopService()
 * does here, test_parametrizedClock is every test; the other three are about pickling.
 *
 * `BackoffPolicyTests` are in `backoff_policy_test.ts`; what any sequence of events may bring about, in `client_service_model_test.ts`; real
 * sockets in `client_service_tcp_test.ts`. After Twisted's tests come those of what it lacks.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  Deferred,
  fail,
  isTimeout,
  TimeoutError,
  TooManyWaiters,
} from "../../defer/mod.ts";
import { addObserver } from "../../log/mod.ts";
import { Factory, Protocol } from "../../protocol/mod.ts";
import { LoggedErrors } from "../../testing/fixtures/logged_errors.ts";
import { ConnectionLost, ConnectTimeoutError, NoProtocol } from "../../reactor/errors.ts";
import type { IProtocol } from "../../reactor/interfaces/mod.ts";
import { Clock } from "../../task/mod.ts";
import {
  FakeEndpoint,
  type FakeEndpointBehaviour,
  outcomes,
} from "../../testing/fixtures/fake_endpoint.ts";
import { ClientService, type ClientServiceOptions } from "./mod.ts";

/** Longer than the longest wait. */
const AT_LEAST_ONE_ATTEMPT = 100;

class Client extends Protocol {
  readonly isClient = true;
  reason: Error | null = null;

  override connectionLost(reason: Error): void {
    this.reason = reason;
  }
}

class HalfCloseableClient extends Client {
  readConnectionLost(): void {}
  writeConnectionLost(): void {}
}

class Clients extends Factory<Client> {
  override protocol = Client;
  readonly built: Client[] = [];

  override buildProtocol(...args: Parameters<Factory<Client>["buildProtocol"]>): Client | null {
    const client = super.buildProtocol(...args);
    if (client !== null) this.built.push(client);
    return client;
  }
}

/** A service on a fake endpoint. When it is disposed of, it has to end without a trace, once its connections are lost. */
class ConnectionFixture implements Disposable {
  readonly clock = new Clock();
  readonly factory = new Clients();
  readonly endpoint: FakeEndpoint;
  readonly service: ClientService<Client>;
  readonly errors = new LoggedErrors();

  constructor(
    options: Partial<ClientServiceOptions<Client>> = {},
    behaviour: FakeEndpointBehaviour = {},
  ) {
    this.endpoint = new FakeEndpoint(behaviour);
    this.service = new ClientService(this.endpoint, this.factory, {
      clock: this.clock,
      ...options,
    });
  }

  /** Makes the connection of the last dial. @returns its protocol. */
  connect(): Client {
    this.endpoint.dial().succeed();
    const client = this.factory.built.at(-1);
    assert(client !== undefined);
    return client;
  }

  [Symbol.dispose](): void {
    const stopped = outcomes(this.service.stopService());
    for (const dial of this.endpoint.dials) dial.lose();
    assertEquals(stopped, [undefined]);
    assertEquals(this.clock.getDelayedCalls(), []);
    assertEquals(this.endpoint.dials.filter((dial) => dial.isOpen), []);
    this.errors[Symbol.dispose]();
  }
}

/** A fixture whose service has been started. */
function started(...args: ConstructorParameters<typeof ConnectionFixture>): ConnectionFixture {
  const fixture = new ConnectionFixture(...args);
  fixture.service.startService();
  return fixture;
}

/** What is logged while `f` runs. */
function logged(f: () => void): string[] {
  const messages: string[] = [];
  using _observing = addObserver(({ message }) => messages.push(message), { replay: false });
  f();
  return messages;
}

Deno.test("startService() makes an attempt to connect", () => {
  using fixture = new ConnectionFixture();
  assertEquals([fixture.service.running, fixture.endpoint.dials.length], [false, 0]);
  fixture.service.startService();
  assertEquals([fixture.service.running, fixture.endpoint.dials.length], [true, 1]);
});

Deno.test("The factory that the endpoint gets passes doStart(), doStop() and logPrefix() on", () => {
  using fixture = started();
  const { factory } = fixture.endpoint.dial();
  factory.doStart();
  assertEquals(fixture.factory.numPorts, 1);
  factory.doStop();
  assertEquals(fixture.factory.numPorts, 0);
  assertEquals(factory.logPrefix?.(), "Clients");
  const bare = { buildProtocol: () => null, doStart: () => {}, doStop: () => {} };
  const service = new ClientService(fixture.endpoint, bare, { clock: fixture.clock });
  service.startService();
  assertEquals(fixture.endpoint.dial().factory.logPrefix?.(), "Object");
  service.stopService();
});

Deno.test("stopService() while connected closes the connection, and fires when it is lost", () => {
  using fixture = started();
  const client = fixture.connect();
  const stopped = outcomes(fixture.service.stopService());
  assertEquals([stopped, fixture.endpoint.dial().disconnecting], [[], true]);
  assertEquals(fixture.service.running, false);
  const reason = new ConnectionLost();
  fixture.endpoint.dial().lose(reason);
  assertEquals(stopped, [undefined]);
  assertStrictEquals(client.reason, reason);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.dials.length, 1);
});

Deno.test("startService() while it stops connects again, once the old connection is lost", () => {
  using fixture = started();
  fixture.connect();
  const stopped = outcomes(fixture.service.stopService());
  fixture.service.startService();
  assertEquals([stopped, fixture.endpoint.dials.length], [[], 1]);
  fixture.endpoint.dial().lose();
  assertEquals([stopped, fixture.endpoint.dials.length], [[undefined], 2]);
});

Deno.test("whenConnected() while it stops and is started again fires with the next connection's protocol", () => {
  using fixture = started();
  const first = fixture.connect();
  fixture.service.stopService();
  const next = outcomes(fixture.service.whenConnected());
  fixture.service.startService();
  fixture.endpoint.dial().lose();
  assertEquals(next, []);
  const second = fixture.connect();
  assertStrictEquals(next[0], second);
  assert(next[0] !== first);
});

Deno.test("startService() after the stop connects again; in between whenConnected() fails", () => {
  using fixture = started();
  assertEquals(outcomes(fixture.service.stopService()), [undefined]);
  const [failed] = outcomes(fixture.service.whenConnected());
  assertInstanceOf(failed, CancelledError);
  assertEquals(failed.message, "ClientService has been stopped: it does not connect");
  fixture.service.startService();
  const client = fixture.connect();
  assertStrictEquals(outcomes(fixture.service.whenConnected())[0], client);
});

Deno.test("A half-closeable protocol is one for the transport, too, and another is not", () => {
  using fixture = started();
  fixture.connect();
  assert(!("readConnectionLost" in (fixture.endpoint.dial().protocol ?? {})));
  fixture.factory.protocol = HalfCloseableClient;
  fixture.endpoint.dial().lose();
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  fixture.connect();
  assert("readConnectionLost" in (fixture.endpoint.dial().protocol ?? {}));
});

Deno.test("stopService() during a later attempt ends that", () => {
  using fixture = started({}, { cancelled: (dial) => dial.fail() });
  fixture.endpoint.dial().fail();
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.dials.length, 2);
  assertEquals(outcomes(fixture.service.stopService()), [undefined]);
  assert(fixture.endpoint.dial().isCancelled);
});

Deno.test("stopService() during the first attempt cancels it", () => {
  using fixture = started();
  assertEquals(outcomes(fixture.service.stopService()), [undefined]);
  assert(fixture.endpoint.dial().isCancelled);
});

Deno.test("A connection leaves no timed call, and whenConnected() has its protocol at once, typed", () => {
  using fixture = started();
  const client = fixture.connect();
  assertEquals(fixture.clock.getDelayedCalls(), []);
  const protocol: Deferred<Client> = fixture.service.whenConnected();
  assertStrictEquals(outcomes(protocol)[0], client);
});

Deno.test("An attempt that fails is followed by another after a while", () => {
  using fixture = started();
  fixture.endpoint.dial().fail();
  assertEquals(outcomes(fixture.service.whenConnected()), []);
  assertEquals(fixture.endpoint.dials.length, 1);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.dials.length, 2);
});

Deno.test("A connection that is lost is followed by another after a while, which whenConnected() waits for", () => {
  using fixture = started();
  fixture.connect();
  fixture.endpoint.dial().lose();
  const next = outcomes(fixture.service.whenConnected());
  assertEquals([next.length, fixture.endpoint.dials.length], [0, 1]);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const second = fixture.connect();
  assertStrictEquals(next[0], second);
});

Deno.test("A factory that builds no protocol makes the attempt fail, and is asked again", () => {
  using fixture = started();
  fixture.factory.buildProtocol = () => null;
  const waiting = outcomes(fixture.service.whenConnected());
  const failing = outcomes(fixture.service.whenConnected(1));
  fixture.endpoint.dial().succeed();
  assertEquals(waiting, []);
  assertInstanceOf(failing[0], NoProtocol);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.dials.length, 2);
  fixture.endpoint.dial().succeed();
  assertEquals(waiting, []);
});

Deno.test("A connection that is lost while the service stops ends the stop, and whenConnected() fails from then on", () => {
  using fixture = started();
  fixture.connect();
  const stopped = outcomes(fixture.service.stopService());
  fixture.endpoint.dial().lose(new ConnectionLost());
  assertInstanceOf(outcomes(fixture.service.whenConnected())[0], CancelledError);
  assertEquals(stopped, [undefined]);
});

Deno.test("A second startService() is logged, and does nothing else", () => {
  using fixture = started();
  fixture.service.setName("upstream");
  assertEquals(logged(() => fixture.service.startService()), [
    'Duplicate ClientService.startService ClientService "upstream"',
  ]);
  assertEquals(fixture.endpoint.dials.length, 1);
});

Deno.test("All who wait for a connection get its protocol", () => {
  using fixture = started();
  const waiting = [
    outcomes(fixture.service.whenConnected()),
    outcomes(fixture.service.whenConnected()),
    outcomes(fixture.service.whenConnected(1)),
  ];
  assertEquals(waiting, [[], [], []]);
  const client = fixture.connect();
  for (const [protocol] of waiting) assertStrictEquals(protocol, client);
});

Deno.test("whenConnected(n) fails with the error of the nth attempt that fails from then on", () => {
  using fixture = started();
  const waiting = [undefined, 1, 2, 3].map((n) => outcomes(fixture.service.whenConnected(n)));
  const first = new RangeError("first");
  fixture.endpoint.dial().fail(first);
  assertEquals(waiting, [[], [first], [], []]);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const second = new RangeError("second");
  fixture.endpoint.dial().fail(second);
  assertEquals(waiting, [[], [first], [second], []]);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const client = fixture.connect();
  assertStrictEquals(waiting[0]?.[0], client);
  assertStrictEquals(waiting[3]?.[0], client);
  assertStrictEquals(outcomes(fixture.service.whenConnected(1))[0], client);
});

Deno.test("stopService() fails all who wait for a connection with CancelledError", () => {
  using fixture = started();
  const waiting = [undefined, undefined, 1].map((n) => outcomes(fixture.service.whenConnected(n)));
  fixture.service.stopService();
  for (const [error] of waiting) assertInstanceOf(error, CancelledError);
});

Deno.test("stopService() between two attempts takes the wait back, and is done at once", () => {
  using fixture = started();
  fixture.endpoint.dial().fail();
  const before = outcomes(fixture.service.whenConnected());
  assertEquals(outcomes(fixture.service.stopService()), [undefined]);
  assertEquals(fixture.clock.getDelayedCalls(), []);
  assertInstanceOf(before[0], CancelledError);
  assertInstanceOf(outcomes(fixture.service.whenConnected())[0], CancelledError);
});

Deno.test("stopService() before startService() is done at once, and fails those who wait", () => {
  using fixture = new ConnectionFixture();
  const waiting = outcomes(fixture.service.whenConnected());
  assertEquals(waiting, []);
  assertEquals(outcomes(fixture.service.stopService()), [undefined]);
  assertInstanceOf(waiting[0], CancelledError);
});

Deno.test("Each stopService() while it stops fires when the connection is lost", () => {
  using fixture = started();
  fixture.connect();
  const stops = [outcomes(fixture.service.stopService()), outcomes(fixture.service.stopService())];
  assertEquals(stops, [[], []]);
  fixture.endpoint.dial().lose();
  assertEquals(stops, [[undefined], [undefined]]);
});

Deno.test("stopService() after a start that waits for the old connection takes that start back", () => {
  using fixture = started();
  fixture.connect();
  const first = outcomes(fixture.service.stopService());
  fixture.service.startService();
  const second = outcomes(fixture.service.stopService());
  fixture.endpoint.dial().lose();
  assertEquals([first, second, fixture.endpoint.dials.length], [[undefined], [undefined], 1]);
});

Deno.test("stopService() of a stopped service is done at once", () => {
  using fixture = started();
  assertEquals(outcomes(fixture.service.stopService()), [undefined]);
  assertEquals(outcomes(fixture.service.stopService()), [undefined]);
});

Deno.test("prepareConnection() is called with the protocol of each new connection, once that is made", () => {
  const prepared: [Client, boolean][] = [];
  using fixture = started({
    prepareConnection: (client) => void prepared.push([client, client.connected]),
  });
  fixture.endpoint.dial().fail();
  assertEquals(prepared, []);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const first = fixture.connect();
  assertEquals(prepared, [[first, true]]);
  fixture.endpoint.dial().lose();
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const second = fixture.connect();
  assertEquals(prepared, [[first, true], [second, true]]);
});

Deno.test("What prepareConnection() returns is nobody's, and a Deferred is waited for", () => {
  const preparation = new Deferred<string>();
  using fixture = started({ prepareConnection: () => preparation });
  const waiting = outcomes(fixture.service.whenConnected());
  const client = fixture.connect();
  assertEquals(waiting, []);
  preparation.callback("a result");
  assertStrictEquals(waiting[0], client);
});

Deno.test("A prepareConnection() that throws, or whose Deferred fails, makes the attempt fail, and the connection is closed", () => {
  const error = new RangeError("not well");
  const hooks = [() => fail(error), () => {
    throw error;
  }];
  using fixture = started({ prepareConnection: () => hooks.pop()?.() });
  const waiting = [1, 2, 3].map((n) => outcomes(fixture.service.whenConnected(n)));
  fixture.connect();
  assertEquals(waiting, [[error], [], []]);
  assert(fixture.endpoint.dial().disconnecting);
  // The next attempt waits until this connection is gone.
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.dials.length, 1);
  fixture.endpoint.dial().lose();
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  fixture.connect();
  assertEquals(waiting, [[error], [error], []]);
  fixture.endpoint.dial().lose();
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertStrictEquals(waiting[2]?.[0], undefined);
  assertStrictEquals(fixture.connect(), waiting[2]?.[0]);
});

// --- What Twisted's tests do not say -----------------------------------------------------------

Deno.test("A prepareConnection() whose promise is rejected makes the attempt fail", async () => {
  const rejected = Promise.withResolvers<void>();
  using fixture = started({ prepareConnection: () => rejected.promise });
  const waiting = fixture.service.whenConnected(1);
  fixture.connect();
  const error = new RangeError("not well");
  rejected.reject(error);
  assertStrictEquals(await waiting.addErrback((reason) => reason), error);
  assert(fixture.endpoint.dial().disconnecting);
});

Deno.test("A connection that is lost while it is prepared is an attempt that failed, and the preparation is cancelled", () => {
  const cancelled: unknown[] = [];
  const preparation = new Deferred<void>(() => cancelled.push("cancelled"));
  using fixture = started({ prepareConnection: () => preparation });
  const waiting = outcomes(fixture.service.whenConnected(1));
  fixture.connect();
  const reason = new ConnectionLost();
  fixture.endpoint.dial().lose(reason);
  assertEquals([waiting, cancelled], [[reason], ["cancelled"]]);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.dials.length, 2);
});

Deno.test("A connection that is lost within prepareConnection() is an attempt that failed, and what that returned is cancelled", () => {
  const cancelled: unknown[] = [];
  using fixture: ConnectionFixture = started({
    prepareConnection: () => {
      fixture.endpoint.dial().lose();
      return new Deferred<void>(() => cancelled.push("cancelled"));
    },
  });
  const waiting = outcomes(fixture.service.whenConnected(1));
  fixture.connect();
  assertEquals(String(waiting[0]), "ConnectionDone: Connection was closed cleanly");
  assertEquals([cancelled, fixture.clock.getDelayedCalls().length], [["cancelled"], 1]);
});

Deno.test("A connection that the endpoint leaves open when it fails is closed, and the next attempt waits for that", () => {
  using fixture = started();
  fixture.endpoint.dial().make();
  fixture.endpoint.dial().fail();
  assert(fixture.endpoint.dial().disconnecting);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.dials.length, 1);
  fixture.endpoint.dial().lose();
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.dials.length, 2);
});

Deno.test("stopService() while the connection is prepared cancels that, closes the connection, and waits for it", () => {
  const cancelled: unknown[] = [];
  const preparation = new Deferred<void>(() => cancelled.push("cancelled"));
  using fixture = started({ prepareConnection: () => preparation });
  fixture.connect();
  const stopped = outcomes(fixture.service.stopService());
  assertEquals([stopped, cancelled], [[], ["cancelled"]]);
  assert(fixture.endpoint.dial().disconnecting);
  fixture.endpoint.dial().lose();
  assertEquals(stopped, [undefined]);
});

Deno.test("stopService() within prepareConnection(), connectionMade() and buildProtocol() leaves no connection", () => {
  for (const where of ["prepareConnection", "connectionMade", "buildProtocol", "connect"]) {
    const stop = (now: string) => {
      if (now === where) stopped.push(outcomes(fixture.service.stopService()));
    };
    const stopped: unknown[][] = [];
    using fixture: ConnectionFixture = new ConnectionFixture(
      { prepareConnection: () => stop("prepareConnection") },
      { dialling: () => stop("connect") },
    );
    const build = fixture.factory.buildProtocol.bind(fixture.factory);
    fixture.factory.buildProtocol = (addr) => {
      stop("buildProtocol");
      const client = build(addr);
      if (client !== null) client.connectionMade = () => stop("connectionMade");
      return client;
    };
    fixture.service.startService();
    fixture.endpoint.dial().succeed();
    const dial = fixture.endpoint.dial();
    assertEquals([where, dial.isOpen && !dial.disconnecting], [where, false]);
    dial.lose();
    assertEquals(stopped, [[undefined]]);
  }
});

Deno.test("A connection that the endpoint fires with in spite of the stop is closed, and the stop waits until it is lost", () => {
  using fixture = started({}, { cancelled: (dial) => dial.succeed() });
  fixture.endpoint.dial().build();
  const stopped = outcomes(fixture.service.stopService());
  assertEquals([stopped, fixture.endpoint.dial().disconnecting], [[], true]);
  fixture.endpoint.dial().lose();
  assertEquals(stopped, [undefined]);
});

Deno.test("A connection that is made after the endpoint has failed is closed, whether the service stops or goes on", () => {
  using fixture = started();
  fixture.endpoint.dial().build();
  fixture.endpoint.dial().fail();
  fixture.endpoint.dial().make();
  assert(fixture.endpoint.dial().disconnecting);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  fixture.endpoint.dial().build();
  assertEquals(outcomes(fixture.service.stopService()), [undefined]);
  fixture.endpoint.dial().make();
  assert(fixture.endpoint.dial().disconnecting);
});

Deno.test("No protocol is built for an attempt that is over", () => {
  using fixture = started();
  fixture.endpoint.dial().fail();
  assertEquals(fixture.endpoint.dial().build(), null);
  fixture.service.stopService();
  assertEquals([fixture.endpoint.dial().build(), fixture.factory.built], [null, []]);
});

Deno.test("Cancelling whenConnected() ends that wait alone, also by an AbortSignal", () => {
  using fixture = started();
  const aborting = new AbortController();
  const waits = [fixture.service.whenConnected(), fixture.service.whenConnected(1)];
  const left = outcomes(fixture.service.whenConnected());
  const aborted = outcomes(fixture.service.whenConnected().addSignal(aborting.signal));
  const cancelled = waits.map(outcomes);
  for (const wait of waits) wait.cancel();
  aborting.abort();
  for (const [error] of [...cancelled, aborted]) assertInstanceOf(error, CancelledError);
  assertEquals([left, fixture.endpoint.dial().isCancelled], [[], false]);
  assertStrictEquals(fixture.connect(), left[0]);
});

Deno.test("Who is told may cancel others, stop the service, and start it again", () => {
  using fixture = started();
  const first = fixture.service.whenConnected();
  const second = fixture.service.whenConnected();
  first.addCallback(() => {
    second.cancel();
    fixture.service.stopService();
    fixture.service.startService();
  });
  const seen = outcomes(second);
  const third = outcomes(fixture.service.whenConnected());
  const client = fixture.connect();
  assertInstanceOf(seen[0], CancelledError);
  assertStrictEquals(third[0], client);
  fixture.endpoint.dial().lose();
  assertEquals([fixture.endpoint.dials.length, fixture.service.running], [2, true]);
});

Deno.test("ClientService.whenConnected({ timeout }) ends the wait, and not the attempt", () => {
  using fixture = started();
  const timedOut = outcomes(fixture.service.whenConnected({ timeout: 5 }));
  const left = outcomes(fixture.service.whenConnected({ timeout: 6, failAfterFailures: 2 }));
  fixture.clock.advance(5);
  assertInstanceOf(timedOut[0], TimeoutError);
  assertEquals(timedOut[0].message, "ClientService did not connect within 5 s");
  assertEquals([left, fixture.endpoint.dial().isCancelled], [[], false]);
  assertStrictEquals(fixture.connect(), left[0]);
  assertEquals(fixture.clock.getDelayedCalls().length, 0);
});

Deno.test("ClientService.whenConnected({ failAfterFailures }) counts as the plain number does", () => {
  using fixture = started();
  const waits = [
    fixture.service.whenConnected({ failAfterFailures: 1 }),
    fixture.service.whenConnected({}),
  ];
  const [failed, waiting] = waits.map(outcomes);
  fixture.endpoint.dial().fail();
  assertEquals([failed?.length, waiting], [1, []]);
});

Deno.test("ClientService.whenConnected({ signal }) says why it was aborted", () => {
  using fixture = started();
  const shutdown = new AbortController();
  const aborted = outcomes(fixture.service.whenConnected({ signal: shutdown.signal }));
  const left = outcomes(fixture.service.whenConnected());
  const reason = new Error("the user has left");
  shutdown.abort(reason);
  const late = outcomes(fixture.service.whenConnected({ signal: shutdown.signal }));
  for (const [error] of [aborted, late]) {
    assertInstanceOf(error, CancelledError);
    assertEquals(error.message, "Cancelled by a signal: the user has left");
    assertStrictEquals(error.cause, reason);
  }
  assertEquals([left, fixture.endpoint.dial().isCancelled], [[], false]);
});

Deno.test("ClientService.whenConnected({ signal }) of a timeout signal fails with TimeoutError", () => {
  using fixture = started();
  const timeout = new AbortController();
  const waiting = outcomes(fixture.service.whenConnected({ signal: timeout.signal }));
  timeout.abort(new DOMException("Signal timed out.", "TimeoutError"));
  assertInstanceOf(waiting[0], TimeoutError);
  assert(isTimeout(waiting[0]));
});

Deno.test("ClientService.whenConnected() rejects options that are out of range", () => {
  using fixture = new ConnectionFixture();
  for (const timeout of [-1, NaN]) {
    assertThrows(() => fixture.service.whenConnected({ timeout }), RangeError, "timeout");
  }
  for (const failAfterFailures of [0, -1, 1.5, NaN]) {
    const wait = () => fixture.service.whenConnected({ failAfterFailures });
    assertThrows(wait, RangeError, String(failAfterFailures));
  }
  for (const wrong of [0, -1, 1.5, NaN]) {
    assertThrows(() => fixture.service.whenConnected(wrong), RangeError, String(wrong));
  }
});

Deno.test("The policy is told how many attempts have failed in a row; a connection begins the count anew, and so does a start", () => {
  const asked: number[] = [];
  const retryPolicy = (failures: number) => {
    asked.push(failures);
    return 10;
  };
  using fixture = started({ retryPolicy });
  const fails = () => {
    fixture.endpoint.dial().fail();
    fixture.clock.advance(10);
  };
  fails();
  fails();
  fixture.connect();
  fixture.endpoint.dial().lose();
  fixture.clock.advance(10);
  fails();
  assertEquals(asked, [1, 2, 1, 2]);
  fixture.service.stopService();
  fixture.service.startService();
  fails();
  assertEquals([asked, fixture.endpoint.dials.length], [[1, 2, 1, 2, 1], 7]);
});

Deno.test("With stableAfter, a connection that does not last so long is one more failure", () => {
  const asked: number[] = [];
  const retryPolicy = (failures: number) => {
    asked.push(failures);
    return 1;
  };
  using fixture = started({ retryPolicy, stableAfter: 30 });
  const lasts = (seconds: number) => {
    fixture.connect();
    fixture.clock.advance(seconds);
    fixture.endpoint.dial().lose();
    fixture.clock.advance(1);
  };
  lasts(29);
  lasts(29);
  lasts(30);
  lasts(0);
  assertEquals(asked, [1, 2, 1, 2]);
});

Deno.test("With attemptTimeout, a dial that takes too long is cancelled and counts as failed", () => {
  using fixture = started({ attemptTimeout: 5 });
  const waiting = outcomes(fixture.service.whenConnected(1));
  fixture.clock.advance(5);
  assertInstanceOf(waiting[0], ConnectTimeoutError);
  assertEquals(waiting[0].message, "Connecting took longer than the 5 s of an attempt");
  assert(fixture.endpoint.dial().isCancelled);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assert(fixture.endpoint.dials.length > 1);
});

Deno.test("With attemptTimeout, a preparation that takes too long is cancelled, and the connection closed", () => {
  const preparation = new Deferred<void>();
  using fixture = started({ attemptTimeout: 5, prepareConnection: () => preparation });
  const waiting = outcomes(fixture.service.whenConnected(1));
  fixture.clock.advance(4);
  fixture.connect();
  fixture.clock.advance(1);
  assertInstanceOf(waiting[0], ConnectTimeoutError);
  assertEquals(
    waiting[0].message,
    "Preparing the connection took longer than the 5 s of an attempt",
  );
  assert(fixture.endpoint.dial().disconnecting && preparation.called);
});

Deno.test("attemptTimeout does not bound a connection that is prepared", () => {
  using fixture = started({ attemptTimeout: 5 });
  fixture.connect();
  assertEquals(fixture.clock.getDelayedCalls(), []);
});

Deno.test("A policy that throws, or asks for no time that there is, is logged, and the wait is the default's", () => {
  const policies: (() => number)[] = [() => -1, () => NaN, () => {
    throw new RangeError("no idea");
  }];
  using fixture = started({ retryPolicy: () => policies.pop()?.() ?? 0 });
  for (const text of ["no idea", "got NaN", "got -1"]) {
    fixture.endpoint.dial().fail();
    const [error] = fixture.errors.take();
    assert(error?.message.includes(text), error?.message);
    assertEquals(fixture.clock.getDelayedCalls().length, 1);
    fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  }
  assertEquals(fixture.endpoint.dials.length, 4);
});

Deno.test("A policy may stop the service: then there is no next attempt", () => {
  using fixture: ConnectionFixture = started({
    retryPolicy: (failures) => {
      if (failures === 2) fixture.service.stopService();
      return 1;
    },
  });
  const waiting = outcomes(fixture.service.whenConnected());
  fixture.endpoint.dial().fail();
  fixture.clock.advance(1);
  fixture.endpoint.dial().fail();
  assertEquals(fixture.clock.getDelayedCalls(), []);
  assertInstanceOf(waiting[0], CancelledError);
});

Deno.test("The log says when the next attempt is made, where to, and why", () => {
  using fixture = started({ retryPolicy: () => 1.23456 });
  const lines = logged(() => fixture.endpoint.dial().fail());
  assertEquals(lines, [
    "Scheduling retry 1 to connect 192.0.2.2:2222 in 1.235 seconds. (RangeError: no connection)",
  ]);
  class Nameless extends FakeEndpoint {
    override toString = Object.prototype.toString;
  }
  const endpoint = new Nameless({ dialling: (dial) => dial.fail() });
  const service = new ClientService(endpoint, fixture.factory, { clock: fixture.clock });
  const [line] = logged(() => service.startService());
  assert(line?.startsWith("Scheduling retry 1 to connect Nameless in "), line);
  service.stopService();
});

Deno.test("An endpoint whose connect() throws, or fails at once, is tried again", () => {
  const behaviours = [(dial: { fail(): void }) => dial.fail(), () => {
    throw new RangeError("boom");
  }];
  for (const dialling of behaviours) {
    using fixture = started({}, { dialling });
    fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
    assert(fixture.endpoint.dials.length > 1);
  }
});

Deno.test("A connectionLost() that throws does not keep the service from connecting again", () => {
  using fixture = started();
  const error = new RangeError("boom");
  fixture.connect().connectionLost = () => {
    throw error;
  };
  // The reactor logs it.
  assertThrows(() => fixture.endpoint.dial().lose(), RangeError, "boom");
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.dials.length, 2);
});

Deno.test("Of an endpoint that dials several addresses at once, only the connection that it fires with counts", () => {
  using fixture = new ConnectionFixture();
  const made: IProtocol[] = [];
  const endpoint = new FakeEndpoint({
    dialling: (dial) => {
      const loser = dial.make();
      assert(loser !== null);
      made.push(loser);
      dial.succeed();
      loser.connectionLost(new ConnectionLost());
    },
  });
  const service = new ClientService(endpoint, fixture.factory, { clock: fixture.clock });
  service.startService();
  const [protocol] = outcomes(service.whenConnected());
  assertStrictEquals(protocol, fixture.factory.built[1]);
  assertEquals([made.length, fixture.clock.getDelayedCalls()], [1, []]);
  const stopped = outcomes(service.stopService());
  assertEquals(stopped, []);
  endpoint.dial().lose();
  assertEquals(stopped, [undefined]);
});

Deno.test("A connection that is lost before the endpoint fires with it is an attempt that failed", () => {
  using fixture = started({}, {});
  const waiting = outcomes(fixture.service.whenConnected(1));
  const dial = fixture.endpoint.dial();
  const reason = new ConnectionLost("too soon");
  const make = dial.make.bind(dial);
  dial.make = () => {
    const protocol = make();
    dial.lose(reason);
    return protocol;
  };
  dial.succeed();
  assertEquals(waiting, [reason]);
  assertEquals(fixture.clock.getDelayedCalls().length, 1);
});

Deno.test("await using stops the service, and waits for that", async () => {
  const clock = new Clock();
  const endpoint = new FakeEndpoint({ dialling: (dial) => dial.succeed() });
  let disposed = false;
  const scope = async () => {
    await using service = new ClientService(endpoint, new Clients(), { clock });
    service.startService();
  };
  const done = scope().then(() => disposed = true);
  while (!endpoint.dial().disconnecting) await null;
  assertEquals(disposed, false);
  endpoint.dial().lose();
  await done;
});

Deno.test("Times that are none are turned down", () => {
  const endpoint = new FakeEndpoint();
  const clock = new Clock();
  for (const wrong of [-1, NaN]) {
    for (const option of ["attemptTimeout", "stableAfter"] as const) {
      assertThrows(
        () => new ClientService(endpoint, new Clients(), { clock, [option]: wrong }),
        RangeError,
        option,
      );
    }
  }
});

Deno.test("A service's connections have the type of what its factory builds", () => {
  const options = { clock: new Clock() };
  class Chat extends Protocol {
    readonly nick = "";
  }
  const plain = new ClientService(new FakeEndpoint(), Factory.forProtocol(Chat), options);
  const prepared = new ClientService(new FakeEndpoint(), Factory.forProtocol(Chat), {
    ...options,
    prepareConnection: (chat) => Promise.resolve(chat.nick),
  });
  const whenConnected = plain.whenConnected(1);
  const types: [
    Equal<typeof plain, ClientService<Chat>>,
    Equal<typeof prepared, ClientService<Chat>>,
    Equal<typeof whenConnected, Deferred<Chat>>,
  ] = [true, true, true];
  assertEquals(types, [true, true, true]);
});

/** True for the same type only. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

Deno.test("whenConnected() fails with TooManyWaiters when maxWaiting others wait", () => {
  const options = { clock: new Clock(), maxWaiting: 2 };
  const service = new ClientService(new FakeEndpoint(), Factory.forProtocol(Protocol), options);
  const [first, , third] = [1, 2, 3].map(() => service.whenConnected());
  assertInstanceOf(third === undefined ? null : outcomes(third)[0], TooManyWaiters);
  first?.addErrback(() => {}).cancel();
  const next = outcomes(service.whenConnected());
  assertEquals(next, []);
  assertThrows(
    () =>
      new ClientService(new FakeEndpoint(), Factory.forProtocol(Protocol), {
        ...options,
        maxWaiting: -1,
      }),
    RangeError,
    "maxWaiting",
  );
});
