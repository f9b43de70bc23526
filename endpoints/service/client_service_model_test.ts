/**
 * A ClientService under random calls, both from outside and within every hook that the service
 * calls, on an endpoint with random results. These claims must hold:
 *
 * - There is never more than one attempt or connection.
 * - A running service always has an attempt, a connection, or a timed call.
 * - `whenConnected()` fires at once if and only if there is a connection that is prepared and not
 *   being closed, and then with its protocol.
 * - A stop completes when nothing is left, and not before. Then no Deferred waits for a connection.
 * - Every Deferred fires exactly once. In the end no connection, no attempt and no timed call is
 *   left.
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { Deferred } from "../../defer/mod.ts";
import { Factory, Protocol } from "../../protocol/mod.ts";
import { Clock } from "../../task/mod.ts";
import { LoggedErrors, type ManualAttempt, ManualEndpoint } from "../../testing/mod.ts";
import { ClientService } from "./mod.ts";

/** The possible actions, with their frequencies. */
const weights = {
  start: 3,
  stop: 1,
  wait: 1,
  "wait for one": 1,
  "wait for two": 1,
  cancel: 1,
  build: 1,
  succeed: 6,
  fail: 1,
  lose: 2,
  prepared: 4,
  rejected: 1,
};

type Action = keyof typeof weights;

// Object.keys() of this literal returns exactly the keys of its type.
const actions = Object.entries(weights) as [Action, number][];

/** An action, at once or within the next hook that the service calls; or time passes. */
type Move = { action: Action; within: boolean } | { seconds: number };

interface World {
  connecting: "waits" | "succeeds" | "fails" | "throws";
  cancelled: "fails" | "succeeds" | "by itself";
  preparing: "no" | "waits" | "throws";
  losesAtOnce: boolean;
  attemptTimeout: number;
  stableAfter: number;
}

const world: fc.Arbitrary<World> = fc.record({
  connecting: fc.constantFrom("waits", "waits", "waits", "waits", "succeeds", "fails", "throws"),
  cancelled: fc.constantFrom("by itself", "fails", "succeeds"),
  preparing: fc.constantFrom("no", "no", "waits", "waits", "waits", "throws"),
  losesAtOnce: fc.boolean(),
  attemptTimeout: fc.constantFrom(Infinity, 3),
  stableAfter: fc.constantFrom(0, 3),
});

const action: fc.Arbitrary<Action> = fc.oneof(
  ...actions.map(([action, weight]) => ({ weight, arbitrary: fc.constant(action) })),
);

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ action, within: fc.constantFrom(true, false, false) }) },
  { weight: 1, arbitrary: fc.record({ seconds: fc.integer({ min: 1, max: 8 }) }) },
);

/** The endpoint: one connection for each attempt. */
function succeed(dial: ManualAttempt): void {
  if (dial.isPending && !dial.isOpen) dial.succeed();
}

function fail(dial: ManualAttempt): void {
  if (dial.isPending) dial.fail();
}

