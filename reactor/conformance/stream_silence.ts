/**
 * Connecting to a server that does not answer.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { ConnectError, TimeoutError, UserError } from "../errors.ts";
import { streamTest } from "./stream_bed.ts";
import type { StreamKind } from "./stream_kind.ts";
import { Wires } from "./wire.ts";

/** The tests of attempts that come to nothing, for a kind that has them. */
export function silenceTests(kind: StreamKind): void {
  const { silentPlace } = kind;
  if (silentPlace === undefined) return;
  const test = streamTest(kind);

  test("A server that does not answer: TimeoutError", async (bed) => {
    const factory = new Wires();
    const place = await silentPlace(bed);
    bed.connect(place, factory, { timeout: 0.05 });
    bed.run();
    await factory.told("failed");
    const [reason] = factory.reasons;
    assertInstanceOf(reason, TimeoutError);
    assertEquals(reason.message, `Connecting to ${place} took longer than 0.05 s`);
    assertEquals(factory.events, ["start", "connecting", "failed", "stop"]);
    assertEquals(bed.reactor.getDelayedCalls().length, 0);
  });

  for (const method of ["stopConnecting", "disconnect"] as const) {
    test(`${method}() ends an attempt that is under way: UserError, and nothing is left of it`, async (bed) => {
      const factory = new Wires();
      const place = await silentPlace(bed);
      bed.run();
      const connector = bed.connect(place, factory);
      assertEquals(connector.state, "connecting");
      connector[method]();
      assertInstanceOf(factory.reasons[0], UserError);
      assert(!(factory.reasons[0] instanceof TimeoutError));
      assertEquals(connector.state, "disconnected");
      assertEquals(factory.events, ["start", "connecting", "failed", "stop"]);
      assertEquals(bed.reactor.getDelayedCalls().length, 0);
    });
  }

  test("stop() ends an attempt with a ConnectError", async (bed) => {
    const factory = new Wires();
    const place = await silentPlace(bed);
    bed.connect(place, factory);
    bed.run();
    await bed.stop();
    assertEquals(factory.events, ["start", "connecting", "failed", "stop"]);
    assertInstanceOf(factory.reasons[0], ConnectError);
  });
}
