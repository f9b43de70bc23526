/**
 * The race in virtual time: tables of addresses, delays and outcomes, with the second of each
 * event, in the style of trio's `test_highlevel_open_tcp_stream.py`.
 *
 * Of Twisted's `internet/test/test_endpoints.py`, the tests of the race:
 * `HostnameEndpointsFasterConnectionTests`, `HostnameEndpointsGAIFailureTests`,
 * `HostnameEndpointIDNATests` (with `hostname_test.ts`), and the cancellations and failures of
 * `HostnameEndpointsOneIPv4Tests` and `HostnameEndpointsOneIPv6Tests`. In contrast to
 * `test_ignoreUnknownAddressTypes`, a resolver's answer of another type is an error. The tests of
 * connections are in `endpoints/hostname_endpoint_test.ts`.
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { Deferred, fail, succeed } from "../../defer/mod.ts";
import { Clock } from "../../task/mod.ts";
import { HostnameAddress } from "../addresses.ts";
import { LoggedErrors } from "../../testing/logged_errors.ts";
import {
  ConnectError,
  ConnectingCancelledError,
  ConnectionRefusedError,
  ConnectTimeoutError,
  DNSLookupError,
} from "../errors.ts";
import { connectFailure } from "./connect_failure.ts";
import { type HappyEyeballsOptions, raceAddresses } from "./happy_eyeballs.ts";
import type { IPFamily, ResolveHostNameOptions } from "../interfaces/mod.ts";

const FOREVER = Infinity;

/** The seconds after which an attempt completes, and its outcome. */
type Attempted = [delay: number, outcome: "connects" | "refused" | "times out"];

/** The seconds after which a lookup completes, and its addresses or error. */
type LookedUp = [delay: number, outcome: string[] | Error];

interface World {
  lookups?: Partial<Record<IPFamily, LookedUp>>;
  attempts?: Record<string, Attempted>;
}

/** A host in virtual time, and the events of connecting to it. */
class Stage {
  readonly clock = new Clock();
  /** The events with their second: `0.25 try 192.0.2.1`. */
  readonly events: string[] = [];
  readonly lookups: [name: string, family: IPFamily, port: number][] = [];
  readonly outcomes: (string | Error)[] = [];
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  connect(
    host = "example.org",
    options: HappyEyeballsOptions = {},
    families: readonly IPFamily[] = ["IPv6", "IPv4"],
  ): Deferred<void> {
    const raceOptions = {
      clock: this.clock,
      resolver: { resolveHostName: this.#resolve.bind(this) },
      families,
      attempt: (address: string) => this.#attempt(address),
    };
    return raceAddresses(host, 80, raceOptions, options).addCallbacks(
      (address) => this.#decide(address, `won by ${address}`),
      (error) => this.#decide(error, `lost: ${error.name}`),
    );
  }

  /** Advances the time in steps that are shorter than every delay here. */
  advance(seconds: number): void {
    for (let steps = Math.round(seconds * 100); steps > 0; steps--) this.clock.advance(0.01);
  }

  note(event: string): void {
    this.events.push(`${this.clock.seconds().toFixed(2)} ${event}`);
  }

  #decide(outcome: string | Error, event: string): void {
    this.outcomes.push(outcome);
    this.note(event);
  }

  #resolve(name: string, { family, port, signal }: ResolveHostNameOptions): Deferred<string[]> {
    this.lookups.push([name, family, port]);
    const [delay, outcome] = this.#world.lookups?.[family] ?? [0, []];
    if (delay === 0) return outcome instanceof Error ? fail(outcome) : succeed(outcome);
    const looking: Deferred<string[]> = this.#after(delay, `cancel ${family}`, () => {
      if (outcome instanceof Error) looking.errback(outcome);
      else looking.callback(outcome);
    });
    signal.addEventListener("abort", () => this.note(`abort ${family}`));
    return looking;
  }

  #attempt(address: string): Deferred<string> {
    this.note(`try ${address}`);
    const [delay, outcome] = this.#world.attempts?.[address] ?? [FOREVER, "connects"];
    const attempt: Deferred<string> = this.#after(delay, `cancel ${address}`, () => {
      if (outcome === "connects") attempt.callback(address);
      else if (outcome === "refused") attempt.errback(refused(address));
      else attempt.errback(new ConnectTimeoutError(`${address} timed out`, { code: "ETIMEDOUT" }));
    });
    return attempt;
  }

  #after<T>(delay: number, cancelled: string, f: () => void): Deferred<T> {
    const call = delay === FOREVER ? null : this.clock.callLater(delay, f);
    return new Deferred<T>(() => {
      this.note(cancelled);
      call?.cancel();
    });
  }
}

