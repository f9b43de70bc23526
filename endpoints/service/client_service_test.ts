/**
 * ClientService. Twisted's `application/test/test_internet.py`, `ClientServiceTests`, test by test,
 * in its order:
 *
 * - All are here, except `IFileDescriptorReceiver` of test_interfacesForTransport, because only
 *   `EpollReactor` receives file descriptors, and the texts of private proxies of
 *   test_clientConnected.
 * - test_prepareConnectionCalledWithProtocol receives the protocol itself here, where Twisted
 *   passes a proxy.
 * - test_prepareConnectionThrows: the connection is closed here, and the next attempt waits until
 *   it is lost.
 *
 * There is no `ReconnectingClientFactory`: it does not work with endpoints, and Twisted's guide
 * recommends ClientService instead. Of `test/test_factories.py`, `ReconnectingFactoryTests`:
 * test_stopTryingWhenConnected and test_stopTryingDoesNotReconnect are covered by the tests of
 * stopService(), test_parametrizedClock by every test; the other three are about pickling.
 *
 * `BackoffPolicyTests` are in `backoff_policy_test.ts`, random sequences of events in
 * `client_service_model_test.ts`, and real sockets in `client_service_tcp_test.ts`. The tests that
 * Twisted does not have come last.
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
import { ConnectionLost, ConnectTimeoutError, NoProtocol } from "../../reactor/errors.ts";
import type { IProtocol } from "../../reactor/interfaces/mod.ts";
import { Clock } from "../../task/mod.ts";
import { ClientService, type ClientServiceOptions } from "./mod.ts";
import {
  assertNoResult,
  failureResultOf,
  LoggedErrors,
  ManualEndpoint,
  type ManualEndpointOptions,
  successResultOf,
} from "../../testing/mod.ts";
import { outcomes } from "../../testing/fixtures/outcomes.ts";

/** Seconds, longer than the longest wait. */
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

/**
 * A service on a fake endpoint. Disposing it checks that the service stops and leaves nothing, once
 * its connections are lost.
 */
class ConnectionFixture implements Disposable {
  readonly clock = new Clock();
  readonly factory = new Clients();
  readonly endpoint: ManualEndpoint;
  readonly service: ClientService<Client>;
  readonly errors = new LoggedErrors();

  constructor(
    options: Partial<ClientServiceOptions<Client>> = {},
    behaviour: ManualEndpointOptions = {},
  ) {
    this.endpoint = new ManualEndpoint(behaviour);
    this.service = new ClientService(this.endpoint, this.factory, {
      clock: this.clock,
      ...options,
    });
  }

  /** Completes the last attempt. Returns the protocol. */
  connect(): Client {
    this.endpoint.attempt().succeed();
    const client = this.factory.built.at(-1);
    assert(client !== undefined);
    return client;
  }

  [Symbol.dispose](): void {
    const stopped = this.service.stopService();
    for (const dial of this.endpoint.attempts) dial.lose();
    assertEquals(successResultOf(stopped), undefined);
    assertEquals(this.clock.getDelayedCalls(), []);
    assertEquals(this.endpoint.attempts.filter((dial) => dial.isOpen), []);
    this.errors[Symbol.dispose]();
  }
}

/** Returns a fixture whose service has been started. */
function started(...args: ConstructorParameters<typeof ConnectionFixture>): ConnectionFixture {
  const fixture = new ConnectionFixture(...args);
  fixture.service.startService();
  return fixture;
}

/** Returns the events that are logged while `f` runs. */
function logged(f: () => void): string[] {
  const messages: string[] = [];
  using _observing = addObserver(({ message }) => messages.push(message), { replay: false });
  f();
  return messages;
}

Deno.test("ClientService.startService() starts an attempt", () => {
  using fixture = new ConnectionFixture();
  assertEquals([fixture.service.running, fixture.endpoint.attempts.length], [false, 0]);
  fixture.service.startService();
  assertEquals([fixture.service.running, fixture.endpoint.attempts.length], [true, 1]);
});

