/**
 * The race in virtual time: rows of addresses, delays and outcomes, and the second at which it is
 * decided, as trio's `test_highlevel_open_tcp_stream.py` has them.
 *
 * Of Twisted's `internet/test/test_endpoints.py`, what is about the race and not about endpoints:
 * `HostnameEndpointsFasterConnectionTests` (`test_ignoreUnknownAddressTypes` is decided otherwise:
 * a resolver that answers something else is told of), `HostnameEndpointsGAIFailureTests`,
 * `HostnameEndpointIDNATests` (with `hostname_test.ts`), and the cases of cancelling and failing of
 * `HostnameEndpointsOneIPv4Tests` and `HostnameEndpointsOneIPv6Tests`. What is about connections is
 * in `endpoints/hostname_endpoint_test.ts`.
 */

import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { Deferred, fail, succeed } from "../../defer/mod.ts";
import { Clock } from "../../task/mod.ts";
import { HostnameAddress } from "../addresses.ts";
import { LoggedErrors } from "../../testing/fixtures/logged_errors.ts";
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

/** After how many seconds an attempt ends, and how. */
type Attempted = [delay: number, outcome: "connects" | "refused" | "times out"];

/** After how many seconds a lookup ends, and with which addresses or error. */
type LookedUp = [delay: number, outcome: string[] | Error];

interface World {
  lookups?: Partial<Record<IPFamily, LookedUp>>;
  attempts?: Record<string, Attempted>;
}

/** A host in virtual time, and what happens when somebody connects to it. */
class Stage {
  readonly clock = new Clock();
  /** `0.25 try 192.0.2.1` */
  readonly events: string[] = [];
  readonly asked: [name: string, family: IPFamily, port: number][] = [];
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
    const course = {
      clock: this.clock,
      resolver: { resolveHostName: this.#resolve.bind(this) },
      families,
      attempt: (address: string) => this.#attempt(address),
    };
    return raceAddresses(host, 80, course, options).addCallbacks(
      (address) => this.#decide(address, `won by ${address}`),
      (error) => this.#decide(error, `lost: ${error.name}`),
    );
  }