function refused(address: string): ConnectionRefusedError {
  return new ConnectionRefusedError(`${address} refused`, {
    code: "ECONNREFUSED",
    syscall: "connect",
    address,
  });
}

/** Runs a race to its end and returns its events. */
function race(world: World, options: HappyEyeballsOptions = {}, host = "example.org"): string[] {
  const stage = new Stage(world);
  stage.connect(host, options);
  stage.advance(100);
  assertEquals(stage.clock.getDelayedCalls(), []);
  assertEquals(stage.outcomes.length, 1);
  return stage.events;
}

const V6 = "2001:db8::6";
const W6 = "2001:db8::66";
const V4 = "192.0.2.4";
const W4 = "192.0.2.44";

const BOTH: World["lookups"] = { IPv6: [0, [V6]], IPv4: [0, [V4]] };

const RACES: [claim: string, world: World, events: string[]][] = [
  [
    "tries IPv6 first, which wins if it answers in time",
    { lookups: BOTH, attempts: { [V6]: [0.2, "connects"], [V4]: [0.01, "connects"] } },
    [`0.00 try ${V6}`, `0.20 won by ${V6}`],
  ],
  [
    "starts the next attempt after 250 ms and cancels the one that loses",
    { lookups: BOTH, attempts: { [V4]: [0.1, "connects"] } },
    [`0.00 try ${V6}`, `0.25 try ${V4}`, `0.35 cancel ${V6}`, `0.35 won by ${V4}`],
  ],
  [
    "lets a slow first attempt win",
    { lookups: BOTH, attempts: { [V6]: [0.3, "connects"], [V4]: [0.1, "connects"] } },
    [`0.00 try ${V6}`, `0.25 try ${V4}`, `0.30 cancel ${V4}`, `0.30 won by ${V6}`],
  ],
  [
    "starts the next attempt at once after a failure",
    { lookups: BOTH, attempts: { [V6]: [0.02, "refused"], [V4]: [0.1, "connects"] } },
    [`0.00 try ${V6}`, `0.02 try ${V4}`, `0.12 won by ${V4}`],
  ],
  [
    "ignores the failure of an earlier attempt for the start of the next",
    {
      lookups: { IPv6: [0, [V6, W6]], IPv4: [0, [V4]] },
      attempts: { [V6]: [0.3, "refused"], [W6]: [0.1, "connects"] },
    },
    [
      `0.00 try ${V6}`,
      `0.25 try ${V4}`,
      `0.50 try ${W6}`,
      `0.60 cancel ${V4}`,
      `0.60 won by ${W6}`,
    ],
  ],
  [
    "alternates the families, each in the resolver's order",
    {
      lookups: { IPv6: [0, [V6, W6, "2001:db8::666"]], IPv4: [0, [V4, W4]] },
      attempts: {
        [V6]: [0, "refused"],
        [V4]: [0.01, "refused"],
        [W6]: [0.01, "refused"],
        [W4]: [0.01, "refused"],
        "2001:db8::666": [0.01, "connects"],
      },
    },
    [
      `0.00 try ${V6}`,
      `0.00 try ${V4}`,
      `0.01 try ${W6}`,
      `0.02 try ${W4}`,
      "0.03 try 2001:db8::666",
      "0.04 won by 2001:db8::666",
    ],
  ],
  [
    "tries an address once that the resolver returns twice",
    {
      lookups: { IPv4: [0, [V4, V4, W4]] },
      attempts: { [V4]: [0, "refused"], [W4]: [0, "connects"] },
    },
    [`0.00 try ${V4}`, `0.00 try ${W4}`, `0.00 won by ${W4}`],
  ],
  [
    "starts with the first IPv6 answer and cancels a needless lookup",
    {
      lookups: { IPv6: [0.1, [V6]], IPv4: [FOREVER, []] },
      attempts: { [V6]: [0.1, "connects"] },
    },
    [`0.10 try ${V6}`, "0.20 abort IPv4", "0.20 cancel IPv4", `0.20 won by ${V6}`],
  ],
  [
    "starts IPv4 after waiting 50 ms for IPv6",
    {
      lookups: { IPv6: [FOREVER, []], IPv4: [0.1, [V4]] },
      attempts: { [V4]: [0.1, "connects"] },
    },
    [`0.15 try ${V4}`, "0.25 abort IPv6", "0.25 cancel IPv6", `0.25 won by ${V4}`],
  ],
  [
    "starts IPv6 at once if it arrives within 50 ms after IPv4",
    {
      lookups: { IPv6: [0.12, [V6]], IPv4: [0.1, [V4]] },
      attempts: { [V6]: [0.1, "connects"] },
    },
    [`0.12 try ${V6}`, `0.22 won by ${V6}`],
  ],
  [
    "starts IPv4 at once if the name has no IPv6 address",
    {
      lookups: { IPv6: [0.12, []], IPv4: [0.1, [V4]] },
      attempts: { [V4]: [0.1, "connects"] },
    },
    [`0.12 try ${V4}`, `0.22 won by ${V4}`],
  ],
  [
    "starts IPv4 at once if the lookup of IPv6 fails",
    {
      lookups: { IPv6: [0.12, new Error("broken")], IPv4: [0.1, [V4]] },
      attempts: { [V4]: [0.1, "connects"] },
    },
    [`0.12 try ${V4}`, `0.22 won by ${V4}`],
  ],
  [
    "tries IPv6 next if it arrives during an attempt with IPv4",
    {
      lookups: { IPv6: [0.2, [V6]], IPv4: [0.1, [V4, W4]] },
      attempts: { [V6]: [0.1, "connects"] },
    },
    [`0.15 try ${V4}`, `0.40 try ${V6}`, `0.50 cancel ${V4}`, `0.50 won by ${V6}`],
  ],
  [
    "tries IPv6 at once if it arrives after all of IPv4 has failed",
    {
      lookups: { IPv6: [1, [V6]], IPv4: [0.1, [V4]] },
      attempts: { [V6]: [0.1, "connects"], [V4]: [0.1, "refused"] },
    },
    [`0.15 try ${V4}`, `1.00 try ${V6}`, `1.10 won by ${V6}`],
  ],
  [
    "fails when the last attempt has failed",
    {
      lookups: BOTH,
      attempts: { [V6]: [2, "times out"], [V4]: [1, "refused"] },
    },
    [`0.00 try ${V6}`, `0.25 try ${V4}`, "2.00 lost: ConnectError"],
  ],
  [
    "does not fail while a lookup may still return an address",
    {
      lookups: { IPv6: [5, []], IPv4: [0, [V4]] },
      attempts: { [V4]: [0.1, "refused"] },
    },
    [`0.05 try ${V4}`, "5.00 lost: ConnectionRefusedError"],
  ],
  [
    "gives up a lookup after the timeout",
    {
      lookups: { IPv6: [FOREVER, []], IPv4: [0, [V4]] },
      attempts: { [V4]: [0.1, "refused"] },
    },
    [`0.05 try ${V4}`, "30.00 cancel IPv6", "30.00 abort IPv6", "30.00 lost: ConnectError"],
  ],
  [
    "fails at once for a name without addresses",
    {},
    ["0.00 lost: DNSLookupError"],
  ],
];