Deno.test("ClientService's factory forwards doStart(), doStop() and logPrefix()", () => {
  using fixture = started();
  const { factory } = fixture.endpoint.attempt();
  factory.doStart();
  assertEquals(fixture.factory.numPorts, 1);
  factory.doStop();
  assertEquals(fixture.factory.numPorts, 0);
  assertEquals(factory.logPrefix?.(), "Clients");
  const bare = { buildProtocol: () => null, doStart: () => {}, doStop: () => {} };
  const service = new ClientService(fixture.endpoint, bare, { clock: fixture.clock });
  service.startService();
  assertEquals(fixture.endpoint.attempt().factory.logPrefix?.(), "Object");
  service.stopService();
});

Deno.test("ClientService.stopService() closes the connection, and fires when it is lost", () => {
  using fixture = started();
  const client = fixture.connect();
  const stopped = outcomes(fixture.service.stopService());
  assertEquals([stopped, fixture.endpoint.attempt().disconnecting], [[], true]);
  assertEquals(fixture.service.running, false);
  const reason = new ConnectionLost();
  fixture.endpoint.attempt().lose(reason);
  assertEquals(stopped, [undefined]);
  assertStrictEquals(client.reason, reason);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.attempts.length, 1);
});

Deno.test("ClientService.startService() while stopping waits for the loss of the old connection", () => {
  using fixture = started();
  fixture.connect();
  const stopped = outcomes(fixture.service.stopService());
  fixture.service.startService();
  assertEquals([stopped, fixture.endpoint.attempts.length], [[], 1]);
  fixture.endpoint.attempt().lose();
  assertEquals([stopped, fixture.endpoint.attempts.length], [[undefined], 2]);
});

Deno.test("ClientService.whenConnected() during a restart fires with the next protocol", () => {
  using fixture = started();
  const first = fixture.connect();
  fixture.service.stopService();
  const next = outcomes(fixture.service.whenConnected());
  fixture.service.startService();
  fixture.endpoint.attempt().lose();
  assertEquals(next, []);
  const second = fixture.connect();
  assertStrictEquals(next[0], second);
  assert(next[0] !== first);
});

Deno.test("ClientService can be restarted; whenConnected() fails while it is stopped", () => {
  using fixture = started();
  assertEquals(successResultOf(fixture.service.stopService()), undefined);
  const failed = failureResultOf(fixture.service.whenConnected(), CancelledError);
  assertEquals(failed.message, "Cannot connect with ClientService: the service has been stopped");
  fixture.service.startService();
  const client = fixture.connect();
  assertStrictEquals(successResultOf(fixture.service.whenConnected()), client);
});

Deno.test("ClientService supports half-close only if the factory's protocol does", () => {
  using fixture = started();
  fixture.connect();
  assert(!("readConnectionLost" in (fixture.endpoint.attempt().protocol ?? {})));
  fixture.factory.protocol = HalfCloseableClient;
  fixture.endpoint.attempt().lose();
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  fixture.connect();
  assert("readConnectionLost" in (fixture.endpoint.attempt().protocol ?? {}));
});

Deno.test("ClientService.stopService() cancels a later attempt", () => {
  using fixture = started({}, { cancelled: (dial) => dial.fail() });
  fixture.endpoint.attempt().fail();
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.attempts.length, 2);
  assertEquals(successResultOf(fixture.service.stopService()), undefined);
  assert(fixture.endpoint.attempt().isCancelled);
});

Deno.test("ClientService.stopService() cancels the first attempt", () => {
  using fixture = started();
  assertEquals(successResultOf(fixture.service.stopService()), undefined);
  assert(fixture.endpoint.attempt().isCancelled);
});

Deno.test("ClientService.whenConnected() fires at once while connected", () => {
  using fixture = started();
  const client = fixture.connect();
  assertEquals(fixture.clock.getDelayedCalls(), []);
  const protocol: Deferred<Client> = fixture.service.whenConnected();
  assertStrictEquals(successResultOf(protocol), client);
});