  /** Lets time pass in steps that are finer than any delay here. */
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
    this.asked.push([name, family, port]);
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

/** All that is to be seen of a race, when nothing is left of it. */
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
    "IPv6 goes first, and wins when it answers in time",
    { lookups: BOTH, attempts: { [V6]: [0.2, "connects"], [V4]: [0.01, "connects"] } },
    [`0.00 try ${V6}`, `0.20 won by ${V6}`],
  ],
  [
    "the next attempt begins after 250 ms, beside the first, which is cancelled when it loses",
    { lookups: BOTH, attempts: { [V4]: [0.1, "connects"] } },
    [`0.00 try ${V6}`, `0.25 try ${V4}`, `0.35 cancel ${V6}`, `0.35 won by ${V4}`],
  ],
  [
    "a slow first attempt may still win",
    { lookups: BOTH, attempts: { [V6]: [0.3, "connects"], [V4]: [0.1, "connects"] } },
    [`0.00 try ${V6}`, `0.25 try ${V4}`, `0.30 cancel ${V4}`, `0.30 won by ${V6}`],
  ],
  [
    "an attempt that fails has the next one begin at once",
    { lookups: BOTH, attempts: { [V6]: [0.02, "refused"], [V4]: [0.1, "connects"] } },
    [`0.00 try ${V6}`, `0.02 try ${V4}`, `0.12 won by ${V4}`],
  ],
  [
    "only the latest attempt's failure hastens the next one",
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
    "the families take turns, each in the resolver's order",
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
    "an address that the resolver names twice is tried once",
    {
      lookups: { IPv4: [0, [V4, V4, W4]] },
      attempts: { [V4]: [0, "refused"], [W4]: [0, "connects"] },
    },
    [`0.00 try ${V4}`, `0.00 try ${W4}`, `0.00 won by ${W4}`],
  ],
  [
    "IPv6 that is there first starts the race; a lookup that is not needed any more is cancelled",
    {
      lookups: { IPv6: [0.1, [V6]], IPv4: [FOREVER, []] },
      attempts: { [V6]: [0.1, "connects"] },
    },
    [`0.10 try ${V6}`, "0.20 abort IPv4", "0.20 cancel IPv4", `0.20 won by ${V6}`],
  ],
  [
    "IPv4 that is there first waits 50 ms for IPv6, and goes ahead without it",
    {
      lookups: { IPv6: [FOREVER, []], IPv4: [0.1, [V4]] },
      attempts: { [V4]: [0.1, "connects"] },
    },
    [`0.15 try ${V4}`, "0.25 abort IPv6", "0.25 cancel IPv6", `0.25 won by ${V4}`],
  ],
  [
    "IPv6 that comes within these 50 ms goes first, at once",
    {
      lookups: { IPv6: [0.12, [V6]], IPv4: [0.1, [V4]] },
      attempts: { [V6]: [0.1, "connects"] },
    },
    [`0.12 try ${V6}`, `0.22 won by ${V6}`],
  ],
  [
    "IPv4 waits no longer when the name turns out to have no IPv6 address",
    {
      lookups: { IPv6: [0.12, []], IPv4: [0.1, [V4]] },
      attempts: { [V4]: [0.1, "connects"] },
    },
    [`0.12 try ${V4}`, `0.22 won by ${V4}`],
  ],
  [
    "IPv4 waits no longer when the IPv6 addresses could not be looked up",
    {
      lookups: { IPv6: [0.12, new Error("broken")], IPv4: [0.1, [V4]] },
      attempts: { [V4]: [0.1, "connects"] },
    },
    [`0.12 try ${V4}`, `0.22 won by ${V4}`],
  ],
  [
    "IPv6 that comes when IPv4 is being tried is next, when the attempt before has had its time",
    {
      lookups: { IPv6: [0.2, [V6]], IPv4: [0.1, [V4, W4]] },
      attempts: { [V6]: [0.1, "connects"] },
    },
    [`0.15 try ${V4}`, `0.40 try ${V6}`, `0.50 cancel ${V4}`, `0.50 won by ${V6}`],
  ],
  [
    "IPv6 that comes when all of IPv4 has failed is tried at once",
    {
      lookups: { IPv6: [1, [V6]], IPv4: [0.1, [V4]] },
      attempts: { [V6]: [0.1, "connects"], [V4]: [0.1, "refused"] },
    },
    [`0.15 try ${V4}`, `1.00 try ${V6}`, `1.10 won by ${V6}`],
  ],
  [
    "it is lost when the last attempt has failed",
    {
      lookups: BOTH,
      attempts: { [V6]: [2, "times out"], [V4]: [1, "refused"] },
    },
    [`0.00 try ${V6}`, `0.25 try ${V4}`, "2.00 lost: ConnectError"],
  ],
  [
    "it is not lost while a lookup may still bring an address",
    {
      lookups: { IPv6: [5, []], IPv4: [0, [V4]] },
      attempts: { [V4]: [0.1, "refused"] },
    },
    [`0.05 try ${V4}`, "5.00 lost: ConnectionRefusedError"],
  ],
  [
    "a lookup that does not end is given up after the timeout",
    {
      lookups: { IPv6: [FOREVER, []], IPv4: [0, [V4]] },
      attempts: { [V4]: [0.1, "refused"] },
    },
    [`0.05 try ${V4}`, "30.00 cancel IPv6", "30.00 abort IPv6", "30.00 lost: ConnectError"],
  ],
  [
    "a name without an address is lost at once",
    {},
    ["0.00 lost: DNSLookupError"],
  ],
];

for (const [claim, world, events] of RACES) {
  Deno.test(`Happy Eyeballs: ${claim}`, () => assertEquals(race(world), events));
}

