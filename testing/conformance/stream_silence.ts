/**
 * Connecting to a server that does not answer.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "../assertions.ts";
import { ConnectError, ConnectTimeoutError, UserError } from "../../reactor/errors.ts";
import { streamTest } from "../fixtures/stream_fixture.ts";
import type { StreamTransport } from "./stream_transport.ts";
import { Wires } from "../fixtures/wire.ts";

/** The tests of attempts that come to nothing, for a kind that has them. */
export function silenceTests(kind: StreamTransport): void {
  const { silentPlace } = kind;
  if (silentPlace === undefined) return;
  const test = streamTest(kind);

  test("A server that does not answer: ConnectTimeoutError", async (fixture) => {
    const factory = new Wires();
    const place = await silentPlace(fixture);
    fixture.connect(place, factory, { timeout: 0.05 });
    fixture.run();
    await factory.told("failed");
    const [reason] = factory.reasons;
    assertInstanceOf(reason, ConnectTimeoutError);
    assertEquals(reason.message, `Connecting to ${place} took longer than 0.05 s`);
    assertEquals(factory.events, ["start", "connecting", "failed", "stop"]);
    assertEquals(fixture.reactor.getDelayedCalls().length, 0);
  });

  for (const method of ["stopConnecting", "disconnect"] as const) {
    test(`${method}() ends an attempt that is under way: UserError, and nothing is left of it`, async (fixture) => {
      const factory = new Wires();
      const place = await silentPlace(fixture);
      fixture.run();
      const connector = fixture.connect(place, factory);
      assertEquals(connector.state, "connecting");
      connector[method]();
      assertInstanceOf(factory.reasons[0], UserError);
      assert(!(factory.reasons[0] instanceof ConnectTimeoutError));
      assertEquals(connector.state, "disconnected");
      assertEquals(factory.events, ["start", "connecting", "failed", "stop"]);
      assertEquals(fixture.reactor.getDelayedCalls().length, 0);
    });
  }

  test("stop() ends an attempt with a ConnectError", async (fixture) => {
    const factory = new Wires();
    const place = await silentPlace(fixture);
    fixture.connect(place, factory);
    fixture.run();
    await fixture.stop();
    assertEquals(factory.events, ["start", "connecting", "failed", "stop"]);
    assertInstanceOf(factory.reasons[0], ConnectError);
  });
}