Deno.test("ClientService makes another attempt after one that failed", () => {
  using fixture = started();
  fixture.endpoint.attempt().fail();
  assertEquals(outcomes(fixture.service.whenConnected()), []);
  assertEquals(fixture.endpoint.attempts.length, 1);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.attempts.length, 2);
});

Deno.test("ClientService connects again after a loss, and whenConnected() waits for it", () => {
  using fixture = started();
  fixture.connect();
  fixture.endpoint.attempt().lose();
  const next = outcomes(fixture.service.whenConnected());
  assertEquals([next.length, fixture.endpoint.attempts.length], [0, 1]);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const second = fixture.connect();
  assertStrictEquals(next[0], second);
});

Deno.test("ClientService counts a buildProtocol() that returns null as a failed attempt", () => {
  using fixture = started();
  fixture.factory.buildProtocol = () => null;
  const waiting = outcomes(fixture.service.whenConnected());
  const failing = fixture.service.whenConnected(1);
  fixture.endpoint.attempt().succeed();
  assertEquals(waiting, []);
  failureResultOf(failing, NoProtocol);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.attempts.length, 2);
  fixture.endpoint.attempt().succeed();
  assertEquals(waiting, []);
});

Deno.test("ClientService.stopService() fires if the connection is lost meanwhile", () => {
  using fixture = started();
  fixture.connect();
  const stopped = fixture.service.stopService();
  fixture.endpoint.attempt().lose(new ConnectionLost());
  failureResultOf(fixture.service.whenConnected(), CancelledError);
  assertEquals(successResultOf(stopped), undefined);
});

Deno.test("ClientService.startService() called twice logs a warning", () => {
  using fixture = started();
  fixture.service.setName("upstream");
  assertEquals(logged(() => fixture.service.startService()), [
    'Ignored a call of startService() of ClientService "upstream": it has already been started',
  ]);
  assertEquals(fixture.endpoint.attempts.length, 1);
});

