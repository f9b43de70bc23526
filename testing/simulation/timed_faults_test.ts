/**
 * The effect of timed faults, by scripts.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseFault } from "./faults.ts";
import type { SimulatedHost } from "./simulated_host.ts";
import { SimulatedNetwork } from "./simulated_network.ts";

/** Makes a network of two hosts whose programs record their starts. */
function makeNetwork(script: readonly string[], starts: string[] = []): SimulatedNetwork {
  const network = new SimulatedNetwork({ script, trace: true });
  for (const name of ["alice", "bob"]) {
    network.addHost(name, () => void starts.push(`${name} at ${network.seconds()}`));
  }
  return network;
}

/** Returns the states of a host at some times. */
function statesAt(
  network: SimulatedNetwork,
  times: readonly number[],
  read: (host: SimulatedHost) => unknown,
): unknown[] {
  return times.map((time) => {
    network.advance(time - network.seconds());
    return read(network.host("alice"));
  });
}

Deno.test("TimedFaults crash and kill a host, and restart it with its program", () => {
  for (const kind of ["crash", "crash losing data", "kill"]) {
    const starts: string[] = [];
    const network = makeNetwork([`${kind} alice 1 s to 3 s`], starts);
    const states = statesAt(network, [0.9, 1, 2.9, 3], ({ isUp }) => isUp);
    assertEquals(states, [true, false, false, true]);
    assertEquals(starts, ["alice at 0", "bob at 0", "alice at 3"]);
  }
});

Deno.test("TimedFaults pause a process, which then oversleeps", () => {
  const network = makeNetwork(["pause alice 1 s to 3 s"]);
  const calls: number[] = [];
  network.host("alice").reactor.callLater(2, () => calls.push(network.seconds()));
  network.advance(5);
  assertEquals(calls, [3]);
});

Deno.test("TimedFaults restart no host before a later crash has ended", () => {
  const network = makeNetwork(["crash alice 1 s to 9 s", "crash alice 2 s to 3 s"]);
  const states = statesAt(network, [1.5, 4, 9], ({ isUp }) => isUp);
  assertEquals(states, [false, false, true]);
  assertEquals(network.unusedFaults, ["crash alice 2 s to 3 s"]);
  assertStringIncludes(
    String(network.trace),
    "2 -: fault: not crash alice 2 s to 3 s: the host alice is down",
  );
});

Deno.test("TimedFaults that name an unknown host are noted, and have no effect", () => {
  const script = ["crash zoe 1 s to 2 s", "partition alice | zoe 1 s to 2 s", "refuse zoe->bob #1"];
  const network = makeNetwork(script);
  network.advance(10);
  assertEquals(network.unusedFaults, script);
  assertStringIncludes(
    String(network.trace),
    "fault: not crash zoe 1 s to 2 s: there is no host zoe",
  );
  assertEquals(network.faults, []);
});

Deno.test("TimedFaults do not crash a host without a program by themselves", async () => {
  const network = new SimulatedNetwork({ faults: { crash: 60, kill: 60, pause: 60 } });
  const host = network.addHost("observer");
  await network.runUntil(network.sleep(60));
  assert(host.isUp);
  assertEquals(new Set(network.faults.map((line) => parseFault(line).kind)), new Set(["pause"]));
});

Deno.test("TimedFaults do not begin after heal(), until faults are switched on again", () => {
  const script = ["kill alice 1 s to 2 s", "kill alice 5 s to 6 s", "kill bob 9 s to 10 s"];
  const network = makeNetwork(script);
  network.advance(3);
  network.heal();
  network.advance(4);
  network.setFaults({ kill: 1 });
  network.advance(10);
  assertEquals(network.unusedFaults, script.slice(1, 2));
});

Deno.test("TimedFaults that overlap pause a process until the last one ends", () => {
  const network = makeNetwork(["pause alice 1 s to 5 s", "pause alice 2 s to 3 s"]);
  const calls: number[] = [];
  network.host("alice").reactor.callLater(1.5, () => calls.push(network.seconds()));
  network.advance(4);
  network.host("alice").resume();
  network.advance(4);
  assertEquals(calls, [5]);
});

Deno.test("TimedFaults resume no process that the scenario has paused", () => {
  const network = makeNetwork(["pause alice 1 s to 3 s"]);
  const calls: number[] = [];
  network.host("alice").reactor.callLater(1.5, () => calls.push(network.seconds()));
  network.advance(2);
  network.host("alice").pause();
  network.advance(2);
  assertEquals(calls, []);
  network.host("alice").resume();
  network.advance(1);
  assertEquals(calls, [4]);
});

Deno.test("TimedFaults that heal() has ended restart and resume nothing later", () => {
  const network = makeNetwork(["crash alice 1 s to 20 s", "pause bob 1 s to 20 s"]);
  const [alice, bob] = [network.host("alice"), network.host("bob")];
  network.advance(2);
  network.heal();
  assertEquals(alice.isUp, true);
  network.advance(1);
  alice.crash();
  bob.pause();
  let called = false;
  bob.reactor.callLater(0, () => called = true);
  network.advance(30);
  assertEquals([alice.isUp, called], [false, false]);
});

Deno.test("TimedFaults restart no host that the scenario has restarted and crashed again", () => {
  const network = makeNetwork(["crash alice 1 s to 9 s"]);
  const alice = network.host("alice");
  network.advance(2);
  alice.restart();
  alice.crash();
  network.advance(30);
  assertEquals(alice.isUp, false);
});

Deno.test("SimulatedNetwork.heal() restarts a host without a program that a fault has crashed", () => {
  const network = new SimulatedNetwork({ script: ["crash bare 1 s to 20 s"] });
  const bare = network.addHost("bare");
  network.advance(2);
  network.heal();
  assertEquals(bare.isUp, true);
});

Deno.test("TimedFaults move the wall clock of a host, and back", () => {
  const network = makeNetwork(["clock jump alice 1 s to 3 s by -30 s"]);
  const states = statesAt(network, [0.5, 1, 2, 3], (host) => host.now() - network.now());
  assertEquals(states, [0, -30_000, -30_000, 0]);
  assertEquals(network.host("alice").reactor.seconds(), 3);
});