Deno.test("Happy Eyeballs: the delays and the timeout can be chosen", () => {
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
  Deno.test(`Happy Eyeballs: an address needs no lookup: ${host}`, () => {
    const address = host.startsWith("１") ? "127.0.0.1" : host;
    const stage = new Stage({ attempts: { [address]: [0.5, "connects"] } });
    stage.connect(host);
    stage.advance(1);
    assertEquals(stage.events, [`0.00 try ${address}`, `0.50 won by ${address}`]);
    assertEquals(stage.asked, []);
  });
}

Deno.test("Happy Eyeballs: the resolver is asked for each family wanted, by the name's IDNA form", () => {
  const stage = new Stage({});
  stage.connect("bücher.ch");
  stage.connect("bu\u0308cher.ch", {}, ["IPv6"]);
  assertEquals(stage.asked, [
    ["xn--bcher-kva.ch", "IPv6", 80],
    ["xn--bcher-kva.ch", "IPv4", 80],
    ["xn--bcher-kva.ch", "IPv6", 80],
  ]);
});

Deno.test("Happy Eyeballs: what is no name, or no address of the family wanted, fails without a question", () => {
  for (
    const [host, families, message] of [
      [
        "\u2ff0-garbage-\u2ff0",
        ["IPv6", "IPv4"],
        'Cannot use "\u2ff0-garbage-\u2ff0" as a host name: not a name or an address',
      ],
      ["192.0.2.4", ["IPv6"], 'Cannot connect to "192.0.2.4": not a host name or an IPv6 address'],
    ] as const
  ) {
    const stage = new Stage({});
    stage.connect(host, {}, families);
    const [error] = stage.outcomes;
    assertInstanceOf(error, RangeError);
    assertEquals(error.message, message);
    assertEquals(stage.asked, []);
  }
});

Deno.test("Happy Eyeballs: options out of range fail", () => {
  const options = [{ attemptDelay: -1 }, { resolutionDelay: NaN }, { timeout: -1 }];
  for (const each of options) {
    const stage = new Stage({});
    stage.connect("example.org", each);
    const [error] = stage.outcomes;
    assertInstanceOf(error, RangeError);
    assertEquals(error.message.startsWith(Object.keys(each)[0] ?? ""), true);
  }
});

/** Why it was lost. */
function reasonOf(world: World, options?: HappyEyeballsOptions): ConnectError {
  const stage = new Stage(world);
  stage.connect("example.org", options);
  stage.advance(100);
  const [error] = stage.outcomes;
  assertInstanceOf(error, ConnectError);
  return error;
}

Deno.test("The reason has every attempt's, and is of their kind where they have one", () => {
  const error = reasonOf({
    lookups: BOTH,
    attempts: { [V6]: [0.1, "refused"], [V4]: [0.1, "refused"] },
  });
  assertInstanceOf(error, ConnectionRefusedError);
  assertEquals(
    error.message,
    `Cannot connect to example.org:80. ${V6} refused. ${V4} refused`,
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

Deno.test("Reasons of several kinds make a ConnectError, in the order in which they came", () => {
  const error = reasonOf({
    lookups: BOTH,
    attempts: { [V6]: [2, "times out"], [V4]: [1, "refused"] },
  });
  assertEquals([error.constructor, error.code], [ConnectError, undefined]);
  assertEquals(
    error.message,
    `Cannot connect to example.org:80. ${V4} refused. ${V6} timed out`,
  );
});

Deno.test("One attempt's reason is told in the same way", () => {
  const error = reasonOf({ lookups: { IPv4: [0, [V4]] }, attempts: { [V4]: [0, "refused"] } });
  assertInstanceOf(error, ConnectionRefusedError);
  assertEquals(error.message, `Cannot connect to example.org:80. ${V4} refused`);
});

Deno.test("One attempt at what was asked for is the reason itself: an address is not told of twice", () => {
  const reason = new ConnectionRefusedError("refused", { address: `${V4}:80` });
  assertStrictEquals(connectFailure(new HostnameAddress(V4, 80), [reason], []), reason);
});

Deno.test("A name without an address says so", () => {
  const error = reasonOf({});
  assertInstanceOf(error, DNSLookupError);
  assertEquals(error.message, "Cannot connect to example.org:80: the name has no address");
  assertEquals([error.code, error.syscall], ["ENOTFOUND", "getaddrinfo"]);
});

Deno.test("Lookups that fail are told of, each reason once, with what the resolver threw as the cause", () => {
  const broken = new Error("no resolver answers");
  const known = new DNSLookupError("Cannot look up example.org: try again", { code: "EAI_AGAIN" });
  const both = reasonOf({ lookups: { IPv6: [0, known], IPv4: [0.1, known] } });
  assertInstanceOf(both, DNSLookupError);
  assertEquals(both.code, "EAI_AGAIN");
  assertEquals(
    both.message,
    "Cannot connect to example.org:80. Cannot look up example.org: try again",
  );
  const one = reasonOf({
    lookups: { IPv6: [0, broken], IPv4: [0, [V4]] },
    attempts: { [V4]: [0, "refused"] },
  });
  assertEquals(
    one.message,
    `Cannot connect to example.org:80. ${V4} refused. Cannot find the IPv6 addresses of example.org: no resolver answers`,
  );
  assertInstanceOf(one.cause, AggregateError);
  assertStrictEquals(one.cause.errors[1].cause, broken);
});

Deno.test("A resolver that answers something else than addresses of the family is told of", () => {
  for (const answer of ["example.net", V4, "", "1.2.3"]) {
    const error = reasonOf({ lookups: { IPv6: [0, [V6, answer]] } });
    assertInstanceOf(error, DNSLookupError);
    assert(
      error.message.endsWith(
        `The resolver's answer ${JSON.stringify(answer)} is not an IPv6 address`,
      ),
      error.message,
    );
  }
});

Deno.test("A resolver that throws, or whose promise is rejected, has its failure told, too", async () => {
  const clock = new Clock();
  const resolvers = [
    () => {
      throw new Error("boom");
    },
    () => Promise.reject(new Error("boom")),
  ];
  for (const resolveHostName of resolvers) {
    const course = {
      clock,
      resolver: { resolveHostName },
      families: ["IPv4"] as const,
      attempt: () => succeed(""),
    };
    const error = await raceAddresses("example.org", 80, course).then(() => null, (e) => e);
    assertInstanceOf(error, DNSLookupError);
    assertEquals(
      error.message,
      "Cannot connect to example.org:80. Cannot find the IPv4 addresses of example.org: boom",
    );
    assertEquals(clock.getDelayedCalls(), []);
  }
});

Deno.test("A resolver can answer by a promise", async () => {
  const course = {
    clock: new Clock(),
    resolver: { resolveHostName: () => Promise.resolve([V4]) },
    families: ["IPv4"] as const,
    attempt: (address: string) => succeed(address),
  };
  assertEquals(await raceAddresses("example.org", 80, course), V4);
});

Deno.test("What is connected to at once is not looked up any further", () => {
  const asked: IPFamily[] = [];
  const course = {
    clock: new Clock(),
    resolver: {
      resolveHostName: (_: string, { family }: ResolveHostNameOptions) => {
        asked.push(family);
        return succeed([V6]);
      },
    },
    families: ["IPv6", "IPv4"] as const,
    attempt: (address: string) => succeed(address),
  };
  const won: string[] = [];
  raceAddresses("example.org", 80, course).addCallback((address) => void won.push(address));
  assertEquals([won, asked, course.clock.getDelayedCalls()], [[V6], ["IPv6"], []]);
});

Deno.test("What is no ConnectError ends the race: it would be wrong at any address", () => {
  const error = new TypeError("no such option");
  const tried: string[] = [];
  const course = {
    clock: new Clock(),
    resolver: { resolveHostName: () => succeed([V4, W4]) },
    families: ["IPv4"] as const,
    attempt: (address: string) => {
      tried.push(address);
      return fail(error);
    },
  };
  const errors: Error[] = [];
  raceAddresses("example.org", 80, course).addErrback((e) => void errors.push(e));
  assertEquals([errors, tried], [[error], [V4]]);
});

Deno.test("An attempt that has won early has the others cancelled, and its failure is the race's", () => {
  const clock = new Clock();
  const attempts: { address: string; won: () => void; deferred: Deferred<string> }[] = [];
  const cancelled: string[] = [];
  const course = {
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
  raceAddresses("example.org", 80, course).addErrback((e) => void errors.push(e));
  clock.advance(0.3);
  const [first, second] = attempts;
  assert(first !== undefined && second !== undefined);
  first.won();
  assertEquals([cancelled, clock.getDelayedCalls()], [[W4], []]);
  second.won(); // too late
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
    Deno.test(`Happy Eyeballs: ${how} during ${when} leaves nothing`, () => {
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

Deno.test("Happy Eyeballs: cancelled from within an attempt, the attempt is cancelled, too", () => {
  const clock = new Clock();
  const cancelled: string[] = [];
  const errors: Error[] = [];
  const course = {
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
  const connecting = raceAddresses("example.org", 80, course);
  connecting.addErrback((e) => void errors.push(e));
  clock.advance(1);
  assertEquals([cancelled, errors.map(({ name }) => name)], [[V4], ["ConnectingCancelledError"]]);
  assertEquals(clock.getDelayedCalls(), []);
});

Deno.test("Happy Eyeballs, whatever the network does: one outcome, no more than one winner, nothing left", () => {
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
        // A lookup ends later than it begins, so that it can be cancelled.
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
      // Unless it was cancelled, it is only lost when all were tried and none connects.
      if (cancelled === null && stage.outcomes[0] instanceof Error) {
        assertEquals(tried.length, all.length);
        assert(all.every((_, i) => outcomes[i]?.[1] !== "connects"));
      }
    }),
    { numRuns: 300 },
  );
});