Deno.test("ClientService.whenConnected() fires all its Deferreds", () => {
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

Deno.test("ClientService.whenConnected(n) fails with the error of the nth failed attempt", () => {
  using fixture = started();
  const waiting = [undefined, 1, 2, 3].map((n) => outcomes(fixture.service.whenConnected(n)));
  const first = new RangeError("first");
  fixture.endpoint.attempt().fail(first);
  assertEquals(waiting, [[], [first], [], []]);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const second = new RangeError("second");
  fixture.endpoint.attempt().fail(second);
  assertEquals(waiting, [[], [first], [second], []]);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const client = fixture.connect();
  assertStrictEquals(waiting[0]?.[0], client);
  assertStrictEquals(waiting[3]?.[0], client);
  assertStrictEquals(successResultOf(fixture.service.whenConnected(1)), client);
});

Deno.test("ClientService.stopService() fails all waiters with CancelledError", () => {
  using fixture = started();
  const waiting = [undefined, undefined, 1].map((n) => outcomes(fixture.service.whenConnected(n)));
  fixture.service.stopService();
  for (const [error] of waiting) assertInstanceOf(error, CancelledError);
});

Deno.test("ClientService.stopService() between two attempts cancels the wait, and fires at once", () => {
  using fixture = started();
  fixture.endpoint.attempt().fail();
  const before = fixture.service.whenConnected();
  assertEquals(successResultOf(fixture.service.stopService()), undefined);
  assertEquals(fixture.clock.getDelayedCalls(), []);
  failureResultOf(before, CancelledError);
  failureResultOf(fixture.service.whenConnected(), CancelledError);
});

Deno.test("ClientService.stopService() before the start fires at once, and fails the waiters", () => {
  using fixture = new ConnectionFixture();
  const waiting = fixture.service.whenConnected();
  assertNoResult(waiting);
  assertEquals(successResultOf(fixture.service.stopService()), undefined);
  failureResultOf(waiting, CancelledError);
});

Deno.test("ClientService.stopService() several times fires each Deferred when the connection is lost", () => {
  using fixture = started();
  fixture.connect();
  const stops = [outcomes(fixture.service.stopService()), outcomes(fixture.service.stopService())];
  assertEquals(stops, [[], []]);
  fixture.endpoint.attempt().lose();
  assertEquals(stops, [[undefined], [undefined]]);
});

Deno.test("ClientService.stopService() cancels a restart that waits for the old connection", () => {
  using fixture = started();
  fixture.connect();
  const first = outcomes(fixture.service.stopService());
  fixture.service.startService();
  const second = outcomes(fixture.service.stopService());
  fixture.endpoint.attempt().lose();
  assertEquals([first, second, fixture.endpoint.attempts.length], [[undefined], [undefined], 1]);
});

Deno.test("ClientService.stopService() of a stopped service fires at once", () => {
  using fixture = started();
  assertEquals(successResultOf(fixture.service.stopService()), undefined);
  assertEquals(successResultOf(fixture.service.stopService()), undefined);
});

Deno.test("ClientService calls prepareConnection() for each new connection", () => {
  const prepared: [Client, boolean][] = [];
  using fixture = started({
    prepareConnection: (client) => void prepared.push([client, client.connected]),
  });
  fixture.endpoint.attempt().fail();
  assertEquals(prepared, []);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const first = fixture.connect();
  assertEquals(prepared, [[first, true]]);
  fixture.endpoint.attempt().lose();
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const second = fixture.connect();
  assertEquals(prepared, [[first, true], [second, true]]);
});

Deno.test("ClientService waits for a Deferred of prepareConnection(), and ignores its result", () => {
  const preparation = new Deferred<string>();
  using fixture = started({ prepareConnection: () => preparation });
  const waiting = fixture.service.whenConnected();
  const client = fixture.connect();
  assertNoResult(waiting);
  preparation.callback("a result");
  assertStrictEquals(successResultOf(waiting), client);
});

Deno.test("ClientService closes a connection whose prepareConnection() throws or fails", () => {
  const error = new RangeError("not well");
  const hooks = [() => fail(error), () => {
    throw error;
  }];
  using fixture = started({ prepareConnection: () => hooks.pop()?.() });
  const waiting = [1, 2, 3].map((n) => outcomes(fixture.service.whenConnected(n)));
  fixture.connect();
  assertEquals(waiting, [[error], [], []]);
  assert(fixture.endpoint.attempt().disconnecting);
  // The next attempt waits until this connection is lost.
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.attempts.length, 1);
  fixture.endpoint.attempt().lose();
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  fixture.connect();
  assertEquals(waiting, [[error], [error], []]);
  fixture.endpoint.attempt().lose();
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertStrictEquals(waiting[2]?.[0], undefined);
  assertStrictEquals(fixture.connect(), waiting[2]?.[0]);
});

// --- Tests that Twisted does not have ----------------------------------------------------------

Deno.test("ClientService counts a rejected promise of prepareConnection() as a failed attempt", async () => {
  const rejected = Promise.withResolvers<void>();
  using fixture = started({ prepareConnection: () => rejected.promise });
  const waiting = fixture.service.whenConnected(1);
  fixture.connect();
  const error = new RangeError("not well");
  rejected.reject(error);
  assertStrictEquals(await waiting.addErrback((reason) => reason), error);
  assert(fixture.endpoint.attempt().disconnecting);
});

Deno.test("ClientService cancels the preparation of a connection that is lost", () => {
  const cancelled: unknown[] = [];
  const preparation = new Deferred<void>(() => cancelled.push("cancelled"));
  using fixture = started({ prepareConnection: () => preparation });
  const waiting = outcomes(fixture.service.whenConnected(1));
  fixture.connect();
  const reason = new ConnectionLost();
  fixture.endpoint.attempt().lose(reason);
  assertEquals([waiting, cancelled], [[reason], ["cancelled"]]);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.attempts.length, 2);
});

Deno.test("ClientService cancels what prepareConnection() returned if it lost the connection", () => {
  const cancelled: unknown[] = [];
  using fixture: ConnectionFixture = started({
    prepareConnection: () => {
      fixture.endpoint.attempt().lose();
      return new Deferred<void>(() => cancelled.push("cancelled"));
    },
  });
  const waiting = outcomes(fixture.service.whenConnected(1));
  fixture.connect();
  assertEquals(String(waiting[0]), "ConnectionDone: Connection was closed cleanly");
  assertEquals([cancelled, fixture.clock.getDelayedCalls().length], [["cancelled"], 1]);
});

