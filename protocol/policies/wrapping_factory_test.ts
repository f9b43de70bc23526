/** The tests of the forwarded calls are in `protocol_wrapper_test.ts`. */

import { assertEquals } from "@std/assert";
import type { IProtocol } from "../../reactor/interfaces/mod.ts";
import { Clock } from "../../task/mod.ts";
import { connectedServerAndClient, TestPeer } from "../../testing/mod.ts";
import {
  Factory,
  LimitConnectionRate,
  LimitConnectionsByPeer,
  Protocol,
  SlowPeerGuard,
  SpewingFactory,
  ThrottlingFactory,
  TimeoutFactory,
  TrafficLoggingFactory,
  WrappingFactory,
} from "../mod.ts";

/** Echoes, and closes its writing side after the peer has closed its own. */
class Echo extends Protocol {
  override dataReceived(data: Uint8Array): void {
    this.transport.write(data);
  }

  readConnectionLost(): void {
    this.transport.write("bye");
    this.transport.loseWriteConnection();
  }

  writeConnectionLost(): void {}
}

/** Wraps a factory in a policy. */
type Policy = (factory: Factory<IProtocol>) => Factory<IProtocol>;

const POLICIES: readonly Policy[] = [
  (factory) => new WrappingFactory(factory),
  (factory) => new LimitConnectionsByPeer(factory),
  (factory) => new LimitConnectionRate(factory, { clock: new Clock(), connectionRate: 1 }),
  (factory) => new SlowPeerGuard(factory, { minRate: 10, firstMessageTimeout: 10 }),
  (factory) => new SpewingFactory(factory),
  (factory) => new ThrottlingFactory(factory, { readLimit: 100, writeLimit: 100 }),
  (factory) => new TimeoutFactory(factory, 10),
  (factory) => new TrafficLoggingFactory(factory, "traffic"),
];

/** The orders of the policies in which each one is in each place, after each other one. */
function orders(): Policy[][] {
  return POLICIES.flatMap((_, shift) => {
    const rotated = [...POLICIES.slice(shift), ...POLICIES.slice(0, shift)];
    return [rotated, rotated.toReversed()];
  });
}

Deno.test("Policies can be combined in any order", () => {
  for (const order of orders()) {
    const echoes: Factory<IProtocol> = Factory.forProtocol(Echo);
    const factory = order.reduce((inner, policy) => policy(inner), echoes);
    using pair = connectedServerAndClient(factory, TestPeer);
    const message = "x".repeat(1000);
    pair.client.send(message);
    pair.client.closeWrite();
    pair.pump.advance(100);
    assertEquals([pair.client.text, pair.client.ending], [`${message}bye`, "closed"]);
    assertEquals([pair.serverReason?.name, pair.clock.getDelayedCalls()], ["ConnectionDone", []]);
  }
});