for (const [claim, world, events] of RACES) {
  Deno.test(`raceAddresses() ${claim}`, () => assertEquals(race(world), events));
}

Deno.test("raceAddresses() uses the delays and the timeout of its options", () => {
  const world: World = {
    lookups: { IPv6: [FOREVER, []], IPv4: [0, [V4, W4]] },
    attempts: { [V4]: [20, "refused"], [W4]: [20, "refused"] },
  };
  assertEquals(race(world, { attemptDelay: 2, resolutionDelay: 1, timeout: 10 }), [
    `1.00 try ${V4}`,
    `3.00 try ${W4}`,
    "10.00 cancel IPv6",
    "10.00 abort IPv6",
    "23.00 lost: ConnectError",
  ]);
  assertEquals(race(world, { attemptDelay: 0, resolutionDelay: 0, timeout: 1 }).slice(0, 2), [
    `0.00 try ${V4}`,
    `0.00 try ${W4}`,
  ]);
});

for (const host of [V6, V4, "fe80::1%eth0", "１２７．0.0.1"]) {
  Deno.test(`raceAddresses() connects to the IP address ${host} without a lookup`, () => {
    const address = host.startsWith("１") ? "127.0.0.1" : host;
    const stage = new Stage({ attempts: { [address]: [0.5, "connects"] } });
    stage.connect(host);
    stage.advance(1);
    assertEquals(stage.events, [`0.00 try ${address}`, `0.50 won by ${address}`]);
    assertEquals(stage.lookups, []);
  });
}

