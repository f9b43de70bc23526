import { assertEquals, assertInstanceOf } from "@std/assert";
import { type Deferred, execute } from "../../defer/mod.ts";
import { DNSLookupError } from "../../reactor/errors.ts";
import { SimulatedNetwork } from "./simulated_network.ts";
import type { SimulatedHost } from "./simulated_host.ts";
import { nameKey } from "./simulated_names.ts";

function makeNetwork(faults: readonly string[] = []): [SimulatedNetwork, SimulatedHost] {
  const network = new SimulatedNetwork({ script: faults });
  const host = network.addHost("alice");
  network.addHost("Bob");
  network.setName("service.example", ["10.0.0.2", "fd00::2", "10.0.0.1"]);
  return [network, host];
}

function lookUpLater(
  { reactor }: SimulatedHost,
  name: string,
  family: "IPv4" | "IPv6" = "IPv4",
): Deferred<readonly string[]> {
  const { signal } = new AbortController();
  return execute(() => reactor.nameResolver.resolveHostName(name, { family, port: 0, signal }));
}

/** Looks up a name, and returns the addresses, or the error, when some time has passed. */
function lookUp(
  [network, host]: [SimulatedNetwork, SimulatedHost],
  name: string,
  family: "IPv4" | "IPv6" = "IPv4",
  seconds = 0.001,
): unknown {
  let result: unknown = "pending";
  lookUpLater(host, name, family).addCallbacks(
    (addresses) => void (result = addresses),
    (error) => void (result = error),
  );
  network.advance(seconds);
  return result;
}

Deno.test("SimulatedResolver finds hosts and names, in any case, of one family, in their order", () => {
  const world = makeNetwork();
  assertEquals(lookUp(world, "bob"), ["10.0.0.2"]);
  assertEquals(lookUp(world, "BOB", "IPv6"), ["fd00::2"]);
  assertEquals(lookUp(world, "Service.Example."), ["10.0.0.2", "10.0.0.1"]);
  assertEquals(lookUp(world, "service.example", "IPv6"), ["fd00::2"]);
});

Deno.test("SimulatedResolver returns no address for an unknown name, and knows localhost", () => {
  const world = makeNetwork();
  assertEquals(lookUp(world, "nowhere.example"), []);
  assertEquals(lookUp(world, "localhost"), ["127.0.0.1"]);
  assertEquals(lookUp(world, "localhost", "IPv6"), ["::1"]);
});

Deno.test("SimulatedResolver needs a millisecond, or longer by a fault", () => {
  const world = makeNetwork(["lookup delay alice #2 5 s"]);
  assertEquals(lookUp(world, "bob", "IPv4", 0.000999), "pending");
  assertEquals(lookUp(world, "bob", "IPv4", 5), "pending");
  assertEquals(lookUp(world, "bob"), ["10.0.0.2"]);
});

Deno.test("SimulatedResolver fails by a fault with the error of a name server", () => {
  const error = lookUp(makeNetwork(["lookup failure alice #1"]), "bob");
  assertInstanceOf(error, DNSLookupError);
  assertEquals([error.code, error.message], [
    "EAI_AGAIN",
    "Cannot look up bob: the name server has failed",
  ]);
});

Deno.test("SimulatedResolver returns an address without a host first, by a fault", () => {
  const world = makeNetwork(["lookup change alice #1", "lookup change alice #2"]);
  assertEquals(lookUp(world, "bob"), ["192.0.2.254", "10.0.0.2"]);
  assertEquals(lookUp(world, "bob", "IPv6"), ["2001:db8::dead", "fd00::2"]);
});

Deno.test("SimulatedResolver gives no answer to a process that has crashed", () => {
  const world = makeNetwork();
  const [network, host] = world;
  let answered = false;
  lookUpLater(host, "bob").addCallback(() => void (answered = true));
  host.crash();
  host.restart();
  network.advance(1);
  assertEquals(answered, false);
});

Deno.test("SimulatedResolver uses the addresses that a name has when the answer comes", () => {
  const [network, host] = makeNetwork();
  let found: readonly string[] = [];
  lookUpLater(host, "moving.example").addCallback((addresses) => void (found = addresses));
  network.setName("moving.example", ["10.0.0.7"]);
  network.advance(1);
  assertEquals(found, ["10.0.0.7"]);
});

Deno.test("nameKey() ignores the case and the final dot", () => {
  assertEquals(["A.b", "a.b.", "A"].map(nameKey), ["a.b", "a.b", "a"]);
});

Deno.test("SimulatedResolver leaves out or reverses the right addresses, by a fault", () => {
  const world = makeNetwork(["lookup omission alice #1", "lookup order alice #2"]);
  world[0].setName("both", ["10.0.0.7", "10.0.0.8"]);
  assertEquals(lookUp(world, "both"), ["10.0.0.8"]);
  assertEquals(lookUp(world, "both"), ["10.0.0.8", "10.0.0.7"]);
  assertEquals(lookUp(world, "both"), ["10.0.0.7", "10.0.0.8"]);
});
