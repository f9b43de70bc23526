import { assertEquals, assertThrows } from "@std/assert";
import { udpAddress } from "../../reactor/datagram/udp_address.ts";
import { makeWorld, RawDatagrams } from "../fixtures/simulated_ends.ts";
import { SimulatedNetwork } from "./simulated_network.ts";

/** Returns the links over which a datagram arrives within a second: `alice->bob`. */
function openLinks(network: SimulatedNetwork): string[] {
  const sockets = network.hosts.map(({ sockets }) =>
    new RawDatagrams(sockets.bindUDP("0.0.0.0", 7, false))
  );
  for (const [index, socket] of sockets.entries()) {
    for (const host of network.hosts) {
      const to = udpAddress(host.addresses[0] ?? "", 7);
      if (host !== network.hosts[index]) socket.send(network.hosts[index]?.name ?? "", to);
    }
  }
  network.advance(1);
  for (const { driver } of sockets) driver.close();
  return sockets.flatMap(({ events }, index) =>
    events.filter((event) => !event.startsWith("failed"))
      .map((event) => `${event.split(" ")[0]}->${network.hosts[index]?.name}`)
  ).toSorted();
}

function threeHosts(): SimulatedNetwork {
  const network = new SimulatedNetwork();
  for (const name of ["a", "b", "c"]) network.addHost(name);
  return network;
}

const ALL = ["a->b", "a->c", "b->a", "b->c", "c->a", "c->b"];

Deno.test("LinkTable.interrupt() cuts both directions between the sides, until it is restored", () => {
  const network = threeHosts();
  assertEquals(openLinks(network), ALL);
  {
    using _partition = network.partition(["a"]);
    assertEquals(openLinks(network), ["b->c", "c->b"]);
    using _other = network.partition(["a", "b"], ["c"]);
    assertEquals(openLinks(network), []);
  }
  assertEquals(openLinks(network), ALL);
});

Deno.test("LinkTable.interrupt() cuts one direction only for a one-way partition", () => {
  const network = threeHosts();
  using _partition = network.partitionOneWay(["a"], ["b"]);
  assertEquals(openLinks(network), ALL.filter((link) => link !== "a->b"));
});

Deno.test("LinkTable.heal() ends all interruptions", () => {
  const network = threeHosts();
  network.partition(["a"]);
  network.partitionOneWay(["b"]);
  network.heal();
  assertEquals(openLinks(network), ALL);
});

Deno.test("LinkTable throws for a host that does not exist", () => {
  const { network } = makeWorld();
  for (const cut of [["zoe"], ["alice", "zoe"]]) {
    assertThrows(() => network.partition(cut), RangeError, 'no host "zoe"');
  }
  assertThrows(() => network.partition(["alice"], ["zoe"]), RangeError, 'no host "zoe"');
  assertThrows(() => network.setLink("alice", "zoe", {}), RangeError, 'no host "zoe"');
});