Deno.test("raceAddresses() looks up the IDNA form of the name in each address family", () => {
  const stage = new Stage({});
  stage.connect("bücher.ch");
  stage.connect("bu\u0308cher.ch", {}, ["IPv6"]);
  assertEquals(stage.lookups, [
    ["xn--bcher-kva.ch", "IPv6", 80],
    ["xn--bcher-kva.ch", "IPv4", 80],
    ["xn--bcher-kva.ch", "IPv6", 80],
  ]);
});

Deno.test("raceAddresses() refuses an invalid name or family without a lookup", () => {
  for (
    const [host, families, message] of [
      [
        "\u2ff0-garbage-\u2ff0",
        ["IPv6", "IPv4"],
        'Cannot use "\u2ff0-garbage-\u2ff0" as a host name: it is neither a valid host name nor an IP address',
      ],
      [
        "192.0.2.4",
        ["IPv6"],
        'Cannot connect to "192.0.2.4": it is not a host name or an IPv6 address',
      ],
    ] as const
  ) {
    const stage = new Stage({});
    stage.connect(host, {}, families);
    const [error] = stage.outcomes;
    assertInstanceOf(error, RangeError);
    assertEquals(error.message, message);
    assertEquals(stage.lookups, []);
  }
});

Deno.test("raceAddresses() throws for options out of range", () => {
  const options = [{ attemptDelay: -1 }, { resolutionDelay: NaN }, { timeout: -1 }];
  for (const each of options) {
    const stage = new Stage({});
    stage.connect("example.org", each);
    const [error] = stage.outcomes;
    assertInstanceOf(error, RangeError);
    assertEquals(error.message.startsWith(Object.keys(each)[0] ?? ""), true);
  }
});

/** Returns the error of a race that fails. */
function reasonOf(world: World, options?: HappyEyeballsOptions): ConnectError {
  const stage = new Stage(world);
  stage.connect("example.org", options);
  stage.advance(100);
  const [error] = stage.outcomes;
  assertInstanceOf(error, ConnectError);
  return error;
}

Deno.test("connectFailure() combines all reasons into one error of their common class", () => {
  const error = reasonOf({
    lookups: BOTH,
    attempts: { [V6]: [0.1, "refused"], [V4]: [0.1, "refused"] },
  });
  assertInstanceOf(error, ConnectionRefusedError);
  assertEquals(
    error.message,
    `Cannot connect to example.org:80: all attempts failed. ${V6} refused. ${V4} refused`,
  );
  assertEquals([error.code, error.syscall, error.address], [
    "ECONNREFUSED",
    "connect",
    "example.org:80",
  ]);
  assertInstanceOf(error.cause, AggregateError);
  assertEquals(error.cause.errors.map((each: Error) => each.message), [
    `${V6} refused`,
    `${V4} refused`,
  ]);
});

