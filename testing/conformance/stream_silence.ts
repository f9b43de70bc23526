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

/** Defines the tests of attempts without an answer, for a transport with a silent address. */
export function silenceTests(kind: StreamTransport): void {
  const { silentAddress } = kind;
  if (silentAddress === undefined) return;
  const test = streamTest(kind);

  Deno.test(
    test("clientConnectionFailed() receives ConnectTimeoutError if the server is silent", async (fixture) => {
      const factory = new Wires();
      const place = await silentAddress(fixture);
      fixture.connect(place, factory, { timeout: 0.05 });
      fixture.run();
      await factory.called("failed");
      const [reason] = factory.reasons;
      assertInstanceOf(reason, ConnectTimeoutError);
      assertEquals(reason.message, `Connecting to ${place} took longer than 0.05 s`);
      assertEquals(factory.events, ["start", "connecting", "failed", "stop"]);
      assertEquals(fixture.reactor.getDelayedCalls().length, 0);
    }),
  );

  for (const method of ["stopConnecting", "disconnect"] as const) {
    Deno.test(
      test(`${method}() ends an attempt with a UserError, and leaves no timer`, async (fixture) => {
        const factory = new Wires();
        const place = await silentAddress(fixture);
        fixture.run();
        const connector = fixture.connect(place, factory);
        assertEquals(connector.state, "connecting");
        connector[method]();
        assertInstanceOf(factory.reasons[0], UserError);
        assert(!(factory.reasons[0] instanceof ConnectTimeoutError));
        assertEquals(connector.state, "disconnected");
        assertEquals(factory.events, ["start", "connecting", "failed", "stop"]);
        assertEquals(fixture.reactor.getDelayedCalls().length, 0);
      }),
    );
  }

  Deno.test(test("stop() ends a connection attempt with a ConnectError", async (fixture) => {
    const factory = new Wires();
    const place = await silentAddress(fixture);
    fixture.connect(place, factory);
    fixture.run();
    await fixture.stop();
    assertEquals(factory.events, ["start", "connecting", "failed", "stop"]);
    assertInstanceOf(factory.reasons[0], ConnectError);
  }));
}
