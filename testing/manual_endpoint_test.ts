import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { Deferred } from "../defer/mod.ts";
import { ClientService, connectProtocol } from "../endpoints/mod.ts";
import { Factory, Protocol } from "../protocol/mod.ts";
import { ConnectingCancelledError, ConnectionRefusedError, NoProtocol } from "../reactor/errors.ts";
import {
  assertNoResult,
  checkClean,
  failureResultOf,
  flushLoggedErrors,
  type ManualAttempt,
  ManualEndpoint,
  successResultOf,
  TestPeer,
} from "./mod.ts";

/** Records its events. */
class Client extends Protocol {
  readonly events: string[] = [];

  override connectionMade(): void {
    this.events.push("made");
    this.transport.write("hello");
  }

  override connectionLost(reason: Error): void {
    this.events.push(`lost ${reason.name}`);
  }
}

Deno.test(
  "ManualEndpoint.connect() adds an attempt, which stays pending",
  checkClean(() => {
    using endpoint = new ManualEndpoint();
    const factory = Factory.forProtocol(Client);
    const connecting = [endpoint.connect(factory), endpoint.connect(factory)];
    assertEquals([endpoint.attempts.length, String(endpoint)], [2, "192.0.2.2:2222"]);
    assertStrictEquals(endpoint.attempt(), endpoint.attempts[1]);
    assertStrictEquals(endpoint.attempt(0).factory, factory);
    for (const each of connecting) assertNoResult(each);
    const { isPending, isOpen, isLost, isCancelled, disconnecting, protocol, peer, transport } =
      endpoint.attempt();
    assertEquals([isPending, isOpen, isLost, isCancelled, disconnecting], [
      true,
      false,
      false,
      false,
      false,
    ]);
    assertEquals([protocol, peer, transport], [null, null, null]);
    assertThrows(() => endpoint.attempt(2), RangeError, "connect() was called 2 times");
  }),
);

Deno.test(
  "ManualAttempt.succeed() makes a real connection to a peer",
  checkClean(() => {
    using endpoint = new ManualEndpoint({ chunkSize: 2 });
    const connecting = endpoint.connect(Factory.forProtocol(Client));
    const attempt = endpoint.attempt();
    attempt.succeed();
    const client: Client = successResultOf(connecting);
    assertStrictEquals(attempt.protocol, client);
    assertStrictEquals(attempt.transport, client.transport);
    assertEquals([attempt.isPending, attempt.isOpen, client.events], [false, true, ["made"]]);
    endpoint.pump.flush();
    assertEquals([attempt.peer?.text, attempt.peer?.chunks.length], ["hello", 3]);
    client.transport.loseConnection();
    assertEquals([attempt.isOpen, attempt.disconnecting], [true, true]);
    endpoint.pump.flush();
    assertEquals([attempt.isOpen, attempt.isLost, attempt.disconnecting], [false, true, false]);
    assertEquals([client.events.at(-1), attempt.peer?.ending], ["lost ConnectionDone", "closed"]);
  }),
);

Deno.test(
  "ManualAttempt.protocolOf() returns the program's protocol by its class",
  checkClean(() => {
    using endpoint = new ManualEndpoint();
    const service = new ClientService(endpoint, Factory.forProtocol(Client), {
      clock: endpoint.pump.clock,
    });
    service.startService();
    const attempt = endpoint.attempt();
    assertThrows(
      () => attempt.protocolOf(Client),
      Error,
      "Cannot return the protocol of the attempt to connect to 192.0.2.2:2222: it has no connection",
    );
    attempt.succeed();
    const client: Client = attempt.protocolOf(Client);
    assertEquals(client.events, ["made"]);
    assertThrows(
      () => attempt.protocolOf(TestPeer),
      TypeError,
      "it is not an instance of TestPeer, got Client",
    );
    service.stopService();
    endpoint.pump.flush();
  }),
);

