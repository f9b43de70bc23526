/**
 * Handshakes before there is a protocol, on memory, with an engine worked by hand. On sockets:
 * `deno/tls_test.ts`.
 */

import { assertEquals } from "@std/assert";
import { CheckedDriver } from "../../testing/fixtures/checked_driver.ts";
import { Peer, TestHost } from "../../testing/fixtures/connection_fixture.ts";
import { FakeTLS } from "../../testing/fixtures/fake_tls.ts";
import type { DialSink } from "../stream/dial.ts";
import { memoryPipe } from "../drivers/memory/memory_driver.ts";
import { dialSecured } from "./handshake.ts";
import { TLSDriver } from "./tls_driver.ts";

/** A dial with a handshake behind it, worked by hand on both sides. */
class DialBed {
  readonly host = new TestHost();
  readonly tls = new FakeTLS();
  readonly driver: CheckedDriver;
  readonly peer: Peer;
  /**
   * What the dial told, in order: `connected`, `failed`, `released`; and `cancelled` of the one
   * beneath.
   */
  readonly events: string[] = [];
  readonly cancel: () => void;
  #beneath: DialSink | null = null;

  constructor() {
    const [end, other] = memoryPipe({ schedule: (step) => this.host.steps.push(step) });
    this.driver = new CheckedDriver(end);
    this.peer = new Peer(other);
    other.startReading();
    const dial = dialSecured(
      (sink) => {
        this.#beneath = sink;
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

  /** The dial beneath succeeds. */
  succeed(): void {
    this.#beneath?.connected(this.driver);
    this.#beneath?.released();
    this.host.settle();
  }
}

Deno.test("A connection that is there although its dial was cancelled is aborted, without a handshake", () => {
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

Deno.test("A dial that is cancelled during its handshake is over when the driver beneath is released", () => {
  const fixture = new DialBed();
  fixture.succeed();
  assertEquals(fixture.events, []);
  fixture.cancel();
  fixture.host.settle();
  assertEquals(fixture.events, ["released"]);
  assertEquals(fixture.host.resources.size, 0);
  assertEquals(fixture.host.reactor.getDelayedCalls(), []);
});
