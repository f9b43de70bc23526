/**
 * Simulated UDP sockets: delivery, loss, duplicates, order, groups, broadcasts and refusals.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { udpAddress } from "../../reactor/datagram/udp_address.ts";
import { DatagramError, MulticastJoinError } from "../../reactor/errors.ts";
import {
  makeWorld,
  RawDatagrams,
  type World,
  type WorldOptions,
} from "../fixtures/simulated_ends.ts";
import type { SimulatedHost } from "./simulated_host.ts";
import { SimulatedNetwork } from "./simulated_network.ts";

const GROUP = "224.0.0.77";
const BOB = udpAddress("10.0.0.2", 53);

interface DatagramWorld extends World {
  readonly sender: RawDatagrams;
  readonly receiver: RawDatagrams;
}

function bind(host: SimulatedHost, address = "0.0.0.0", port = 53, shared = false): RawDatagrams {
  return new RawDatagrams(host.sockets.bindUDP(address, port, shared));
}

function makeDatagramWorld(options?: WorldOptions): DatagramWorld {
  const world = makeWorld(options);
  return { ...world, sender: bind(world.alice), receiver: bind(world.bob) };
}

/** Returns the texts that have arrived. */
function texts({ events }: RawDatagrams): string[] {
  return events.map((event) => event.split(" ")[0] ?? "");
}

Deno.test("DatagramSocket delivers whole datagrams after one latency, with the sender's address", () => {
  const { network, sender, receiver } = makeDatagramWorld();
  sender.send("hello", BOB);
  sender.send("", BOB);
  network.advance(0.000999);
  assertEquals(receiver.events, []);
  network.advance(0.000001);
  assertEquals(receiver.events, ["hello from 10.0.0.1:53", " from 10.0.0.1:53"]);
});

Deno.test("DatagramSocket sends from the address to which it is bound", () => {
  const network = new SimulatedNetwork();
  const alice = network.addHost("alice", null, { addresses: ["10.0.0.1", "10.0.0.9", "fd00::9"] });
  const receiver = bind(network.addHost("bob", null, { addresses: ["10.0.0.2", "fd00::2"] }), "::");
  bind(alice, "10.0.0.9", 1).send("a", BOB);
  bind(alice, "0.0.0.0", 2).send("b", BOB);
  bind(alice, "::", 3).send("c", udpAddress("fd00::2", 53));
  bind(alice, "::", 4).send("d", udpAddress("::ffff:10.0.0.2", 53));
  network.advance(1);
  assertEquals(receiver.events, [
    "a from [::ffff:10.0.0.9]:1",
    "b from [::ffff:10.0.0.1]:2",
    "c from [fd00::9]:3",
    "d from [::ffff:10.0.0.1]:4",
  ]);
});

Deno.test("DatagramSocket reports a refusal when no socket has the port, but not from a crashed host", () => {
  const { network, bob, sender } = makeDatagramWorld();
  sender.send("x", udpAddress("10.0.0.2", 54));
  network.advance(0.002);
  assertEquals(sender.events, ["failed ECONNREFUSED"]);
  bob.crash();
  sender.send("x", udpAddress("10.0.0.2", 54));
  sender.send("x", udpAddress("192.0.2.1", 54));
  network.advance(1000);
  assertEquals(sender.events.length, 1);
});

Deno.test("DatagramSocket.send() fails without an address of the same family", () => {
  const network = new SimulatedNetwork();
  const alice = network.addHost("alice", null, { addresses: ["10.0.0.1"] });
  const sender = bind(alice, "::");
  sender.send("x", udpAddress("fd00::2", 53));
  assertEquals(sender.events, ["cannot send: ENETUNREACH"]);
});