Deno.test(
  "ManualAttempt.peer can close and abort the connection",
  checkClean(() => {
    using endpoint = new ManualEndpoint();
    for (
      const [how, event] of [["close", "ConnectionDone"], ["abort", "ConnectionLost"]] as const
    ) {
      const connecting = connectProtocol(endpoint, new Client());
      endpoint.attempt().succeed();
      endpoint.pump.flush();
      endpoint.attempt().peer?.[how]();
      endpoint.pump.flush();
      assertEquals(successResultOf(connecting).events, ["made", `lost ${event}`]);
    }
  }),
);

Deno.test(
  "ManualAttempt.fail() fails the Deferred with an error, a refusal by default",
  checkClean(() => {
    using endpoint = new ManualEndpoint();
    const refused = connectProtocol(endpoint, new Client());
    endpoint.attempt().fail();
    assertEquals(failureResultOf(refused, ConnectionRefusedError).code, "ECONNREFUSED");
    const failed = connectProtocol(endpoint, new Client());
    endpoint.attempt().fail(new RangeError("no route"));
    assertEquals(failureResultOf(failed, RangeError).message, "no route");
    assert(!endpoint.attempt().isPending);
  }),
);

Deno.test(
  "ManualAttempt can be completed once",
  checkClean(() => {
    using endpoint = new ManualEndpoint();
    const connecting = connectProtocol(endpoint, new Client());
    const attempt = endpoint.attempt();
    attempt.succeed();
    successResultOf(connecting);
    for (const action of ["succeed", "fail"] as const) {
      const message =
        `Cannot ${action} the attempt to connect to 192.0.2.2:2222: it is not pending`;
      assertThrows(() => attempt[action](), Error, message);
    }
  }),
);

Deno.test(
  "ManualAttempt.lose() loses the connection at once, with the given reason",
  checkClean(() => {
    using endpoint = new ManualEndpoint();
    const clients = [undefined, new RangeError("cut")].map((reason) => {
      const connecting = connectProtocol(endpoint, new Client());
      endpoint.attempt().succeed();
      endpoint.attempt().lose(reason);
      endpoint.attempt().lose(new Error("again"));
      return successResultOf(connecting);
    });
    assertEquals(clients.map(({ events }) => events), [
      ["made", "lost ConnectionDone"],
      ["made", "lost RangeError"],
    ]);
    assert(endpoint.attempt().isLost && !endpoint.attempt().isOpen);
  }),
);

Deno.test(
  "ManualAttempt.make() makes a connection without firing the Deferred",
  checkClean(() => {
    using endpoint = new ManualEndpoint();
    const connecting = connectProtocol(endpoint, new Client());
    const attempt = endpoint.attempt();
    const client = attempt.make();
    assert(client instanceof Client);
    assertEquals([client.events, attempt.isPending, attempt.isOpen], [["made"], true, true]);
    attempt.lose();
    attempt.fail(new RangeError());
    failureResultOf(connecting, RangeError);
    assertStrictEquals(attempt.make(), client);
    assert(attempt.isOpen);
  }),
);

Deno.test(
  "ManualAttempt.make() makes a second connection beside the first",
  checkClean(() => {
    using endpoint = new ManualEndpoint();
    const connecting = endpoint.connect(Factory.forProtocol(Client));
    const first = endpoint.attempt().make();
    endpoint.attempt().succeed();
    const second = successResultOf(connecting);
    endpoint.attempt().lose();
    assert(first instanceof Client);
    assertEquals([first.events, second.events], [["made"], ["made", "lost ConnectionDone"]]);
  }),
);

Deno.test(
  "ManualAttempt.build() builds the protocol that the next connection has",
  checkClean(() => {
    using endpoint = new ManualEndpoint();
    const connecting = endpoint.connect(Factory.forProtocol(Client));
    const built = endpoint.attempt().build();
    assertStrictEquals(endpoint.attempt().build(), built);
    assertEquals([endpoint.attempt().protocol, endpoint.attempt().isOpen], [null, false]);
    endpoint.attempt().succeed();
    assertStrictEquals<unknown>(successResultOf(connecting), built);
  }),
);

