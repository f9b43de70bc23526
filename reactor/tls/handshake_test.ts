/**
 * Handshakes before the connection has a protocol, in memory, with an engine that the test
 * controls. On sockets: `drivers/deno/tls_test.ts`.
 */

import { assertEquals } from "@std/assert";
import { CheckedDriver } from "../../testing/fixtures/checked_driver.ts";
import { Peer, TestHost } from "../../testing/fixtures/connection_fixture.ts";
import { FakeTLS } from "../../testing/fixtures/fake_tls.ts";
import type { DialSink } from "../stream/dial.ts";
import { memoryPipe } from "../drivers/memory/memory_driver.ts";
import { dialSecured } from "./handshake.ts";
import { TLSDriver } from "./tls_driver.ts";

/** A dial with a handshake, in which the test controls the underlying dial and the engine. */
class DialBed {
  readonly host = new TestHost();
  readonly tls = new FakeTLS();
  readonly driver: CheckedDriver;
  readonly peer: Peer;
  /**
   * The calls of the dial, in order: `connected`, `failed`, `released`; and `cancelled` when the
   * underlying dial is cancelled.
   */
  readonly events: string[] = [];
  readonly cancel: () => void;
  #underlying: DialSink | null = null;

  constructor() {
    const [end, other] = memoryPipe({ schedule: (step) => this.host.steps.push(step) });
    this.driver = new CheckedDriver(end);
    this.peer = new Peer(other);
    other.startReading();
    const dial = dialSecured(
      (sink) => {
        this.#underlying = sink;
        return () => this.events.push("cancelled");
      },
      this.host.resources,
      (driver) => new TLSDriver(driver, this.tls, this.host.reactor, { linger: 60 }),
    );
    this.cancel = dial({
      connected: () => this.events.push("connected"),
      failed: () => this.events.push("failed"),
      released: () => this.events.push("released"),
    });
  }

  /** Lets the underlying dial succeed. */
  succeed(): void {
    this.#underlying?.connected(this.driver);
    this.#underlying?.released();
    this.host.settle();
  }
}

Deno.test("dialSecured() aborts a connection that arrives after the dial was cancelled", () => {
  const fixture = new DialBed();
  fixture.cancel();
  fixture.succeed();
  assertEquals(fixture.tls.engine.calls, []);
  assertEquals(fixture.events, ["cancelled", "released"]);
  assertEquals(fixture.driver.calls, ["abort()"]);
  assertEquals(fixture.host.resources.size, 0);
  assertEquals(fixture.host.reactor.getDelayedCalls(), []);
  assertEquals(fixture.peer.end, "ECONNRESET");
});

Deno.test("dialSecured() cancelled during its handshake waits for the underlying driver", () => {
  const fixture = new DialBed();
  fixture.succeed();
  assertEquals(fixture.events, []);
  fixture.cancel();
  fixture.host.settle();
  assertEquals(fixture.events, ["released"]);
  assertEquals(fixture.host.resources.size, 0);
  assertEquals(fixture.host.reactor.getDelayedCalls(), []);
});