Deno.test("DatagramSocket loses, delays, repeats and reorders datagrams by faults", () => {
  const { network, sender, receiver } = makeDatagramWorld({
    faults: [
      "loss alice->bob #1",
      "reorder alice->bob #1 0.1 s", // of the second datagram: the first never got so far
      "duplicate alice->bob #2 0.2 s",
      "delay alice->bob #3 0.03 s",
    ],
  });
  for (const text of ["1", "2", "3", "4"]) sender.send(text, BOB);
  network.advance(1);
  assertEquals(texts(receiver), ["3", "4", "2", "3"]);
});

Deno.test("DatagramSocket loses a third of the datagrams with a rate of a third", () => {
  const network = new SimulatedNetwork({ faults: { loss: 1 / 3, duplicate: 0.5 }, seed: 5 });
  const [alice, bob] = [network.addHost("alice"), network.addHost("bob")];
  const [sender, receiver] = [bind(alice), bind(bob)];
  for (let i = 0; i < 3000; i++) sender.send(String(i), BOB);
  network.advance(10);
  const arrived = new Set(texts(receiver));
  assert(Math.abs(arrived.size - 2000) < 100, String(arrived.size));
  assert(Math.abs(receiver.events.length - 3000) < 150, String(receiver.events.length));
});

Deno.test("DatagramSocket sends nothing across a partition, and keeps nothing for later", () => {
  const { network, sender, receiver } = makeDatagramWorld();
  const partition = network.partition(["alice"], ["bob"]);
  sender.send("lost", BOB);
  network.advance(1);
  partition[Symbol.dispose]();
  sender.send("arrives", BOB);
  network.advance(1);
  assertEquals(texts(receiver), ["arrives"]);
});

Deno.test("DatagramSocket datagrams in flight at a crash arrive, unless it loses data", () => {
  for (const losesData of [false, true]) {
    const { network, alice, sender, receiver } = makeDatagramWorld();
    sender.send("x", BOB);
    alice.crash(losesData);
    network.advance(1);
    assertEquals(texts(receiver), losesData ? [] : ["x"]);
  }
});

Deno.test("DatagramSocket of a paused process keeps 208 KiB, and drops the rest", () => {
  const { network, bob, sender, receiver } = makeDatagramWorld({ trace: true });
  bob.pause();
  for (let i = 0; i < 10; i++) sender.send("x".repeat(50_000), BOB);
  network.advance(1);
  bob.resume();
  network.advance(1);
  assertEquals(receiver.events.length, 4);
  assertStringIncludes(
    String(network.trace),
    "bob: drops a datagram from alice:53: the receive",
  );
  sender.send("small", BOB);
  network.advance(1);
  assertEquals(receiver.events.length, 5);
});

Deno.test("DatagramSocket keeps what arrives before startReceiving()", () => {
  const { network, sender, bob } = makeDatagramWorld();
  const driver = bob.sockets.bindUDP("0.0.0.0", 99, false);
  const received: string[] = [];
  driver.attach({
    received: (datagram) => received.push(new TextDecoder().decode(datagram)),
    receiveFailed: () => {},
    sent: () => {},
    released: () => {},
  });
  sender.send("early", udpAddress("10.0.0.2", 99));
  network.advance(1);
  assertEquals(received, []);
  driver.startReceiving();
  assertEquals(received, ["early"]);
});

Deno.test("DatagramSocket receives a unicast datagram once, on the closest socket", () => {
  const { network, alice, bob } = makeWorld();
  const sender = bind(alice);
  const shared = [1, 2].map(() => bind(bob, "0.0.0.0", 53, true));
  const own = bind(bob, "10.0.0.2", 53, true);
  sender.send("a", BOB);
  network.advance(1);
  own.driver.close();
  sender.send("b", BOB);
  network.advance(1);
  assertEquals([own, ...shared].map(texts), [["a", "released"], [], ["b"]]);
});