/** The service, and the hooks that it calls. */
class Play {
  readonly clock = new Clock();
  readonly endpoint: ManualEndpoint;
  readonly service: ClientService<Protocol>;
  readonly plans: Action[] = [];
  readonly prepared = new Set<unknown>();
  readonly waits: Deferred<unknown>[] = [];
  /** How often each Deferred of the service has fired. */
  readonly fired: number[] = [];
  stopsLeft = 0;
  #preparation: Deferred<void> | null = null;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    const play = (): void => this.#playPlan();
    class Recording extends Protocol {
      override connectionMade(): void {
        play();
      }
      override connectionLost(): void {
        play();
      }
    }
    this.endpoint = new ManualEndpoint({
      losesAtOnce: world.losesAtOnce,
      connecting: (dial) => {
        play();
        if (world.connecting === "succeeds") succeed(dial);
        if (world.connecting === "fails") fail(dial);
        if (world.connecting !== "throws") return;
        throw new Error("planned");
      },
      cancelled: (dial) => {
        if (world.cancelled === "succeeds") succeed(dial);
        if (world.cancelled === "fails") fail(dial);
      },
    });
    this.service = new ClientService(this.endpoint, Factory.forProtocol(Recording), {
      clock: this.clock,
      attemptTimeout: world.attemptTimeout,
      stableAfter: world.stableAfter,
      retryPolicy: (failures) => {
        assert(failures >= 1);
        play();
        return 1;
      },
      prepareConnection: (protocol) => this.#prepare(protocol),
    });
  }

  do(action: Action): void {
    const dial = this.endpoint.attempts.at(-1);
    if (action === "start") this.service.startService();
    if (action === "stop") this.#stop();
    if (action === "wait") this.#wait(Infinity);
    if (action === "wait for one") this.#wait(1);
    if (action === "wait for two") this.#wait(2);
    if (action === "cancel") this.waits.at(-1)?.cancel();
    if (action === "build") dial?.build();
    if (action === "succeed" && dial !== undefined) succeed(dial);
    if (action === "fail" && dial !== undefined) fail(dial);
    if (action === "lose") dial?.lose();
    if (action === "prepared" && !this.#preparation?.called) this.#preparation?.callback();
    if (action === "rejected" && !this.#preparation?.called) {
      this.#preparation?.errback(new Error("planned"));
    }
  }

  check(): void {
    const under = this.endpoint.attempts.filter((dial) => dial.isPending || dial.isOpen);
    assert(under.length <= 1, `${under.length} attempts at a time`);
    const timers = this.clock.getDelayedCalls().length;
    if (this.service.running) {
      assert(under.length + timers > 0, "no attempt, connection or timed call is left");
    } else if (under.length === 0) {
      assertEquals(timers, 0);
      assertEquals(this.stopsLeft, 0, "a stop is not over, and nothing is left");
    }
    const [dial] = under;
    const current = dial?.isOpen && !dial.disconnecting ? dial.protocol : null;
    this.#checkWhenConnected(current);
  }

  /** Ends everything, and checks that nothing is left. */
  finish(): void {
    this.plans.length = 0;
    this.do("stop");
    for (const dial of this.endpoint.attempts) dial.lose();
    this.check();
    assertEquals(this.stopsLeft, 0);
    assertEquals(this.clock.getDelayedCalls(), []);
    assertEquals(this.endpoint.attempts.filter((dial) => dial.isPending || dial.isOpen), []);
    assertEquals(this.fired, this.fired.map(() => 1));
  }

  #checkWhenConnected(wrapper: unknown): void {
    let got: unknown = null;
    const probe = this.service.whenConnected();
    probe.addCallbacks((protocol) => void (got = protocol), () => {});
    probe.cancel();
    // The endpoint has the wrapper of the protocol.
    const { protocol } = (wrapper ?? { protocol: null }) as { protocol: unknown };
    const expected = this.prepared.has(protocol) ? protocol : null;
    assertStrictEquals(got, expected);
  }

  #prepare(protocol: Protocol): Deferred<void> | void {
    this.#playPlan();
    if (this.#world.preparing === "throws") throw new Error("planned");
    if (this.#world.preparing === "no") return void this.prepared.add(protocol);
    const preparation = new Deferred<void>();
    this.#preparation = preparation;
    return preparation.addCallback(() => void this.prepared.add(protocol));
  }

  #wait(failures: number): void {
    const wait = this.service.whenConnected(failures);
    this.waits.push(wait);
    this.#watch(wait);
  }

  #stop(): void {
    this.stopsLeft++;
    this.#watch(
      this.service.stopService().addCallback(() => {
        this.stopsLeft--;
      }),
    );
  }

  #watch(deferred: Deferred<unknown>): void {
    const index = this.fired.push(0) - 1;
    deferred.addBoth(() => {
      this.fired[index] = (this.fired[index] ?? 0) + 1;
      this.#playPlan();
    });
  }

  #playPlan(): void {
    const action = this.plans.shift();
    if (action !== undefined) this.do(action);
  }
}

Deno.test("ClientService behaves as a simple model for any sequence of events", () => {
  const seen = { connections: 0, attempts: 0 };
  const moves = fc.array(move, { minLength: 10, maxLength: 80, size: "max" });
  const property = fc.property(world, moves, (world, moves) => {
    using _errors = new LoggedErrors();
    const play = new Play(world);
    for (const each of moves) {
      if ("seconds" in each) play.clock.advance(each.seconds);
      else if (each.within) play.plans.push(each.action);
      else play.do(each.action);
      play.check();
    }
    play.finish();
    seen.connections += play.prepared.size;
    seen.attempts += play.endpoint.attempts.length;
  });
  fc.assert(property, { seed: 20100819, numRuns: 3000 });
  assert(seen.connections > 1000 && seen.attempts > 6000, JSON.stringify(seen));
});
