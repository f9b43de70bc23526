/**
 * Simulated networks: time, properties, faults, options, shutting down.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Deferred } from "../../defer/mod.ts";
import { Factory, Protocol } from "../../protocol/mod.ts";
import { hostileValues } from "../fixtures/hostile_values.ts";
import { internalsOf, SimulatedNetwork } from "./simulated_network.ts";

Deno.test("SimulatedNetwork throws for an invalid option, with its name and value", () => {
  const wrong: [options: unknown, message: string][] = [
    [{ seed: NaN }, "seed must be a number or a string, got NaN"],
    [{ seed: {} }, "seed must be a number or a string, got an object of class Object"],
    [{ latency: -1 }, "latency must be zero or more seconds, got -1"],
    [{ latency: [1] }, "latency must be a number of seconds, got undefined"],
    [{ latency: [2, 1] }, "latency must be seconds up to 3600, or [least, most], got"],
    [{ latency: "1" }, 'latency must be a number of seconds, got "1"'],
    [{ faults: { loss: 2 } }, "Cannot set the rate of loss to 2"],
    [{ faults: { lost: 1 } }, 'Cannot set the rate of "lost"'],
    [
      { script: "crash a 1 s to 2 s" },
      'script must be an array of fault lines, got "crash a 1 s to 2 s"',
    ],
    [{ script: [7] }, "a fault must be a string, got 7"],
    [{ script: ["crash"] }, 'Cannot read the fault "crash": it must begin with one of'],
    [{ trace: 1 }, "trace must be a boolean, got 1"],
    [{ taskModules: null }, "taskModules must be an object, got null"],
    [{ parameters: 7 }, "parameters must be an object, got 7"],
    [{ parameters: { hosts: 1.5 } }, "parameters.hosts must be an integer from"],
    [{ parameters: { hosts: "3" } }, 'parameters.hosts must be a number, got "3"'],
  ];
  for (const [options, message] of wrong) {
    // The type forbids these options, which a program without types may pass.
    const error = assertThrows(() => new SimulatedNetwork(options as { seed: number }), Error);
    assertStringIncludes(error.message, message);
  }
});

Deno.test("SimulatedNetwork methods throw for an invalid argument, with its name and value", () => {
  const network = new SimulatedNetwork();
  network.addHost("a");
  network.addHost("b");
  // The types forbid some of these arguments, which a program without types may pass.
  const no = undefined as unknown as () => boolean;
  const wrong: [call: () => unknown, message: string][] = [
    [() => network.sleep(-1), "callLater() delay must be zero or more seconds, got -1"],
    [() => network.sleep(Infinity), "callLater() delay must be a finite number of seconds"],
    [() => network.callLater(NaN, no), "callLater() delay must be a finite number of seconds"],
    [() => network.callLater(0, no), "callLater() callable must be a function, got undefined"],
    [() => network.always("x", no), "always() condition must be a function, got undefined"],
    [() => network.eventually(1, "x", no), "eventually() condition must be a function"],
    [() => network.eventually(Infinity, "x", () => true), "eventually() within must be a finite"],
    [() => network.allowErrors(no), "allowErrors() predicate must be a function"],
    [() => network.setLink("a", "b", { latency: -1 }), "setLink() latency must be zero or more"],
    [() => network.setLink("a", "b", { jitter: -1 }), "setLink() jitter must be zero or more"],
    [() => network.setLink("a", "b", { bandwidth: 0 }), "setLink() bandwidth must be more than 0"],
    [() => network.setName("x", ["nowhere"]), "setName() addresses must contain only IP addresses"],
    [() => network.setFaults({ loss: -1 }), "Cannot set the rate of loss to -1"],
    [() => network.parameter("x", 0.5), 'parameter("x") value must be an integer'],
    [
      () => network.partition("a" as unknown as string[], ["b"]),
      "A partition needs arrays of host",
    ],
    [() => network.advance(-1), "advance() seconds must be zero or more seconds, got -1"],
    [
      () => network.addHost("c", 5 as unknown as null),
      "addHost() program must be a function, got 5",
    ],
    [
      () => network.sometimes("x", 1 as unknown as boolean),
      "sometimes() condition must be a boolean",
    ],
  ];
  for (const [call, message] of wrong) {
    assertStringIncludes(assertThrows(call, Error).message, message);
  }
});

Deno.test("SimulatedNetwork.sleep() passes virtual time, and an hour takes a moment", async () => {
  const network = new SimulatedNetwork();
  const before = performance.now();
  await network.runUntil(network.sleep(3600));
  assertEquals(network.seconds(), 3600);
  assert(performance.now() - before < 1000);
});

Deno.test("SimulatedNetwork.sleep() can be cancelled", async () => {
  const network = new SimulatedNetwork();
  const sleeping = network.sleep(5);
  sleeping.cancel();
  await assertRejects(() => network.runUntil(sleeping));
  await network.runUntil(network.sleep(10));
});

Deno.test("SimulatedNetwork.runUntil() returns the value, and throws the error as it is", async () => {
  const network = new SimulatedNetwork();
  assertEquals(await network.runUntil(network.sleep(1).addCallback(() => "value")), "value");
  const error = new RangeError("boom");
  const failing = network.sleep(1).addCallback(() => {
    throw error;
  });
  assertEquals(await assertRejects(() => network.runUntil(failing)), error);
});

Deno.test("SimulatedNetwork.runUntil() throws when nothing can happen, or at its limit", async () => {
  const network = new SimulatedNetwork();
  await assertRejects(() => network.runUntil(new Deferred()), Error, "Nothing can happen any more");
  await assertRejects(
    () => network.runUntil(network.sleep(9), 5),
    Error,
    "did not settle within 5 s",
  );
  await assertRejects(
    () => network.runUntil(network.sleep(9), NaN),
    RangeError,
    "runUntil() limit",
  );
});

Deno.test("SimulatedNetwork.runUntil() throws when a property does not hold", async () => {
  const network = new SimulatedNetwork();
  network.always("there are less than two hosts", () => network.hosts.length < 2);
  network.callLater(1, () => network.addHost("a"));
  network.callLater(2, () => network.addHost("b"));
  await assertRejects(
    () => network.runUntil(network.sleep(9)),
    Error,
    "there are less than two hosts",
  );
  assertEquals(network.seconds(), 2);
});

Deno.test("SimulatedNetwork.always() is checked when the promises of an event have settled", async () => {
  const network = new SimulatedNetwork();
  let isConsistent = true;
  network.always("it is consistent", () => isConsistent);
  network.callLater(1, async () => {
    isConsistent = false;
    await null;
    isConsistent = true;
  });
  await network.runUntil(network.sleep(2));
});

Deno.test("SimulatedNetwork.always() is checked after the last promise of the scenario", async () => {
  const network = new SimulatedNetwork();
  let holds = true;
  network.always("it holds", () => holds);
  const done = (async () => {
    await network.sleep(1);
    holds = false;
  })();
  await assertRejects(() => network.runUntil(done), Error, "it holds");
});

Deno.test("SimulatedNetwork.always() is checked when a timed fault begins and ends", async () => {
  const script = ["crash a 1 s to 2 s"];
  const network = new SimulatedNetwork({ script });
  const host = network.addHost("a", () => {});
  network.always("the host is up", () => host.isUp);
  await assertRejects(() => network.runUntil(network.sleep(9)), Error, "the host is up");
  assertEquals(internalsOf(network).checks.violation?.time, 1);
});

Deno.test("SimulatedNetwork.eventually() fires when the condition holds, before the next event", async () => {
  const network = new SimulatedNetwork();
  const events: string[] = [];
  let count = 0;
  network.callLater(1, () => count++);
  network.callLater(1, () => events.push("next event"));
  const reached = network.eventually(5, "it counts", () => count === 1);
  network.callLater(0, async () => {
    await reached;
    events.push(`reached at ${network.seconds()}`);
  });
  await network.runUntil(network.sleep(9));
  assertEquals(events, ["reached at 1", "next event"]);
});

Deno.test("SimulatedNetwork.eventually() that holds at once, or at its last moment, is reached", async () => {
  const network = new SimulatedNetwork();
  await network.runUntil(network.eventually(5, "now", () => true));
  assertEquals(network.seconds(), 0);
  const { reactor } = network.addHost("a");
  let called = false;
  reactor.callLater(5, () => called = true);
  await network.runUntil(network.eventually(5, "the call is made", () => called));
});

Deno.test("SimulatedNetwork.callLater() fails the simulation for an error of any value", async () => {
  for (const [, value] of hostileValues()) {
    for (const rejects of [false, true]) {
      const network = new SimulatedNetwork();
      network.callLater(1, () => {
        if (rejects) return Promise.reject(value);
        throw value;
      });
      await internalsOf(network).runGuarded(network.sleep(2), 10);
      const { violation } = internalsOf(network).checks;
      assertStringIncludes(violation?.message ?? "", "a call of the scenario has failed: ");
      assertEquals(violation?.kind, "failure");
    }
  }
});

Deno.test("SimulatedNetwork.addHost() fails the simulation for a program that throws any value", async () => {
  for (const [, value] of hostileValues()) {
    for (const how of ["throws", "rejects"]) {
      const network = new SimulatedNetwork();
      network.addHost("alice", () => {
        if (how === "rejects") return Promise.reject(value);
        throw value;
      });
      await internalsOf(network).runGuarded(network.sleep(2), 10);
      assertStringIncludes(
        internalsOf(network).checks.violation?.message ?? "",
        "the program of alice has failed: ",
      );
    }
  }
});

Deno.test("SimulatedNetwork.addHost() ignores what a program returns, unless it is a promise", async () => {
  const network = new SimulatedNetwork();
  // The type forbids this value, which a program without types may return.
  network.addHost("alice", () => 5 as unknown as undefined);
  await network.runUntil(network.sleep(1));
});

Deno.test("SimulatedNetwork.setLink() changes the latency and the bandwidth of one direction", () => {
  const network = new SimulatedNetwork({ latency: 0.5 });
  const [a, b] = [network.addHost("a"), network.addHost("b")];
  let refused = -1;
  const dial = () => {
    a.sockets.dialTCP(b.addresses[0] ?? "", 80, {})({
      connected: () => {},
      failed: () => void (refused = network.seconds()),
      released: () => {},
    });
    network.advance(10);
    return refused;
  };
  assertEquals(dial(), 1);
  network.setLink("a", "b", { latency: 0.25 });
  assertEquals(dial() - 10, 0.75);
  network.setLink("b", "a", { bandwidth: 40 });
  assertEquals(dial() - 20, 1.75);
});

Deno.test("SimulatedNetwork.heal() resumes and restarts hosts with a program", () => {
  const network = new SimulatedNetwork();
  const [paused, crashed, bare] = [
    network.addHost("paused", () => {}),
    network.addHost("crashed", () => {}),
    network.addHost("bare"),
  ];
  paused.pause();
  crashed.crash();
  bare.crash();
  network.heal();
  let called = false;
  paused.reactor.callLater(0, () => called = true);
  network.advance(1);
  assertEquals([called, crashed.isUp, bare.isUp], [true, true, false]);
});

Deno.test("SimulatedNetwork.shutDown() stops the reactors of all hosts that run", async () => {
  const network = new SimulatedNetwork();
  const hosts = ["a", "b"].map((name) =>
    network.addHost(name, ({ reactor }) => {
      reactor.listenTCP(80, Factory.forProtocol(Protocol));
    })
  );
  network.addHost("down").crash();
  await network.runUntil(network.sleep(1));
  hosts[0]?.crash();
  await network.runUntil(network.shutDown());
  assertEquals(hosts.map(({ reactor }) => reactor.running), [false, false]);
  await network.runUntil(network.shutDown());
});

Deno.test("SimulatedNetwork.shutDown() fails for a timed call that is left, or a reactor that hangs", async () => {
  const network = new SimulatedNetwork();
  const { reactor } = network.addHost("a");
  reactor.addSystemEventTrigger("after", "shutdown", () => void reactor.callLater(5, () => {}));
  await assertRejects(
    () => network.runUntil(network.shutDown()),
    Error,
    "Cannot shut the host a down: a timed call is left: DelayedCall(",
  );
  const hanging = new SimulatedNetwork();
  hanging.addHost("a").reactor.addSystemEventTrigger("before", "shutdown", () => new Deferred());
  await assertRejects(
    () => hanging.runUntil(hanging.shutDown()),
    Error,
    "Cannot shut the host a down: it did not stop within 3600 s",
  );
  assertEquals(hanging.seconds(), 3600);
});

Deno.test("SimulatedNetwork.allowErrors() adds predicates, and survives one that throws", () => {
  const network = new SimulatedNetwork();
  network.allowErrors((error) => error instanceof RangeError);
  assertEquals(
    [new RangeError(), new TypeError()].map((error) => internalsOf(network).isAllowedError(error)),
    [
      true,
      false,
    ],
  );
  network.allowErrors(() => {
    throw new Error("predicate");
  });
  assertEquals(internalsOf(network).isAllowedError(new TypeError()), true);
  assertStringIncludes(
    internalsOf(network).checks.violation?.message ?? "",
    "the predicate of allowErrors() has failed: Error: predicate",
  );
});

Deno.test("SimulatedNetwork.parameters has the values that were used", () => {
  const network = new SimulatedNetwork({ parameters: { hosts: 3 } });
  assertEquals([network.parameter("hosts", 10, 2), network.parameter("seconds", 60)], [3, 60]);
  assertEquals([...network.parameters.keys()], ["hosts", "seconds"]);
});

Deno.test("SimulatedNetwork draws the latency of each link from the seed, within its option", () => {
  const times = [1, 1, 2].map((seed) => {
    const network = new SimulatedNetwork({ seed, latency: [0.01, 0.2] });
    const [a, b] = [network.addHost("a"), network.addHost("b")];
    let refused = -1;
    a.sockets.dialTCP(b.addresses[0] ?? "", 80, {})({
      connected: () => {},
      failed: () => void (refused = network.seconds()),
      released: () => {},
    });
    network.advance(1);
    return refused;
  });
  assert(times.every((time) => time >= 0.02 && time <= 0.4), times.join());
  assertEquals([times[0] === times[1], times[1] === times[2]], [true, false]);
});