Deno.test("DatagramSocket.joinGroup() receives the datagrams of the group, of all hosts", () => {
  const { network, alice, bob, sender } = makeDatagramWorld();
  const members = [bind(alice, "0.0.0.0", 7), bind(bob, "0.0.0.0", 7)];
  const stranger = bind(network.addHost("carol"), "0.0.0.0", 7);
  for (const { driver } of members) driver.joinGroup(GROUP, "");
  sender.send("all", udpAddress(GROUP, 7));
  network.advance(1);
  assertEquals([...members, stranger].map(texts), [["all"], ["all"], []]);
  members[1]?.driver.leaveGroup(GROUP, "");
  sender.driver.setMulticastLoopback(false);
  sender.send("others", udpAddress(GROUP, 7));
  network.advance(1);
  assertEquals(members.map(texts), [["all"], ["all"]]);
});

Deno.test("DatagramSocket.setMulticastLoopback(false) does not concern unicast datagrams", () => {
  const { network, sender } = makeDatagramWorld();
  sender.driver.setMulticastLoopback(false);
  sender.send("me", udpAddress("127.0.0.1", 53));
  network.advance(1);
  assertEquals(sender.events, ["me from 127.0.0.1:53"]);
});

Deno.test("DatagramSocket.setMulticastInterface() of the loopback stays on the host", () => {
  const { network, alice, bob, sender } = makeDatagramWorld();
  const members = [bind(alice, "0.0.0.0", 7), bind(bob, "0.0.0.0", 7)];
  for (const { driver } of members) driver.joinGroup(GROUP, "");
  sender.driver.setMulticastInterface("127.0.0.1");
  sender.send("local", udpAddress(GROUP, 7));
  network.advance(1);
  assertEquals(members.map(texts), [["local"], []]);
  assertThrows(() => sender.driver.setMulticastInterface("192.0.2.1"), DatagramError, "192.0.2.1");
});

Deno.test("DatagramSocket.joinGroup() and leaveGroup() fail with an error that names the group", () => {
  const { sender } = makeDatagramWorld();
  const join = () => sender.driver.joinGroup("10.0.0.1", "");
  assertEquals(assertThrows(join, MulticastJoinError).code, "EINVAL");
  sender.driver.joinGroup(GROUP, "10.0.0.1");
  assertThrows(
    () => sender.driver.joinGroup(GROUP, "10.0.0.1"),
    MulticastJoinError,
    `Cannot join the group ${GROUP} through 10.0.0.1 on 0.0.0.0:53 of the host alice: ` +
      "the socket is a member of it already",
  );
  const leave = () => sender.driver.leaveGroup("224.0.0.78", "");
  assertEquals(assertThrows(leave, MulticastJoinError).code, "EADDRNOTAVAIL");
});

Deno.test("DatagramSocket.setBroadcast() allows broadcasts, to sockets on all addresses", () => {
  const { network, alice, bob, sender, receiver } = makeDatagramWorld();
  const onOne = bind(bob, "10.0.0.2", 54);
  const all = udpAddress("255.255.255.255", 53);
  sender.send("not allowed", all);
  assertEquals(sender.events, ["cannot send: EACCES"]);
  sender.driver.setBroadcast(true);
  sender.send("hi", all);
  sender.send("no", udpAddress("255.255.255.255", 54));
  sender.send("local", udpAddress("127.255.255.255", 53));
  network.advance(1);
  assertEquals(texts(receiver), ["hi"]);
  assertEquals(texts(sender).slice(1).toSorted(), ["hi", "local"]);
  assertEquals([onOne.events, alice.isUp], [[], true]);
});

Deno.test("DatagramSocket.close() receives nothing more, and frees the address", () => {
  const { network, bob, sender, receiver } = makeDatagramWorld();
  sender.send("in flight", BOB);
  receiver.driver.close();
  receiver.driver.close();
  bind(bob);
  network.advance(0);
  assertEquals(receiver.events, ["released"]);
});

Deno.test("DatagramSocket of a process that has ended sends nothing", () => {
  const { network, alice, sender, receiver } = makeDatagramWorld();
  alice.kill();
  sender.send("ghost", BOB);
  network.advance(1);
  assertEquals(receiver.events, []);
});
