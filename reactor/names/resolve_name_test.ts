// Twisted's test/test_internet.py, ResolveTests, and internet/test/test_base.py,
// ThreadedResolverTests.

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { CancelledError, Deferred, fail } from "../../defer/mod.ts";
import {
  assertNoResult,
  failureResultOf,
  InMemoryReactor,
  MemoryReactorClock,
  successResultOf,
} from "../../testing/mod.ts";
import { Clock } from "../../task/mod.ts";
import { DNSLookupError } from "../errors.ts";
import type { IHostnameResolver, ResolveHostNameOptions } from "../interfaces/mod.ts";
import { TableNameResolver } from "../mod.ts";

/** A resolver whose lookups stay pending. */
class PendingResolver implements IHostnameResolver {
  readonly lookups: [string, ResolveHostNameOptions, Deferred<string[]>][] = [];

  resolveHostName(hostName: string, options: ResolveHostNameOptions): Deferred<string[]> {
    const lookup = new Deferred<string[]>();
    this.lookups.push([hostName, options, lookup]);
    return lookup;
  }
}

function reactorWith(resolver: IHostnameResolver): MemoryReactorClock {
  const reactor = new MemoryReactorClock();
  reactor.installNameResolver(resolver);
  return reactor;
}

Deno.test("resolve() fires with the first IPv4 address of the installed resolver", () => {
  const table = { "db.example": ["::1", "192.0.2.1", "192.0.2.2"] };
  for (const reactor of [new MemoryReactorClock(), new InMemoryReactor(new Clock())]) {
    reactor.installNameResolver(new TableNameResolver(table));
    assertEquals(successResultOf(reactor.resolve("db.example")), "192.0.2.1");
  }
});

Deno.test("resolve() fires with an IP address as it is, and with 0.0.0.0 for an empty name", () => {
  const reactor = new MemoryReactorClock();
  for (const [name, address] of [["", "0.0.0.0"], ["192.0.2.7", "192.0.2.7"], ["::1", "::1"]]) {
    assertEquals(successResultOf(reactor.resolve(name ?? "")), address);
  }
});

Deno.test("resolve() looks an internationalized name up in its IDNA form", () => {
  const resolver = new PendingResolver();
  reactorWith(resolver).resolve("bücher.example");
  assertEquals(resolver.lookups[0]?.[0], "xn--bcher-kva.example");
});

Deno.test("resolve() fails with DNSLookupError for a name without an IPv4 address", () => {
  const reactor = reactorWith(new TableNameResolver({ six: ["::1"] }));
  for (const name of ["six", "unknown"]) {
    const error = failureResultOf(reactor.resolve(name), DNSLookupError);
    assertEquals(error.message, `Cannot resolve ${name}: the name has no IPv4 address`);
    assertEquals(error.code, "ENOTFOUND");
  }
});

Deno.test("resolve() fails with DNSLookupError and the resolver's error as its cause", () => {
  const cause = new Error("the server is down");
  const reactor = reactorWith({ resolveHostName: () => fail(cause) });
  const error = failureResultOf(reactor.resolve("a.example"), DNSLookupError);
  assertEquals(error.message, "Cannot resolve a.example: the server is down");
  assertStrictEquals(error.cause, cause);
});

Deno.test("resolve() fails with DNSLookupError for a resolver's result that is not an address", () => {
  const reactor = reactorWith({ resolveHostName: () => Promise.resolve(["::1"]) });
  return reactor.resolve("a.example").addCallbacks(
    () => {
      throw new Error("it did not fail");
    },
    (error) => assertEquals(error.message.includes('returned "::1"'), true),
  ).toPromise();
});

Deno.test("resolve() fails after its timeout, and aborts the lookup", () => {
  for (const [timeout, seconds] of [[undefined, 60], [4, 4], [[1, 3], 4], [[], 60]] as const) {
    const resolver = new PendingResolver();
    const reactor = reactorWith(resolver);
    const result = reactor.resolve("slow.example", timeout);
    reactor.advance(seconds - 1);
    assertNoResult(result);
    reactor.advance(1);
    assertEquals(failureResultOf(result, DNSLookupError).code, "ETIMEDOUT");
    assertEquals(resolver.lookups[0]?.[1].signal.aborted, true);
    // A late answer is ignored.
    resolver.lookups[0]?.[2].callback(["192.0.2.1"]);
  }
});

Deno.test("resolve() leaves no timed call behind", () => {
  const resolver = new PendingResolver();
  const reactor = reactorWith(resolver);
  const result = reactor.resolve("a.example");
  resolver.lookups[0]?.[2].callback(["192.0.2.1"]);
  assertEquals(successResultOf(result), "192.0.2.1");
  assertEquals(reactor.getDelayedCalls(), []);
});

Deno.test("resolve() can be cancelled", () => {
  const resolver = new PendingResolver();
  const reactor = reactorWith(resolver);
  const result = reactor.resolve("a.example");
  result.cancel();
  failureResultOf(result, CancelledError);
  assertEquals(resolver.lookups[0]?.[1].signal.aborted, true);
  assertEquals(reactor.getDelayedCalls(), []);
});

Deno.test("resolve() refuses what is not a name or a timeout", () => {
  const reactor = new MemoryReactorClock();
  assertThrows(() => reactor.resolve("no name"), RangeError, "no name");
  assertThrows(() => reactor.resolve("a.example", -1), RangeError, "resolve() timeout");
});