Deno.test("connectFailure() is a ConnectError for reasons of several classes, in order", () => {
  const error = reasonOf({
    lookups: BOTH,
    attempts: { [V6]: [2, "times out"], [V4]: [1, "refused"] },
  });
  assertEquals([error.constructor, error.code], [ConnectError, undefined]);
  assertEquals(
    error.message,
    `Cannot connect to example.org:80: all attempts failed. ${V4} refused. ${V6} timed out`,
  );
});

Deno.test("connectFailure() wraps the reason of a single attempt in an error", () => {
  const error = reasonOf({ lookups: { IPv4: [0, [V4]] }, attempts: { [V4]: [0, "refused"] } });
  assertInstanceOf(error, ConnectionRefusedError);
  assertEquals(
    error.message,
    `Cannot connect to example.org:80: all attempts failed. ${V4} refused`,
  );
});

Deno.test("connectFailure() returns a single reason unchanged if it names the same address", () => {
  const reason = new ConnectionRefusedError("refused", { address: `${V4}:80` });
  assertStrictEquals(connectFailure(new HostnameAddress(V4, 80), [reason], []), reason);
});

Deno.test("connectFailure() without reasons reports that the name has no address", () => {
  const error = reasonOf({});
  assertInstanceOf(error, DNSLookupError);
  assertEquals(error.message, "Cannot connect to example.org:80: the name has no address");
  assertEquals([error.code, error.syscall], ["ENOTFOUND", "getaddrinfo"]);
});

Deno.test("connectFailure() contains each lookup's reason once, with the resolver's error as cause", () => {
  const broken = new Error("no resolver answers");
  const known = new DNSLookupError("Cannot look up example.org: try again", { code: "EAI_AGAIN" });
  const both = reasonOf({ lookups: { IPv6: [0, known], IPv4: [0.1, known] } });
  assertInstanceOf(both, DNSLookupError);
  assertEquals(both.code, "EAI_AGAIN");
  assertEquals(
    both.message,
    "Cannot connect to example.org:80: all attempts failed. Cannot look up example.org: try again",
  );
  const one = reasonOf({
    lookups: { IPv6: [0, broken], IPv4: [0, [V4]] },
    attempts: { [V4]: [0, "refused"] },
  });
  assertEquals(
    one.message,
    `Cannot connect to example.org:80: all attempts failed. ${V4} refused. Cannot find the IPv6 addresses of example.org: no resolver answers`,
  );
  assertInstanceOf(one.cause, AggregateError);
  assertStrictEquals(one.cause.errors[1].cause, broken);
});

Deno.test("raceAddresses() fails if the resolver returns an address of the wrong family", () => {
  for (const answer of ["example.net", V4, "", "1.2.3"]) {
    const error = reasonOf({ lookups: { IPv6: [0, [V6, answer]] } });
    assertInstanceOf(error, DNSLookupError);
    assert(
      error.message.endsWith(
        `Cannot use the resolver's answer ${JSON.stringify(answer)}: it is not an IPv6 address`,
      ),
      error.message,
    );
  }
});

Deno.test("raceAddresses() fails with the exception or rejection of the resolver", async () => {
  const clock = new Clock();
  const resolvers = [
    () => {
      throw new Error("boom");
    },
    () => Promise.reject(new Error("boom")),
  ];
  for (const resolveHostName of resolvers) {
    const options = {
      clock,
      resolver: { resolveHostName },
      families: ["IPv4"] as const,
      attempt: () => succeed(""),
    };
    const error = await raceAddresses("example.org", 80, options).then(() => null, (e) => e);
    assertInstanceOf(error, DNSLookupError);
    assertEquals(
      error.message,
      "Cannot connect to example.org:80: all attempts failed. Cannot find the IPv4 addresses of example.org: boom",
    );
    assertEquals(clock.getDelayedCalls(), []);
  }
});

