import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { Clock } from "../../../task/mod.ts";
import { Wires } from "../../../testing/fixtures/wire.ts";
import { CannotListenError, ConnectError, NoRouteError } from "../../errors.ts";
import type { ConnectTCPOptions } from "../../interfaces/mod.ts";
import { InMemoryReactor } from "./in_memory_reactor.ts";
import { MemoryNetwork, type MemoryNetworkOptions } from "./memory_network.ts";

/** A network with one running reactor. */
class Fixture {
  readonly clock = new Clock();
  readonly network: MemoryNetwork;
  readonly reactor: InMemoryReactor;

  constructor(options?: MemoryNetworkOptions) {
    this.network = new MemoryNetwork(options);
    this.reactor = new InMemoryReactor(this.clock, { network: this.network });
    this.reactor.run();
  }

  /** Connects. @returns The error of the attempt, or the local address of the connection. */
  connect(host: string, port: number, options?: ConnectTCPOptions): Error | string {
    const clients = new Wires();
    this.reactor.connectTCP(host, port, clients, options);
    this.clock.advance(0);
    return clients.reasons[0] ?? String(clients.built[0]?.transport.getHost());
  }

  listen(host: string, port: number): string {
    return String(this.reactor.listenTCP(port, new Wires(), { interface: host }).getHost());
  }
}

Deno.test("MemoryNetwork binds any IP address by default, and connects from a matching one", () => {
  const fixture = new Fixture();
  for (const host of ["192.0.2.1", "2001:db8::1", "127.0.0.9", "localhost"]) {
    fixture.listen(host, 80);
  }
  assertEquals(
    ["192.0.2.1", "2001:DB8:0::1", "127.0.0.9", "127.0.0.1"].map((host) => {
      const from = fixture.connect(host, 80);
      return String(from).replace(/:\d+$/, "");
    }),
    ["192.0.2.1", "[2001:DB8:0::1]", "127.0.0.1", "127.0.0.1"],
  );
  assertEquals(fixture.network.connectionCount, 4);
  assertInstanceOf(fixture.connect("192.0.2.2", 80), ConnectError);
});

Deno.test("MemoryNetwork with addresses has only these, and the loopback addresses", () => {
  const fixture = new Fixture({ addresses: ["192.0.2.1"] });
  for (const host of ["192.0.2.1", "127.0.0.2", "::1"]) fixture.listen(host, 80);
  const error = assertThrows(() => fixture.listen("192.0.2.2", 80), CannotListenError);
  assertEquals([error.code, error.address], ["EADDRNOTAVAIL", "192.0.2.2:80"]);
  const unreachable = fixture.connect("192.0.2.2", 80);
  assertInstanceOf(unreachable, NoRouteError);
  assertEquals(unreachable.code, "ENETUNREACH");
  const unavailable = fixture.connect("192.0.2.1", 80, { bindAddress: "192.0.2.2" });
  assertInstanceOf(unavailable, ConnectError);
  assertEquals(unavailable.code, "EADDRNOTAVAIL");
});

Deno.test("MemoryNetwork prefers a port on one address to a port on all addresses", () => {
  const { reactor, clock } = new Fixture();
  const factories = ["127.0.0.2", "127.0.0.1"].map((host) => {
    const factory = new Wires();
    reactor.listenTCP(80, factory, { interface: host });
    return factory;
  });
  const all = new Wires();
  reactor.listenTCP(81, all, { interface: "::" });
  for (const [host, port] of [["127.0.0.1", 80], ["127.0.0.3", 81], ["0.0.0.0", 81]] as const) {
    reactor.connectTCP(host, port, new Wires());
  }
  clock.advance(0);
  assertEquals([...factories, all].map(({ built }) => built.length), [0, 1, 2]);
});

Deno.test("MemoryNetwork refuses to bind an address in use, a wildcard included", () => {
  const fixture = new Fixture();
  fixture.listen("127.0.0.1", 80);
  fixture.listen("127.0.0.2", 80);
  fixture.listen("::1", 80);
  for (const host of ["127.0.0.1", "0.0.0.0", "::", "::1"]) {
    const error = assertThrows(() => fixture.listen(host, 80), CannotListenError, "in use");
    assertEquals(error.code, "EADDRINUSE");
  }
  assertThrows(() => fixture.listen("app.example", 80), CannotListenError, "must be an IP address");
});

Deno.test("MemoryNetwork chooses free port numbers, and each connection has its own", () => {
  const fixture = new Fixture();
  const port = Number(fixture.listen("127.0.0.1", 0).split(":")[1]);
  const used = new Set(Array.from({ length: 100 }, () => fixture.connect("127.0.0.1", port)));
  assertEquals(used.size, 100);
  assert(!used.has(`127.0.0.1:${port}`));
  const here: ConnectTCPOptions = { bindAddress: ["127.0.0.1", 1234] };
  assertEquals(fixture.connect("127.0.0.1", port, here), "127.0.0.1:1234");
  const again = fixture.connect("127.0.0.1", port, here);
  assertInstanceOf(again, ConnectError);
  assertEquals(again.code, "EADDRINUSE");
});

Deno.test("MemoryNetwork resets the connections in the backlog of a port that closes", () => {
  const { clock, network, reactor } = new Fixture();
  const idle = new InMemoryReactor(clock, { network });
  const port = idle.listenTCP(80, new Wires(), { backlog: 1 });
  const clients = Array.from({ length: 3 }, () => new Wires());
  for (const each of clients) reactor.connectTCP("127.0.0.1", 80, each);
  clock.advance(1);
  port.stopListening();
  clock.advance(0);
  assertEquals(clients.map(({ events }) => events.slice(2)), [
    ["lost", "stop"],
    ["lost", "stop"],
    ["failed", "stop"],
  ]);
  assertEquals([network.connectionCount, network.boundAddresses()], [0, []]);
});

Deno.test("MemoryNetwork releases the local end of a cancelled attempt", () => {
  const { clock, network, reactor } = new Fixture();
  const idle = new InMemoryReactor(clock, { network });
  idle.listenTCP(80, new Wires(), { backlog: 1 });
  const connectors = Array.from(
    { length: 3 },
    () => reactor.connectTCP("127.0.0.1", 80, new Wires()),
  );
  clock.advance(0);
  assertEquals(network.connectionCount, 3);
  connectors[2]?.stopConnecting();
  assertEquals(network.connectionCount, 2);
  for (const each of connectors.slice(0, 2)) each.disconnect();
  idle.run();
  clock.advance(0);
  assertEquals(network.connectionCount, 0);
});

Deno.test("MemoryNetwork throws for options out of range, and names them", () => {
  assertThrows(() => new MemoryNetwork({ capacity: 0 }), RangeError, "capacity");
  assertThrows(() => new MemoryNetwork({ chunkSize: 1.5 }), RangeError, "chunkSize");
  assertThrows(
    () => new MemoryNetwork({ addresses: ["app.example"] }),
    RangeError,
    'addresses must contain only IP addresses, got "app.example"',
  );
});
