import { assertEquals, assertThrows } from "@std/assert";
import { SimulatedNetwork } from "./simulated_network.ts";

function addTo(network: SimulatedNetwork, name: string, addresses?: unknown): () => void {
  // The type forbids wrong addresses, which a program without types may pass.
  return () => void network.addHost(name, null, { addresses: addresses as string[] | undefined });
}

Deno.test("HostTable.addressesFor() numbers the hosts, beyond 255 too", () => {
  const network = new SimulatedNetwork();
  const hosts = Array.from({ length: 300 }, (_, index) => network.addHost(`h${index}`));
  assertEquals([0, 254, 255, 299].map((index) => hosts[index]?.addresses), [
    ["10.0.0.1", "fd00::1"],
    ["10.0.0.255", "fd00::ff"],
    ["10.0.1.0", "fd00::100"],
    ["10.0.1.44", "fd00::12c"],
  ]);
});

Deno.test("HostTable.addressesFor() throws for a name that is in use, or cannot be in a fault line", () => {
  const network = new SimulatedNetwork();
  network.addHost("alice");
  assertThrows(
    addTo(network, "alice"),
    RangeError,
    'Cannot add the host "alice": there is a host alice',
  );
  assertThrows(addTo(network, "ALICE."), RangeError, "there is a host alice");
  for (const name of ["", "a b", "a,b", "a|b", "a#1", "a->b", "a\n"]) {
    assertThrows(
      addTo(network, name),
      RangeError,
      `Cannot add the host ${JSON.stringify(name)}: a name`,
    );
  }
  // @ts-expect-error: the error for a value of another type is tested
  assertThrows(() => network.addHost(7), TypeError, "addHost() name must be a string, got 7");
});

Deno.test("HostTable.addressesFor() throws for an address that is invalid or in use", () => {
  const network = new SimulatedNetwork();
  network.addHost("alice");
  const wrong: [addresses: unknown, message: string][] = [
    [["10.0.0.1"], 'Cannot give the address "10.0.0.1" to the host bob: the host alice has it'],
    [["FD00:0::1"], "the host alice has it"],
    [["127.0.0.1"], "every host has it"],
    [["::"], "every host has it"],
    [["10.0.0.9", "10.0.0.9"], "it is given twice"],
    [["example.org"], 'addHost() addresses must contain only IP addresses, got "example.org"'],
    [[7], "addHost() addresses must contain only IP addresses, got 7"],
    [[], "addHost() addresses must be an array of IP addresses"],
    ["10.0.0.9", "addHost() addresses must be an array of IP addresses"],
  ];
  for (const [addresses, message] of wrong) {
    assertThrows(addTo(network, "bob", addresses), RangeError, message);
  }
  network.addHost("bob");
  assertEquals(network.hosts.map(String), ["alice", "bob"]);
});

Deno.test("HostTable.host() throws an error that names the hosts", () => {
  const network = new SimulatedNetwork();
  assertThrows(() => network.host("zoe"), RangeError, 'no host "zoe": its hosts are none');
  network.addHost("alice");
  network.addHost("bob");
  assertThrows(
    () => network.addressOf("zoe"),
    RangeError,
    'no host "zoe": its hosts are alice, bob',
  );
  assertEquals([network.host("bob").name, network.addressOf("bob")], ["bob", "10.0.0.2"]);
});