Deno.test("raceAddresses() accepts a promise from the resolver", async () => {
  const options = {
    clock: new Clock(),
    resolver: { resolveHostName: () => Promise.resolve([V4]) },
    families: ["IPv4"] as const,
    attempt: (address: string) => succeed(address),
  };
  assertEquals(await raceAddresses("example.org", 80, options), V4);
});

Deno.test("raceAddresses() stops looking up when an attempt connects at once", () => {
  const lookups: IPFamily[] = [];
  const options = {
    clock: new Clock(),
    resolver: {
      resolveHostName: (_: string, { family }: ResolveHostNameOptions) => {
        lookups.push(family);
        return succeed([V6]);
      },
    },
    families: ["IPv6", "IPv4"] as const,
    attempt: (address: string) => succeed(address),
  };
  const won: string[] = [];
  raceAddresses("example.org", 80, options).addCallback((address) => void won.push(address));
  assertEquals([won, lookups, options.clock.getDelayedCalls()], [[V6], ["IPv6"], []]);
});

Deno.test("raceAddresses() stops at an error that is not a ConnectError", () => {
  const error = new TypeError("no such option");
  const tried: string[] = [];
  const options = {
    clock: new Clock(),
    resolver: { resolveHostName: () => succeed([V4, W4]) },
    families: ["IPv4"] as const,
    attempt: (address: string) => {
      tried.push(address);
      return fail(error);
    },
  };
  const errors: Error[] = [];
  raceAddresses("example.org", 80, options).addErrback((e) => void errors.push(e));
  assertEquals([errors, tried], [[error], [V4]]);
});

Deno.test("raceAddresses() cancels the other attempts when one calls won() and then fails", () => {
  const clock = new Clock();
  const attempts: { address: string; won: () => void; deferred: Deferred<string> }[] = [];
  const cancelled: string[] = [];
  const options = {
    clock,
    resolver: { resolveHostName: () => succeed([V4, W4, "192.0.2.5"]) },
    families: ["IPv4"] as const,
    attempt: (address: string, won: () => void) => {
      const deferred = new Deferred<string>(() => void cancelled.push(address));
      attempts.push({ address, won, deferred });
      return deferred;
    },
  };
  const errors: Error[] = [];
  raceAddresses("example.org", 80, options).addErrback((e) => void errors.push(e));
  clock.advance(0.3);
  const [first, second] = attempts;
  assert(first !== undefined && second !== undefined);
  first.won();
  assertEquals([cancelled, clock.getDelayedCalls()], [[W4], []]);
  second.won(); // has no effect any more
  assertEquals(errors, []);
  const error = refused(V4);
  first.deferred.errback(error);
  assertEquals([errors, attempts.length], [[error], 2]);
});

// --- Cancelling ------------------------------------------------------------------------------

const STAGES: [when: string, seconds: number, events: string[]][] = [
  ["both lookups", 0.05, [
    "0.05 abort IPv6",
    "0.05 cancel IPv6",
    "0.05 abort IPv4",
    "0.05 cancel IPv4",
  ]],
  ["the wait for IPv6", 0.12, ["0.12 abort IPv6", "0.12 cancel IPv6"]],
  ["the first attempt", 0.2, [
    `0.15 try ${V4}`,
    "0.20 abort IPv6",
    "0.20 cancel IPv6",
    `0.20 cancel ${V4}`,
  ]],
  ["the wait after a failure", 0.3, [`0.15 try ${V4}`, "0.30 abort IPv6", "0.30 cancel IPv6"]],
  ["the last attempt", 0.5, [`0.15 try ${V4}`, `0.40 try ${V6}`, `0.50 cancel ${V6}`]],
];