Deno.test("ClientService closes a connection that a failed endpoint left open, before it retries", () => {
  using fixture = started();
  fixture.endpoint.attempt().make();
  fixture.endpoint.attempt().fail();
  assert(fixture.endpoint.attempt().disconnecting);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.attempts.length, 1);
  fixture.endpoint.attempt().lose();
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.attempts.length, 2);
});

Deno.test("ClientService.stopService() cancels the preparation, and waits for the connection", () => {
  const cancelled: unknown[] = [];
  const preparation = new Deferred<void>(() => cancelled.push("cancelled"));
  using fixture = started({ prepareConnection: () => preparation });
  fixture.connect();
  const stopped = outcomes(fixture.service.stopService());
  assertEquals([stopped, cancelled], [[], ["cancelled"]]);
  assert(fixture.endpoint.attempt().disconnecting);
  fixture.endpoint.attempt().lose();
  assertEquals(stopped, [undefined]);
});

Deno.test("ClientService.stopService() in a callback or protocol method leaves no connection", () => {
  for (const where of ["prepareConnection", "connectionMade", "buildProtocol", "connect"]) {
    const stop = (now: string) => {
      if (now === where) stopped.push(outcomes(fixture.service.stopService()));
    };
    const stopped: unknown[][] = [];
    using fixture: ConnectionFixture = new ConnectionFixture(
      { prepareConnection: () => stop("prepareConnection") },
      { connecting: () => stop("connect") },
    );
    const build = fixture.factory.buildProtocol.bind(fixture.factory);
    fixture.factory.buildProtocol = (addr) => {
      stop("buildProtocol");
      const client = build(addr);
      if (client !== null) client.connectionMade = () => stop("connectionMade");
      return client;
    };
    fixture.service.startService();
    const dial = fixture.endpoint.attempt();
    if (dial.isPending) dial.succeed();
    assertEquals([where, dial.isOpen && !dial.disconnecting], [where, false]);
    dial.lose();
    assertEquals(stopped, [[undefined]]);
  }
});

Deno.test("ClientService.stopService() closes a connection that opens despite cancellation", () => {
  using fixture = started({}, { cancelled: (dial) => dial.succeed() });
  fixture.endpoint.attempt().build();
  const stopped = outcomes(fixture.service.stopService());
  assertEquals([stopped, fixture.endpoint.attempt().isLost], [[undefined], true]);
});

Deno.test("ClientService closes a connection that opens after its endpoint has failed", () => {
  using fixture = started();
  fixture.endpoint.attempt().build();
  fixture.endpoint.attempt().fail();
  fixture.endpoint.attempt().make();
  assert(fixture.endpoint.attempt().isLost);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  fixture.endpoint.attempt().build();
  assertEquals(successResultOf(fixture.service.stopService()), undefined);
  fixture.endpoint.attempt().make();
  assert(fixture.endpoint.attempt().isLost);
});

Deno.test("ClientService builds no protocol for an attempt that has completed", () => {
  using fixture = started();
  fixture.endpoint.attempt().fail();
  assertEquals(fixture.endpoint.attempt().build(), null);
  fixture.service.stopService();
  assertEquals([fixture.endpoint.attempt().build(), fixture.factory.built], [null, []]);
});

Deno.test("ClientService.whenConnected() that is cancelled does not affect other waiters", () => {
  using fixture = started();
  const aborting = new AbortController();
  const waits = [fixture.service.whenConnected(), fixture.service.whenConnected(1)];
  const left = outcomes(fixture.service.whenConnected());
  const aborted = outcomes(fixture.service.whenConnected().addSignal(aborting.signal));
  const cancelled = waits.map(outcomes);
  for (const wait of waits) wait.cancel();
  aborting.abort();
  for (const [error] of [...cancelled, aborted]) assertInstanceOf(error, CancelledError);
  assertEquals([left, fixture.endpoint.attempt().isCancelled], [[], false]);
  assertStrictEquals(fixture.connect(), left[0]);
});