Deno.test(
  "ManualAttempt.succeed() fails the Deferred if the factory builds no protocol",
  checkClean(() => {
    using endpoint = new ManualEndpoint();
    class Refusing extends Factory<Client> {
      override buildProtocol(): null {
        return null;
      }
    }
    const refused = endpoint.connect(new Refusing());
    assertEquals([endpoint.attempt().build(), endpoint.attempt().make()], [null, null]);
    endpoint.attempt().succeed();
    failureResultOf(refused, NoProtocol);
    const failing = endpoint.connect(
      Factory.forProtocol((): Client => {
        throw new RangeError("building");
      }),
    );
    endpoint.attempt().succeed();
    failureResultOf(failing, RangeError);
  }),
);

Deno.test(
  "ManualAttempt.succeed() fails the Deferred if connectionMade() fails",
  checkClean(() => {
    using endpoint = new ManualEndpoint();
    class Failing extends Client {
      override connectionMade(): void {
        throw new RangeError("making");
      }
    }
    const connecting = connectProtocol(endpoint, new Failing());
    endpoint.attempt().succeed();
    endpoint.pump.flush();
    const error = failureResultOf(connecting, RangeError);
    assertEquals(flushLoggedErrors(RangeError), [error]);
  }),
);

Deno.test(
  "ManualEndpoint fails an attempt that is cancelled, by its Deferred or by a signal",
  checkClean(() => {
    using endpoint = new ManualEndpoint();
    const cancelled = connectProtocol(endpoint, new Client());
    cancelled.cancel();
    failureResultOf(cancelled, ConnectingCancelledError);
    const controller = new AbortController();
    const aborted = connectProtocol(endpoint, new Client(), { signal: controller.signal });
    controller.abort();
    failureResultOf(aborted, ConnectingCancelledError);
    for (const attempt of endpoint.attempts) assert(attempt.isCancelled && !attempt.isPending);
  }),
);

Deno.test(
  "ManualEndpoint calls cancelled, which may complete the attempt",
  checkClean(() => {
    let complete = (attempt: ManualAttempt): void => attempt.succeed();
    using endpoint = new ManualEndpoint({ cancelled: (attempt) => complete(attempt) });
    const cancel = (): Deferred<Client> => {
      const connecting = connectProtocol(endpoint, new Client());
      connecting.cancel();
      return connecting;
    };
    assertEquals(successResultOf(cancel()).events, ["made"]);
    complete = (attempt) => attempt.fail(new RangeError());
    failureResultOf(cancel(), RangeError);
    complete = () => {};
    failureResultOf(cancel(), ConnectingCancelledError);
  }),
);

Deno.test(
  "ManualEndpoint calls connecting, which may complete the attempt at once, or throw",
  checkClean(() => {
    using succeeding = new ManualEndpoint({ connecting: (attempt) => attempt.succeed() });
    assertEquals(successResultOf(connectProtocol(succeeding, new Client())).events, ["made"]);
    using failing = new ManualEndpoint({
      connecting: (attempt) => {
        attempt.fail(new RangeError("failed, too"));
        throw new TypeError("faulty endpoint");
      },
    });
    assertThrows(() => connectProtocol(failing, new Client()), TypeError, "faulty endpoint");
    assert(!failing.attempt().isPending);
  }),
);

Deno.test(
  "ManualEndpoint with losesAtOnce calls connectionLost within loseConnection()",
  checkClean(() => {
    using endpoint = new ManualEndpoint({ losesAtOnce: true });
    const connecting = connectProtocol(endpoint, new Client());
    endpoint.attempt().succeed();
    const client = successResultOf(connecting);
    client.transport.loseConnection();
    assertEquals(client.events, ["made", "lost ConnectionDone"]);
    class Brief extends Client {
      override connectionMade(): void {
        super.connectionMade();
        this.transport.loseConnection();
      }
    }
    const brief = connectProtocol(endpoint, new Brief());
    endpoint.attempt().succeed();
    assertEquals(successResultOf(brief).events, ["made", "lost ConnectionDone"]);
    endpoint.pump.flush();
  }),
);

Deno.test("ManualEndpoint refuses options that are out of range", () => {
  assertThrows(() => new ManualEndpoint({ chunkSize: 0 }), RangeError, "chunkSize must be");
});