for (const [when, seconds, events] of STAGES) {
  for (const how of ["cancel()", "an AbortSignal"]) {
    Deno.test(`raceAddresses() with ${how} during ${when} leaves no attempt and no timer`, () => {
      using _errors = new LoggedErrors();
      const stage = new Stage({
        lookups: { IPv6: [0.4, [V6]], IPv4: [0.1, [V4]] },
        attempts: { [V4]: [0.1, "refused"], [V6]: [0.3, "connects"] },
      });
      const connecting = stage.connect();
      const aborting = new AbortController();
      if (how !== "cancel()") connecting.addSignal(aborting.signal);
      stage.advance(seconds);
      if (how === "cancel()") connecting.cancel();
      else aborting.abort();
      const [error] = stage.outcomes;
      assertInstanceOf(error, ConnectingCancelledError);
      assertEquals(error.message, "Connecting to example.org:80 was cancelled");
      assertEquals(stage.clock.getDelayedCalls(), []);
      const lost = `${seconds.toFixed(2)} lost: ConnectingCancelledError`;
      assertEquals(stage.events, [...events, lost]);
      stage.advance(10);
      assertEquals(stage.events.length, events.length + 1);
    });
  }
}

Deno.test("raceAddresses() cancelled within an attempt cancels that attempt", () => {
  const clock = new Clock();
  const cancelled: string[] = [];
  const errors: Error[] = [];
  const options = {
    clock,
    resolver: {
      resolveHostName: () => {
        const answer = new Deferred<string[]>();
        clock.callLater(1, () => answer.callback([V4, W4]));
        return answer;
      },
    },
    families: ["IPv4"] as const,
    attempt: (address: string) => {
      connecting.cancel();
      return new Deferred<string>(() => void cancelled.push(address));
    },
  };
  const connecting = raceAddresses("example.org", 80, options);
  connecting.addErrback((e) => void errors.push(e));
  clock.advance(1);
  assertEquals([cancelled, errors.map(({ name }) => name)], [[V4], ["ConnectingCancelledError"]]);
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("raceAddresses() has one outcome and at most one winner on any simulated network", () => {
  const delay = fc.integer({ min: 0, max: 60 }).map((hundredths) => hundredths / 100);
  const attempts = fc.tuple(delay, fc.constantFrom("connects", "refused", "times out"));
  const addresses = (prefix: string) =>
    fc.integer({ min: 0, max: 4 }).map((n) => Array.from({ length: n }, (_, i) => `${prefix}${i}`));
  const lookup = (prefix: string) =>
    fc.tuple(delay, fc.oneof(addresses(prefix), fc.constant(new Error("broken"))));
  const worlds = fc.record({
    IPv6: lookup("2001:db8::"),
    IPv4: lookup("192.0.2."),
    outcomes: fc.array(attempts, { minLength: 10, maxLength: 10 }),
    cancelled: fc.option(delay),
  });
  fc.assert(
    fc.property(worlds, ({ IPv6, IPv4, outcomes, cancelled }) => {
      using _errors = new LoggedErrors();
      const all = [IPv6, IPv4].flatMap(([, found]) => found instanceof Error ? [] : found);
      const stage = new Stage({
        // A lookup takes some time, so that it can be cancelled.
        lookups: { IPv6: [IPv6[0] + 0.01, IPv6[1]], IPv4: [IPv4[0] + 0.01, IPv4[1]] },
        attempts: Object.fromEntries(
          all.map((address, i): [string, Attempted] => [address, outcomes[i] ?? [0, "refused"]]),
        ),
      });
      const connecting = stage.connect();
      if (cancelled !== null) stage.clock.callLater(cancelled, () => connecting.cancel());
      stage.advance(10);
      assertEquals(stage.clock.getDelayedCalls(), []);
      assertEquals(stage.outcomes.length, 1);
      const tried = stage.events.filter((event) => event.includes(" try "));
      assertEquals(new Set(tried.map((event) => event.split(" ")[2])).size, tried.length);
      // A race that is not cancelled fails only if every address was tried and none connects.
      if (cancelled === null && stage.outcomes[0] instanceof Error) {
        assertEquals(tried.length, all.length);
        assert(all.every((_, i) => outcomes[i]?.[1] !== "connects"));
      }
    }),
    { numRuns: 300 },
  );
});