Deno.test("ClientService.whenConnected() callbacks may cancel waiters, stop and restart the service", () => {
  using fixture = started();
  const first = fixture.service.whenConnected();
  const second = fixture.service.whenConnected();
  first.addCallback(() => {
    second.cancel();
    fixture.service.stopService();
    fixture.service.startService();
  });
  const third = outcomes(fixture.service.whenConnected());
  const client = fixture.connect();
  failureResultOf(second, CancelledError);
  assertStrictEquals(third[0], client);
  fixture.endpoint.attempt().lose();
  assertEquals([fixture.endpoint.attempts.length, fixture.service.running], [2, true]);
});

Deno.test("ClientService.whenConnected({ timeout }) fails, and the attempt continues", () => {
  using fixture = started();
  const timedOut = outcomes(fixture.service.whenConnected({ timeout: 5 }));
  const left = outcomes(fixture.service.whenConnected({ timeout: 6, failAfterFailures: 2 }));
  fixture.clock.advance(5);
  assertInstanceOf(timedOut[0], TimeoutError);
  assertEquals(timedOut[0].message, "ClientService did not connect within 5 s");
  assertEquals([left, fixture.endpoint.attempt().isCancelled], [[], false]);
  assertStrictEquals(fixture.connect(), left[0]);
  assertEquals(fixture.clock.getDelayedCalls().length, 0);
});

Deno.test("ClientService.whenConnected({ failAfterFailures: n }) equals whenConnected(n)", () => {
  using fixture = started();
  const waits = [
    fixture.service.whenConnected({ failAfterFailures: 1 }),
    fixture.service.whenConnected({}),
  ];
  const [failed, waiting] = waits.map(outcomes);
  fixture.endpoint.attempt().fail();
  assertEquals([failed?.length, waiting], [1, []]);
});

Deno.test("ClientService.whenConnected({ signal }) fails with the abort reason in its error", () => {
  using fixture = started();
  const shutdown = new AbortController();
  const aborted = outcomes(fixture.service.whenConnected({ signal: shutdown.signal }));
  const left = outcomes(fixture.service.whenConnected());
  const reason = new Error("the user has left");
  shutdown.abort(reason);
  const late = outcomes(fixture.service.whenConnected({ signal: shutdown.signal }));
  for (const [error] of [aborted, late]) {
    assertInstanceOf(error, CancelledError);
    assertEquals(error.message, "Cancelled by an AbortSignal: the user has left");
    assertStrictEquals(error.cause, reason);
  }
  assertEquals([left, fixture.endpoint.attempt().isCancelled], [[], false]);
});

Deno.test("ClientService.whenConnected({ signal }) of a timeout signal fails with TimeoutError", () => {
  using fixture = started();
  const timeout = new AbortController();
  const waiting = outcomes(fixture.service.whenConnected({ signal: timeout.signal }));
  timeout.abort(new DOMException("Signal timed out.", "TimeoutError"));
  assertInstanceOf(waiting[0], TimeoutError);
  assert(isTimeout(waiting[0]));
});

