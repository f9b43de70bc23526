/**
 * Dials to host names, over dials that the test controls, and `connectTCP` with an installed
 * resolver.
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { Deferred } from "../../defer/mod.ts";
import { Clock } from "../../task/mod.ts";
import { tcpTest } from "../../testing/fixtures/tcp_fixture.ts";
import { Wires } from "../../testing/fixtures/wire.ts";
import type { DialSink } from "../stream/dial.ts";
import { DenoReactor } from "../drivers/deno/reactor.ts";
import { dialByName } from "./dial_by_name.ts";
import { ConnectionRefusedError, DNSLookupError, UserError } from "../errors.ts";
import { memoryPipe } from "../drivers/memory/memory_driver.ts";
import type { StreamDriver } from "../stream/stream_driver.ts";
import { TableNameResolver } from "./table_name_resolver.ts";

const TABLE = new TableNameResolver({ "both.test": ["127.0.0.1", "::1"] });

/** A dial to `both.test`. The test controls its dials to addresses. */
class ConnectionFixture implements DialSink {
  readonly clock = new Clock();
  readonly dials: { address: string; sink: DialSink }[] = [];
  readonly events: string[] = [];
  readonly reasons: Error[] = [];
  readonly cancel: () => void;

  constructor(host = "both.test") {
    const dial = dialByName(this.clock, TABLE, host, 80, (address) => (sink) => {
      this.dials.push({ address, sink });
      return () => void this.events.push(`cancel ${address}`);
    });
    this.cancel = dial(this);
  }

  sink(index: number): DialSink {
    const dial = this.dials[index];
    if (dial === undefined) throw new Error(`There is no dial ${index}`);
    return dial.sink;
  }

  connected(_driver: StreamDriver): void {
    this.events.push("connected");
  }

  failed(reason: Error): void {
    this.events.push(`failed: ${reason.name}`);
    this.reasons.push(reason);
  }

  released(): void {
    this.events.push("released");
  }
}

/** Returns a driver, and whether it was aborted. */
function driver(): { driver: StreamDriver; isAborted: () => boolean } {
  const [end] = memoryPipe();
  let aborted = false;
  const abort = end.abort.bind(end);
  end.abort = () => {
    aborted = true;
    abort();
  };
  return { driver: end, isAborted: () => aborted };
}

Deno.test("dialByName() passes on the first connection, and cancels the other attempts", () => {
  const fixture = new ConnectionFixture();
  fixture.clock.advance(0.25);
  assertEquals(fixture.dials.map(({ address }) => address), ["::1", "127.0.0.1"]);
  fixture.sink(1).connected(driver().driver);
  fixture.sink(1).released();
  assertEquals(fixture.events, ["cancel ::1", "connected"]);
  fixture.sink(0).released();
  assertEquals(fixture.events, ["cancel ::1", "connected", "released"]);
  assertEquals(fixture.clock.getDelayedCalls(), []);
});

Deno.test("dialByName() aborts a connection that opens after another one has won", () => {
  const fixture = new ConnectionFixture();
  fixture.clock.advance(0.25);
  fixture.sink(1).connected(driver().driver);
  const late = driver();
  fixture.sink(0).connected(late.driver);
  assert(late.isAborted());
  assertEquals(fixture.events, ["cancel ::1", "connected"]);
});

Deno.test("dialByName() fails with the reasons of all addresses", () => {
  const fixture = new ConnectionFixture();
  for (const index of [0, 1]) {
    fixture.sink(index).failed(new ConnectionRefusedError(`refused ${index}`));
    fixture.sink(index).released();
  }
  assertEquals(fixture.events, ["failed: ConnectionRefusedError", "released"]);
  assertEquals(
    fixture.reasons[0]?.message,
    "Cannot connect to both.test:80: all attempts failed. refused 0. refused 1",
  );
});

Deno.test("dialByName() fails with ConnectError for an invalid host name", () => {
  const fixture = new ConnectionFixture("no name");
  const [reason] = fixture.reasons;
  assertInstanceOf(reason, DNSLookupError);
  assertEquals(
    reason.message,
    'Cannot connect to no name: Cannot use "no name" as a host name: it is neither a valid host name nor an IP address',
  );
  assertEquals(fixture.events, ["failed: DNSLookupError", "released"]);
});

Deno.test("dialByName() cancels all its attempts when it is cancelled", () => {
  const fixture = new ConnectionFixture();
  fixture.clock.advance(0.25);
  fixture.cancel();
  assertEquals(fixture.events, [
    "cancel ::1",
    "cancel 127.0.0.1",
    "failed: ConnectingCancelledError",
  ]);
  // The outcome of a cancelled dial is ignored.
  fixture.sink(0).failed(new ConnectionRefusedError("too late"));
  fixture.sink(0).released();
  assertEquals(fixture.events.length, 3);
  fixture.sink(1).released();
  assertEquals(fixture.events.slice(3), ["released"]);
  assertEquals(fixture.clock.getDelayedCalls(), []);
});

const test = tcpTest("connectTCP() with an installed name resolver", () => new DenoReactor());

Deno.test(
  test("connectTCP() connects to an address of the resolver, and keeps the name", async (fixture) => {
    fixture.run();
    fixture.reactor.installNameResolver(TABLE);
    const listener = fixture.rawListen();
    const factory = new Wires();
    const { port } = listener.addr;
    const connector = fixture.reactor.connectTCP("both.test", port, factory);
    assertEquals(String(connector.getDestination()), `both.test:${port}`);
    await fixture.rawAccept(listener);
    const wire = await factory.wire();
    assertEquals(String(wire.transport.getPeer()), `127.0.0.1:${port}`);
  }),
);

Deno.test(test("connectTCP() fails with the name resolver's reason", async (fixture) => {
  fixture.run();
  fixture.reactor.installNameResolver(TABLE);
  const factory = new Wires();
  fixture.reactor.connectTCP("none.test", 80, factory);
  await factory.called("failed");
  const [reason] = factory.reasons;
  assertInstanceOf(reason, DNSLookupError);
  assertEquals(reason.message, "Cannot connect to none.test:80: the name has no address");
}));

Deno.test(
  test("stopConnecting() cancels the name lookup, and leaves no open resource", async (fixture) => {
    fixture.run();
    let aborted = false;
    fixture.reactor.installNameResolver({
      resolveHostName: (_, { signal }) => {
        signal.addEventListener("abort", () => aborted = true);
        return new Deferred<string[]>();
      },
    });
    const factory = new Wires();
    const connector = fixture.reactor.connectTCP("both.test", 80, factory);
    connector.stopConnecting();
    await factory.called("failed");
    assertInstanceOf(factory.reasons[0], UserError);
    assertEquals([aborted, fixture.reactor.getDelayedCalls()], [true, []]);
  }),
);

Deno.test(test("connectTCP() does not look up a host that is an IP address", async (fixture) => {
  fixture.run();
  fixture.reactor.installNameResolver({
    resolveHostName: () => {
      throw new Error("An address must not be looked up");
    },
  });
  const listener = fixture.rawListen();
  const factory = new Wires();
  fixture.reactor.connectTCP("127.0.0.1", listener.addr.port, factory);
  await fixture.rawAccept(listener);
  await factory.wire();
}));
