import { assertEquals, assertThrows } from "@std/assert";
import { IPv4Address, UNIXAddress } from "../../reactor/addresses.ts";
import type { Address } from "../../reactor/interfaces/mod.ts";
import { Clock } from "../../task/mod.ts";
import { Factory, LimitConnectionRate, type LimitConnectionRateOptions, Protocol } from "../mod.ts";

const A = new IPv4Address("TCP", "192.0.2.1", 1000);
const B = new IPv4Address("TCP", "192.0.2.2", 1000);

/** A limited factory, and the numbers of connections that it accepts out of ten. */
class Limited {
  readonly clock = new Clock();
  readonly #factory: LimitConnectionRate<Protocol>;

  constructor(options: Omit<LimitConnectionRateOptions, "clock">) {
    const inner = Factory.forProtocol(Protocol);
    this.#factory = new LimitConnectionRate(inner, { clock: this.clock, ...options });
  }

  accepted(address: Address): number {
    return Array.from({ length: 10 }, () => this.#factory.buildProtocol(address))
      .filter((protocol) => protocol !== null).length;
  }
}

Deno.test("LimitConnectionRate accepts the connections of one second at once", () => {
  const limited = new Limited({ connectionRate: 4 });
  assertEquals([limited.accepted(A), limited.accepted(B)], [4, 0]);
  limited.clock.advance(0.5);
  assertEquals(limited.accepted(A), 2);
  limited.clock.advance(100);
  assertEquals(limited.accepted(B), 4);
});

Deno.test("LimitConnectionRate limits each host for itself", () => {
  const limited = new Limited({ connectionRatePerHost: 0.1 });
  assertEquals([limited.accepted(A), limited.accepted(B)], [1, 1]);
  limited.clock.advance(9.9);
  assertEquals(limited.accepted(A), 0);
  limited.clock.advance(0.1);
  assertEquals([limited.accepted(A), limited.accepted(B)], [1, 1]);
  assertEquals(limited.accepted(new UNIXAddress("")), 10);
});

Deno.test("LimitConnectionRate does not count refused connections", () => {
  const limited = new Limited({ connectionRate: 2, connectionRatePerHost: 1 });
  assertEquals([limited.accepted(A), limited.accepted(B)], [1, 1]);
  limited.clock.advance(1);
  assertEquals([limited.accepted(A), limited.accepted(B)], [1, 1]);
});

Deno.test("LimitConnectionRate throws for a rate that is not more than 0", () => {
  assertThrows(() => new Limited({ connectionRate: 0 }), RangeError, "connectionRate must be more");
  assertThrows(
    () => new Limited({ connectionRatePerHost: NaN }),
    RangeError,
    "connectionRatePerHost must be more than 0 per second, got NaN",
  );
  assertThrows(
    () => new Limited({ connectionRate: Number.MIN_VALUE }),
    RangeError,
    "connectionRate must be at least 1e-9 per second, got 5e-324",
  );
});