Deno.test("ClientService.whenConnected() throws for options that are out of range", () => {
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

Deno.test("ClientService passes the number of consecutive failures to its retryPolicy", () => {
  const received: number[] = [];
  const retryPolicy = (failures: number) => {
    received.push(failures);
    return 10;
  };
  using fixture = started({ retryPolicy });
  const fails = () => {
    fixture.endpoint.attempt().fail();
    fixture.clock.advance(10);
  };
  fails();
  fails();
  fixture.connect();
  fixture.endpoint.attempt().lose();
  fixture.clock.advance(10);
  fails();
  assertEquals(received, [1, 2, 1, 2]);
  fixture.service.stopService();
  fixture.service.startService();
  fails();
  assertEquals([received, fixture.endpoint.attempts.length], [[1, 2, 1, 2, 1], 7]);
});

Deno.test("ClientService with stableAfter counts a shorter connection as one more failure", () => {
  const received: number[] = [];
  const retryPolicy = (failures: number) => {
    received.push(failures);
    return 1;
  };
  using fixture = started({ retryPolicy, stableAfter: 30 });
  const lasts = (seconds: number) => {
    fixture.connect();
    fixture.clock.advance(seconds);
    fixture.endpoint.attempt().lose();
    fixture.clock.advance(1);
  };
  lasts(29);
  lasts(29);
  lasts(30);
  lasts(0);
  assertEquals(received, [1, 2, 1, 2]);
});

Deno.test("ClientService with attemptTimeout cancels a slow attempt, which counts as failed", () => {
  using fixture = started({ attemptTimeout: 5 });
  const waiting = outcomes(fixture.service.whenConnected(1));
  fixture.clock.advance(5);
  assertInstanceOf(waiting[0], ConnectTimeoutError);
  assertEquals(waiting[0].message, "Connecting took longer than the attemptTimeout of 5 s");
  assert(fixture.endpoint.attempt().isCancelled);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assert(fixture.endpoint.attempts.length > 1);
});

Deno.test("ClientService with attemptTimeout cancels a slow preparation, and closes the connection", () => {
  const preparation = new Deferred<void>();
  using fixture = started({ attemptTimeout: 5, prepareConnection: () => preparation });
  const waiting = outcomes(fixture.service.whenConnected(1));
  fixture.clock.advance(4);
  fixture.connect();
  fixture.clock.advance(1);
  assertInstanceOf(waiting[0], ConnectTimeoutError);
  assertEquals(
    waiting[0].message,
    "Preparing the connection took longer than the attemptTimeout of 5 s",
  );
  assert(fixture.endpoint.attempt().disconnecting && preparation.called);
});

Deno.test("ClientService with attemptTimeout keeps a connection that is prepared", () => {
  using fixture = started({ attemptTimeout: 5 });
  fixture.connect();
  assertEquals(fixture.clock.getDelayedCalls(), []);
});

Deno.test("ClientService logs a retryPolicy that throws, and uses the default one", () => {
  const policies: (() => number)[] = [() => -1, () => NaN, () => {
    throw new RangeError("no idea");
  }];
  using fixture = started({ retryPolicy: () => policies.pop()?.() ?? 0 });
  for (const text of ["no idea", "got NaN", "got -1"]) {
    fixture.endpoint.attempt().fail();
    const [error] = fixture.errors.take();
    assert(error?.message.includes(text), error?.message);
    assertEquals(fixture.clock.getDelayedCalls().length, 1);
    fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  }
  assertEquals(fixture.endpoint.attempts.length, 4);
});

Deno.test("ClientService makes no attempt if its retryPolicy stopped the service", () => {
  using fixture: ConnectionFixture = started({
    retryPolicy: (failures) => {
      if (failures === 2) fixture.service.stopService();
      return 1;
    },
  });
  const waiting = fixture.service.whenConnected();
  fixture.endpoint.attempt().fail();
  fixture.clock.advance(1);
  fixture.endpoint.attempt().fail();
  assertEquals(fixture.clock.getDelayedCalls(), []);
  failureResultOf(waiting, CancelledError);
});

Deno.test("ClientService logs the delay, address and reason of the next attempt", () => {
  using fixture = started({ retryPolicy: () => 1.23456 });
  const lines = logged(() => fixture.endpoint.attempt().fail());
  assertEquals(lines, [
    "Scheduling retry 1 to connect 192.0.2.2:2222 in 1.235 seconds. (ConnectionRefusedError: Cannot connect to 192.0.2.2:2222: Connection refused)",
  ]);
  class Nameless extends ManualEndpoint {
    override toString = Object.prototype.toString;
  }
  const endpoint = new Nameless({ connecting: (dial) => dial.fail() });
  const service = new ClientService(endpoint, fixture.factory, { clock: fixture.clock });
  const [line] = logged(() => service.startService());
  assert(line?.startsWith("Scheduling retry 1 to connect Nameless in "), line);
  service.stopService();
});

Deno.test("ClientService retries an endpoint whose connect() throws or fails at once", () => {
  const behaviours = [(dial: { fail(): void }) => dial.fail(), () => {
    throw new RangeError("boom");
  }];
  for (const connecting of behaviours) {
    using fixture = started({}, { connecting });
    fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
    assert(fixture.endpoint.attempts.length > 1);
  }
});

Deno.test("ClientService connects again after a connectionLost() that threw", () => {
  using fixture = started();
  const error = new RangeError("boom");
  fixture.connect().connectionLost = () => {
    throw error;
  };
  fixture.endpoint.attempt().lose();
  assertEquals(fixture.errors.take(), [error]);
  fixture.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(fixture.endpoint.attempts.length, 2);
});

Deno.test("ClientService uses only the connection that the endpoint's Deferred fired with", () => {
  using fixture = new ConnectionFixture();
  const made: IProtocol[] = [];
  const endpoint = new ManualEndpoint({
    connecting: (dial) => {
      const loser = dial.make();
      assert(loser !== null);
      made.push(loser);
      dial.succeed();
      loser.connectionLost(new ConnectionLost());
    },
  });
  const service = new ClientService(endpoint, fixture.factory, { clock: fixture.clock });
  service.startService();
  const protocol = successResultOf(service.whenConnected());
  assertStrictEquals(protocol, fixture.factory.built[1]);
  assertEquals([made.length, fixture.clock.getDelayedCalls()], [1, []]);
  const stopped = service.stopService();
  assertNoResult(stopped);
  endpoint.attempt().lose();
  assertEquals(successResultOf(stopped), undefined);
});

Deno.test("ClientService counts a connection lost before the endpoint fires as a failed attempt", () => {
  using fixture = started({}, {});
  const waiting = fixture.service.whenConnected(1);
  const dial = fixture.endpoint.attempt();
  const reason = new ConnectionLost("too soon");
  const make = dial.make.bind(dial);
  dial.make = () => {
    const protocol = make();
    dial.lose(reason);
    return protocol;
  };
  dial.succeed();
  assertStrictEquals(failureResultOf(waiting), reason);
  assertEquals(fixture.clock.getDelayedCalls().length, 1);
});

Deno.test("ClientService is stopped at the end of an `await using` block", async () => {
  const clock = new Clock();
  const endpoint = new ManualEndpoint({ connecting: (dial) => dial.succeed() });
  let disposed = false;
  const scope = async () => {
    await using service = new ClientService(endpoint, new Clients(), { clock });
    service.startService();
  };
  const done = scope().then(() => disposed = true);
  while (!endpoint.attempt().disconnecting) await null;
  assertEquals(disposed, false);
  endpoint.attempt().lose();
  await done;
});

Deno.test("ClientService() throws for times that are out of range", () => {
  const endpoint = new ManualEndpoint();
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

Deno.test("ClientService has the type of the factory's protocols", () => {
  const options = { clock: new Clock() };
  class Chat extends Protocol {
    readonly nick = "";
  }
  const plain = new ClientService(new ManualEndpoint(), Factory.forProtocol(Chat), options);
  const prepared = new ClientService(new ManualEndpoint(), Factory.forProtocol(Chat), {
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

/** True if the two types are identical. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

Deno.test("ClientService.whenConnected() fails with TooManyWaiters when maxWaiting calls wait", () => {
  const options = { clock: new Clock(), maxWaiting: 2 };
  const service = new ClientService(new ManualEndpoint(), Factory.forProtocol(Protocol), options);
  const [first, , third] = [1, 2, 3].map(() => service.whenConnected());
  assertInstanceOf(third === undefined ? null : outcomes(third)[0], TooManyWaiters);
  first?.addErrback(() => {}).cancel();
  const next = service.whenConnected();
  assertNoResult(next);
  assertThrows(
    () =>
      new ClientService(new ManualEndpoint(), Factory.forProtocol(Protocol), {
        ...options,
        maxWaiting: -1,
      }),
    RangeError,
    "maxWaiting",
  );
});
