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
import { CancelledError, Deferred, fail, TooManyWaiters } from "../../defer/mod.ts";
import { addObserver } from "../../log/mod.ts";
import { Factory, Protocol } from "../../protocol/mod.ts";
import { LoggedErrors } from "../../reactor/conformance/logged_errors.ts";
import { ConnectionLost, NoProtocol, TimeoutError } from "../../reactor/errors.ts";
import type { IProtocol } from "../../reactor/interfaces.ts";
import { Clock } from "../../task/mod.ts";
import { FakeEndpoint, type FakeEndpointBehaviour, outcomes } from "./conformance/fake_endpoint.ts";
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
class Bed implements Disposable {
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

/** A bed whose service has been started. */
function started(...args: ConstructorParameters<typeof Bed>): Bed {
  const bed = new Bed(...args);
  bed.service.startService();
  return bed;
}

/** What is logged while `f` runs. */
function logged(f: () => void): string[] {
  const messages: string[] = [];
  using _observing = addObserver(({ message }) => messages.push(message), { replay: false });
  f();
  return messages;
}

Deno.test("startService() makes an attempt to connect", () => {
  using bed = new Bed();
  assertEquals([bed.service.running, bed.endpoint.dials.length], [false, 0]);
  bed.service.startService();
  assertEquals([bed.service.running, bed.endpoint.dials.length], [true, 1]);
});

Deno.test("The factory that the endpoint gets passes doStart(), doStop() and logPrefix() on", () => {
  using bed = started();
  const { factory } = bed.endpoint.dial();
  factory.doStart();
  assertEquals(bed.factory.numPorts, 1);
  factory.doStop();
  assertEquals(bed.factory.numPorts, 0);
  assertEquals(factory.logPrefix?.(), "Clients");
  const bare = { buildProtocol: () => null, doStart: () => {}, doStop: () => {} };
  const service = new ClientService(bed.endpoint, bare, { clock: bed.clock });
  service.startService();
  assertEquals(bed.endpoint.dial().factory.logPrefix?.(), "Object");
  service.stopService();
});

Deno.test("stopService() while connected closes the connection, and fires when it is lost", () => {
  using bed = started();
  const client = bed.connect();
  const stopped = outcomes(bed.service.stopService());
  assertEquals([stopped, bed.endpoint.dial().disconnecting], [[], true]);
  assertEquals(bed.service.running, false);
  const reason = new ConnectionLost();
  bed.endpoint.dial().lose(reason);
  assertEquals(stopped, [undefined]);
  assertStrictEquals(client.reason, reason);
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(bed.endpoint.dials.length, 1);
});

Deno.test("startService() while it stops connects again, once the old connection is lost", () => {
  using bed = started();
  bed.connect();
  const stopped = outcomes(bed.service.stopService());
  bed.service.startService();
  assertEquals([stopped, bed.endpoint.dials.length], [[], 1]);
  bed.endpoint.dial().lose();
  assertEquals([stopped, bed.endpoint.dials.length], [[undefined], 2]);
});

Deno.test("whenConnected() while it stops and is started again fires with the next connection's protocol", () => {
  using bed = started();
  const first = bed.connect();
  bed.service.stopService();
  const next = outcomes(bed.service.whenConnected());
  bed.service.startService();
  bed.endpoint.dial().lose();
  assertEquals(next, []);
  const second = bed.connect();
  assertStrictEquals(next[0], second);
  assert(next[0] !== first);
});

Deno.test("startService() after the stop connects again; in between whenConnected() fails", () => {
  using bed = started();
  assertEquals(outcomes(bed.service.stopService()), [undefined]);
  const [failed] = outcomes(bed.service.whenConnected());
  assertInstanceOf(failed, CancelledError);
  assertEquals(failed.message, "ClientService has been stopped: it does not connect");
  bed.service.startService();
  const client = bed.connect();
  assertStrictEquals(outcomes(bed.service.whenConnected())[0], client);
});

Deno.test("A half-closeable protocol is one for the transport, too, and another is not", () => {
  using bed = started();
  bed.connect();
  assert(!("readConnectionLost" in (bed.endpoint.dial().protocol ?? {})));
  bed.factory.protocol = HalfCloseableClient;
  bed.endpoint.dial().lose();
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  bed.connect();
  assert("readConnectionLost" in (bed.endpoint.dial().protocol ?? {}));
});

Deno.test("stopService() during a later attempt ends that", () => {
  using bed = started({}, { cancelled: (dial) => dial.fail() });
  bed.endpoint.dial().fail();
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(bed.endpoint.dials.length, 2);
  assertEquals(outcomes(bed.service.stopService()), [undefined]);
  assert(bed.endpoint.dial().isCancelled);
});

Deno.test("stopService() during the first attempt cancels it", () => {
  using bed = started();
  assertEquals(outcomes(bed.service.stopService()), [undefined]);
  assert(bed.endpoint.dial().isCancelled);
});

Deno.test("A connection leaves no timed call, and whenConnected() has its protocol at once, typed", () => {
  using bed = started();
  const client = bed.connect();
  assertEquals(bed.clock.getDelayedCalls(), []);
  const protocol: Deferred<Client> = bed.service.whenConnected();
  assertStrictEquals(outcomes(protocol)[0], client);
});

Deno.test("An attempt that fails is followed by another after a while", () => {
  using bed = started();
  bed.endpoint.dial().fail();
  assertEquals(outcomes(bed.service.whenConnected()), []);
  assertEquals(bed.endpoint.dials.length, 1);
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(bed.endpoint.dials.length, 2);
});

Deno.test("A connection that is lost is followed by another after a while, which whenConnected() waits for", () => {
  using bed = started();
  bed.connect();
  bed.endpoint.dial().lose();
  const next = outcomes(bed.service.whenConnected());
  assertEquals([next.length, bed.endpoint.dials.length], [0, 1]);
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const second = bed.connect();
  assertStrictEquals(next[0], second);
});

Deno.test("A factory that builds no protocol makes the attempt fail, and is asked again", () => {
  using bed = started();
  bed.factory.buildProtocol = () => null;
  const waiting = outcomes(bed.service.whenConnected());
  const failing = outcomes(bed.service.whenConnected(1));
  bed.endpoint.dial().succeed();
  assertEquals(waiting, []);
  assertInstanceOf(failing[0], NoProtocol);
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(bed.endpoint.dials.length, 2);
  bed.endpoint.dial().succeed();
  assertEquals(waiting, []);
});

Deno.test("A connection that is lost while the service stops ends the stop, and whenConnected() fails from then on", () => {
  using bed = started();
  bed.connect();
  const stopped = outcomes(bed.service.stopService());
  bed.endpoint.dial().lose(new ConnectionLost());
  assertInstanceOf(outcomes(bed.service.whenConnected())[0], CancelledError);
  assertEquals(stopped, [undefined]);
});

Deno.test("A second startService() is logged, and does nothing else", () => {
  using bed = started();
  bed.service.setName("upstream");
  assertEquals(logged(() => bed.service.startService()), [
    'Duplicate ClientService.startService ClientService "upstream"',
  ]);
  assertEquals(bed.endpoint.dials.length, 1);
});

Deno.test("All who wait for a connection get its protocol", () => {
  using bed = started();
  const waiting = [
    outcomes(bed.service.whenConnected()),
    outcomes(bed.service.whenConnected()),
    outcomes(bed.service.whenConnected(1)),
  ];
  assertEquals(waiting, [[], [], []]);
  const client = bed.connect();
  for (const [protocol] of waiting) assertStrictEquals(protocol, client);
});

Deno.test("whenConnected(n) fails with the error of the nth attempt that fails from then on", () => {
  using bed = started();
  const waiting = [undefined, 1, 2, 3].map((n) => outcomes(bed.service.whenConnected(n)));
  const first = new RangeError("first");
  bed.endpoint.dial().fail(first);
  assertEquals(waiting, [[], [first], [], []]);
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const second = new RangeError("second");
  bed.endpoint.dial().fail(second);
  assertEquals(waiting, [[], [first], [second], []]);
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const client = bed.connect();
  assertStrictEquals(waiting[0]?.[0], client);
  assertStrictEquals(waiting[3]?.[0], client);
  assertStrictEquals(outcomes(bed.service.whenConnected(1))[0], client);
});

Deno.test("stopService() fails all who wait for a connection with CancelledError", () => {
  using bed = started();
  const waiting = [undefined, undefined, 1].map((n) => outcomes(bed.service.whenConnected(n)));
  bed.service.stopService();
  for (const [error] of waiting) assertInstanceOf(error, CancelledError);
});

Deno.test("stopService() between two attempts takes the wait back, and is done at once", () => {
  using bed = started();
  bed.endpoint.dial().fail();
  const before = outcomes(bed.service.whenConnected());
  assertEquals(outcomes(bed.service.stopService()), [undefined]);
  assertEquals(bed.clock.getDelayedCalls(), []);
  assertInstanceOf(before[0], CancelledError);
  assertInstanceOf(outcomes(bed.service.whenConnected())[0], CancelledError);
});

Deno.test("stopService() before startService() is done at once, and fails those who wait", () => {
  using bed = new Bed();
  const waiting = outcomes(bed.service.whenConnected());
  assertEquals(waiting, []);
  assertEquals(outcomes(bed.service.stopService()), [undefined]);
  assertInstanceOf(waiting[0], CancelledError);
});

Deno.test("Each stopService() while it stops fires when the connection is lost", () => {
  using bed = started();
  bed.connect();
  const stops = [outcomes(bed.service.stopService()), outcomes(bed.service.stopService())];
  assertEquals(stops, [[], []]);
  bed.endpoint.dial().lose();
  assertEquals(stops, [[undefined], [undefined]]);
});

Deno.test("stopService() after a start that waits for the old connection takes that start back", () => {
  using bed = started();
  bed.connect();
  const first = outcomes(bed.service.stopService());
  bed.service.startService();
  const second = outcomes(bed.service.stopService());
  bed.endpoint.dial().lose();
  assertEquals([first, second, bed.endpoint.dials.length], [[undefined], [undefined], 1]);
});

Deno.test("stopService() of a stopped service is done at once", () => {
  using bed = started();
  assertEquals(outcomes(bed.service.stopService()), [undefined]);
  assertEquals(outcomes(bed.service.stopService()), [undefined]);
});

Deno.test("prepareConnection() is called with the protocol of each new connection, once that is made", () => {
  const prepared: [Client, boolean][] = [];
  using bed = started({
    prepareConnection: (client) => void prepared.push([client, client.connected]),
  });
  bed.endpoint.dial().fail();
  assertEquals(prepared, []);
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const first = bed.connect();
  assertEquals(prepared, [[first, true]]);
  bed.endpoint.dial().lose();
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  const second = bed.connect();
  assertEquals(prepared, [[first, true], [second, true]]);
});

Deno.test("What prepareConnection() returns is nobody's, and a Deferred is waited for", () => {
  const preparation = new Deferred<string>();
  using bed = started({ prepareConnection: () => preparation });
  const waiting = outcomes(bed.service.whenConnected());
  const client = bed.connect();
  assertEquals(waiting, []);
  preparation.callback("a result");
  assertStrictEquals(waiting[0], client);
});

Deno.test("A prepareConnection() that throws, or whose Deferred fails, makes the attempt fail, and the connection is closed", () => {
  const error = new RangeError("not well");
  const hooks = [() => fail(error), () => {
    throw error;
  }];
  using bed = started({ prepareConnection: () => hooks.pop()?.() });
  const waiting = [1, 2, 3].map((n) => outcomes(bed.service.whenConnected(n)));
  bed.connect();
  assertEquals(waiting, [[error], [], []]);
  assert(bed.endpoint.dial().disconnecting);
  // The next attempt waits until this connection is gone.
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(bed.endpoint.dials.length, 1);
  bed.endpoint.dial().lose();
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  bed.connect();
  assertEquals(waiting, [[error], [error], []]);
  bed.endpoint.dial().lose();
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertStrictEquals(waiting[2]?.[0], undefined);
  assertStrictEquals(bed.connect(), waiting[2]?.[0]);
});

// --- What Twisted's tests do not say -----------------------------------------------------------

Deno.test("A prepareConnection() whose promise is rejected makes the attempt fail", async () => {
  const rejected = Promise.withResolvers<void>();
  using bed = started({ prepareConnection: () => rejected.promise });
  const waiting = bed.service.whenConnected(1);
  bed.connect();
  const error = new RangeError("not well");
  rejected.reject(error);
  assertStrictEquals(await waiting.addErrback((reason) => reason), error);
  assert(bed.endpoint.dial().disconnecting);
});

Deno.test("A connection that is lost while it is prepared is an attempt that failed, and the preparation is cancelled", () => {
  const cancelled: unknown[] = [];
  const preparation = new Deferred<void>(() => cancelled.push("cancelled"));
  using bed = started({ prepareConnection: () => preparation });
  const waiting = outcomes(bed.service.whenConnected(1));
  bed.connect();
  const reason = new ConnectionLost();
  bed.endpoint.dial().lose(reason);
  assertEquals([waiting, cancelled], [[reason], ["cancelled"]]);
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(bed.endpoint.dials.length, 2);
});

Deno.test("A connection that is lost within prepareConnection() is an attempt that failed, and what that returned is cancelled", () => {
  const cancelled: unknown[] = [];
  using bed: Bed = started({
    prepareConnection: () => {
      bed.endpoint.dial().lose();
      return new Deferred<void>(() => cancelled.push("cancelled"));
    },
  });
  const waiting = outcomes(bed.service.whenConnected(1));
  bed.connect();
  assertEquals(String(waiting[0]), "ConnectionDone: Connection was closed cleanly");
  assertEquals([cancelled, bed.clock.getDelayedCalls().length], [["cancelled"], 1]);
});

Deno.test("A connection that the endpoint leaves open when it fails is closed, and the next attempt waits for that", () => {
  using bed = started();
  bed.endpoint.dial().make();
  bed.endpoint.dial().fail();
  assert(bed.endpoint.dial().disconnecting);
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(bed.endpoint.dials.length, 1);
  bed.endpoint.dial().lose();
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(bed.endpoint.dials.length, 2);
});

Deno.test("stopService() while the connection is prepared cancels that, closes the connection, and waits for it", () => {
  const cancelled: unknown[] = [];
  const preparation = new Deferred<void>(() => cancelled.push("cancelled"));
  using bed = started({ prepareConnection: () => preparation });
  bed.connect();
  const stopped = outcomes(bed.service.stopService());
  assertEquals([stopped, cancelled], [[], ["cancelled"]]);
  assert(bed.endpoint.dial().disconnecting);
  bed.endpoint.dial().lose();
  assertEquals(stopped, [undefined]);
});

Deno.test("stopService() within prepareConnection(), connectionMade() and buildProtocol() leaves no connection", () => {
  for (const where of ["prepareConnection", "connectionMade", "buildProtocol", "connect"]) {
    const stop = (now: string) => {
      if (now === where) stopped.push(outcomes(bed.service.stopService()));
    };
    const stopped: unknown[][] = [];
    using bed: Bed = new Bed(
      { prepareConnection: () => stop("prepareConnection") },
      { dialling: () => stop("connect") },
    );
    const build = bed.factory.buildProtocol.bind(bed.factory);
    bed.factory.buildProtocol = (addr) => {
      stop("buildProtocol");
      const client = build(addr);
      if (client !== null) client.connectionMade = () => stop("connectionMade");
      return client;
    };
    bed.service.startService();
    bed.endpoint.dial().succeed();
    const dial = bed.endpoint.dial();
    assertEquals([where, dial.isOpen && !dial.disconnecting], [where, false]);
    dial.lose();
    assertEquals(stopped, [[undefined]]);
  }
});

Deno.test("A connection that the endpoint fires with in spite of the stop is closed, and the stop waits until it is lost", () => {
  using bed = started({}, { cancelled: (dial) => dial.succeed() });
  bed.endpoint.dial().build();
  const stopped = outcomes(bed.service.stopService());
  assertEquals([stopped, bed.endpoint.dial().disconnecting], [[], true]);
  bed.endpoint.dial().lose();
  assertEquals(stopped, [undefined]);
});

Deno.test("A connection that is made after the endpoint has failed is closed, whether the service stops or goes on", () => {
  using bed = started();
  bed.endpoint.dial().build();
  bed.endpoint.dial().fail();
  bed.endpoint.dial().make();
  assert(bed.endpoint.dial().disconnecting);
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  bed.endpoint.dial().build();
  assertEquals(outcomes(bed.service.stopService()), [undefined]);
  bed.endpoint.dial().make();
  assert(bed.endpoint.dial().disconnecting);
});

Deno.test("No protocol is built for an attempt that is over", () => {
  using bed = started();
  bed.endpoint.dial().fail();
  assertEquals(bed.endpoint.dial().build(), null);
  bed.service.stopService();
  assertEquals([bed.endpoint.dial().build(), bed.factory.built], [null, []]);
});

Deno.test("Cancelling whenConnected() ends that wait alone, also by an AbortSignal", () => {
  using bed = started();
  const aborting = new AbortController();
  const waits = [bed.service.whenConnected(), bed.service.whenConnected(1)];
  const left = outcomes(bed.service.whenConnected());
  const aborted = outcomes(bed.service.whenConnected().addSignal(aborting.signal));
  const cancelled = waits.map(outcomes);
  for (const wait of waits) wait.cancel();
  aborting.abort();
  for (const [error] of [...cancelled, aborted]) assertInstanceOf(error, CancelledError);
  assertEquals([left, bed.endpoint.dial().isCancelled], [[], false]);
  assertStrictEquals(bed.connect(), left[0]);
});

Deno.test("Who is told may cancel others, stop the service, and start it again", () => {
  using bed = started();
  const first = bed.service.whenConnected();
  const second = bed.service.whenConnected();
  first.addCallback(() => {
    second.cancel();
    bed.service.stopService();
    bed.service.startService();
  });
  const seen = outcomes(second);
  const third = outcomes(bed.service.whenConnected());
  const client = bed.connect();
  assertInstanceOf(seen[0], CancelledError);
  assertStrictEquals(third[0], client);
  bed.endpoint.dial().lose();
  assertEquals([bed.endpoint.dials.length, bed.service.running], [2, true]);
});

Deno.test("whenConnected() takes a whole number of failures, from 1", () => {
  using bed = new Bed();
  for (const wrong of [0, -1, 1.5, NaN]) {
    assertThrows(() => bed.service.whenConnected(wrong), RangeError, String(wrong));
  }
});

Deno.test("The policy is told how many attempts have failed in a row; a connection begins the count anew, and so does a start", () => {
  const asked: number[] = [];
  const retryPolicy = (failures: number) => {
    asked.push(failures);
    return 10;
  };
  using bed = started({ retryPolicy });
  const fails = () => {
    bed.endpoint.dial().fail();
    bed.clock.advance(10);
  };
  fails();
  fails();
  bed.connect();
  bed.endpoint.dial().lose();
  bed.clock.advance(10);
  fails();
  assertEquals(asked, [1, 2, 1, 2]);
  bed.service.stopService();
  bed.service.startService();
  fails();
  assertEquals([asked, bed.endpoint.dials.length], [[1, 2, 1, 2, 1], 7]);
});

Deno.test("With stableAfter, a connection that does not last so long is one more failure", () => {
  const asked: number[] = [];
  const retryPolicy = (failures: number) => {
    asked.push(failures);
    return 1;
  };
  using bed = started({ retryPolicy, stableAfter: 30 });
  const lasts = (seconds: number) => {
    bed.connect();
    bed.clock.advance(seconds);
    bed.endpoint.dial().lose();
    bed.clock.advance(1);
  };
  lasts(29);
  lasts(29);
  lasts(30);
  lasts(0);
  assertEquals(asked, [1, 2, 1, 2]);
});

Deno.test("With attemptTimeout, a dial that takes too long is cancelled and counts as failed", () => {
  using bed = started({ attemptTimeout: 5 });
  const waiting = outcomes(bed.service.whenConnected(1));
  bed.clock.advance(5);
  assertInstanceOf(waiting[0], TimeoutError);
  assertEquals(waiting[0].message, "Connecting took longer than the 5 s of an attempt");
  assert(bed.endpoint.dial().isCancelled);
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assert(bed.endpoint.dials.length > 1);
});

Deno.test("With attemptTimeout, a preparation that takes too long is cancelled, and the connection closed", () => {
  const preparation = new Deferred<void>();
  using bed = started({ attemptTimeout: 5, prepareConnection: () => preparation });
  const waiting = outcomes(bed.service.whenConnected(1));
  bed.clock.advance(4);
  bed.connect();
  bed.clock.advance(1);
  assertInstanceOf(waiting[0], TimeoutError);
  assertEquals(
    waiting[0].message,
    "Preparing the connection took longer than the 5 s of an attempt",
  );
  assert(bed.endpoint.dial().disconnecting && preparation.called);
});

Deno.test("attemptTimeout does not bound a connection that is prepared", () => {
  using bed = started({ attemptTimeout: 5 });
  bed.connect();
  assertEquals(bed.clock.getDelayedCalls(), []);
});

Deno.test("A policy that throws, or asks for no time that there is, is logged, and the wait is the default's", () => {
  const policies: (() => number)[] = [() => -1, () => NaN, () => {
    throw new RangeError("no idea");
  }];
  using bed = started({ retryPolicy: () => policies.pop()?.() ?? 0 });
  for (const text of ["no idea", "got NaN", "got -1"]) {
    bed.endpoint.dial().fail();
    const [error] = bed.errors.take();
    assert(error?.message.includes(text), error?.message);
    assertEquals(bed.clock.getDelayedCalls().length, 1);
    bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  }
  assertEquals(bed.endpoint.dials.length, 4);
});

Deno.test("A policy may stop the service: then there is no next attempt", () => {
  using bed: Bed = started({
    retryPolicy: (failures) => {
      if (failures === 2) bed.service.stopService();
      return 1;
    },
  });
  const waiting = outcomes(bed.service.whenConnected());
  bed.endpoint.dial().fail();
  bed.clock.advance(1);
  bed.endpoint.dial().fail();
  assertEquals(bed.clock.getDelayedCalls(), []);
  assertInstanceOf(waiting[0], CancelledError);
});

Deno.test("The log says when the next attempt is made, where to, and why", () => {
  using bed = started({ retryPolicy: () => 1.23456 });
  const lines = logged(() => bed.endpoint.dial().fail());
  assertEquals(lines, [
    "Scheduling retry 1 to connect 192.0.2.2:2222 in 1.235 seconds. (RangeError: no connection)",
  ]);
  class Nameless extends FakeEndpoint {
    override toString = Object.prototype.toString;
  }
  const endpoint = new Nameless({ dialling: (dial) => dial.fail() });
  const service = new ClientService(endpoint, bed.factory, { clock: bed.clock });
  const [line] = logged(() => service.startService());
  assert(line?.startsWith("Scheduling retry 1 to connect Nameless in "), line);
  service.stopService();
});

Deno.test("An endpoint whose connect() throws, or fails at once, is tried again", () => {
  const behaviours = [(dial: { fail(): void }) => dial.fail(), () => {
    throw new RangeError("boom");
  }];
  for (const dialling of behaviours) {
    using bed = started({}, { dialling });
    bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
    assert(bed.endpoint.dials.length > 1);
  }
});

Deno.test("A connectionLost() that throws does not keep the service from connecting again", () => {
  using bed = started();
  const error = new RangeError("boom");
  bed.connect().connectionLost = () => {
    throw error;
  };
  // The reactor logs it.
  assertThrows(() => bed.endpoint.dial().lose(), RangeError, "boom");
  bed.clock.advance(AT_LEAST_ONE_ATTEMPT);
  assertEquals(bed.endpoint.dials.length, 2);
});

Deno.test("Of an endpoint that dials several addresses at once, only the connection that it fires with counts", () => {
  using bed = new Bed();
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
  const service = new ClientService(endpoint, bed.factory, { clock: bed.clock });
  service.startService();
  const [protocol] = outcomes(service.whenConnected());
  assertStrictEquals(protocol, bed.factory.built[1]);
  assertEquals([made.length, bed.clock.getDelayedCalls()], [1, []]);
  const stopped = outcomes(service.stopService());
  assertEquals(stopped, []);
  endpoint.dial().lose();
  assertEquals(stopped, [undefined]);
});

Deno.test("A connection that is lost before the endpoint fires with it is an attempt that failed", () => {
  using bed = started({}, {});
  const waiting = outcomes(bed.service.whenConnected(1));
  const dial = bed.endpoint.dial();
  const reason = new ConnectionLost("too soon");
  const make = dial.make.bind(dial);
  dial.make = () => {
    const protocol = make();
    dial.lose(reason);
    return protocol;
  };
  dial.succeed();
  assertEquals(waiting, [reason]);
  assertEquals(bed.clock.getDelayedCalls().length, 1);
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
