/**
 * Twisted's `internet/test/test_protocol.py`, `FactoryTests`. Its two tests of log lines do not
 * apply: here the port logs where it listens.
 */

import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { IPv4Address } from "../reactor/addresses.ts";
import type { IClientFactory, IProtocol, IProtocolFactory } from "../reactor/interfaces/mod.ts";
import { MemoryReactor } from "../testing/mod.ts";
import { ClientFactory, Factory, Protocol, ServerFactory } from "./mod.ts";

const address = new IPv4Address("TCP", "192.0.2.1", 1111);

class Echo extends Protocol {
  // A member that distinguishes the class from Protocol in the type system.
  readonly isEcho = true;

  override dataReceived(data: Uint8Array): void {
    this.transport.write(data);
  }
}

/** True if the two types are identical. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

Deno.test("Factory.buildProtocol() builds a protocol of its class, and sets the protocol's factory", () => {
  class Echoes extends Factory<Echo> {
    override protocol = Echo;
  }
  const factory: IProtocolFactory = new Echoes();
  const protocol = factory.buildProtocol(address);
  assertInstanceOf(protocol, Echo);
  assertStrictEquals(protocol.factory, factory);
  assertEquals(factory.buildProtocol(address) === protocol, false);
});

Deno.test("Factory.buildProtocol() without a protocol class names the address and the factory's class", () => {
  class Empty extends Factory {}
  assertThrows(
    () => new Empty().buildProtocol(address),
    Error,
    "Cannot build a protocol for 192.0.2.1:1111: Empty has no protocol class, and does not override buildProtocol()",
  );
});

Deno.test("Factory.buildProtocol() does not set a factory on a protocol that has no such property", () => {
  class Plain implements IProtocol {
    makeConnection(): void {}
    connectionMade(): void {}
    dataReceived(): void {}
    connectionLost(): void {}
  }
  const plain = Factory.forProtocol(Plain).buildProtocol(address);
  assertInstanceOf(plain, Plain);
  assertEquals("factory" in plain, false);
});

Deno.test("forProtocol() creates the factory class it is called on, and passes its arguments", () => {
  class Room extends ServerFactory<Echo> {
    constructor(readonly topic: string, readonly seats: number) {
      super();
    }
  }
  const room = Room.forProtocol(Echo, "tea", 12);
  assertInstanceOf(room, Room);
  assertEquals([room.topic, room.seats], ["tea", 12]);
  assertInstanceOf(room.buildProtocol(address), Echo);
  const typed: Equal<typeof room, Room> = true;
  assertEquals(typed, true);
});

Deno.test("forProtocol() infers the type of the protocols", () => {
  const echoes = Factory.forProtocol(Echo);
  const built = echoes.buildProtocol(address);
  const clients = ClientFactory.forProtocol(Echo);
  const types: [
    Equal<typeof echoes, Factory<Echo>>,
    Equal<typeof built, Echo | null>,
    Equal<typeof clients, ClientFactory & Factory<Echo>>,
  ] = [true, true, true];
  assertEquals(types, [true, true, true]);
  assertInstanceOf(clients satisfies IClientFactory, ClientFactory);
});

Deno.test("forProtocol() keeps the members of a factory class that declares no protocol type", () => {
  class Room extends Factory {
    readonly guests = new Set<string>();
  }
  class Callers extends ClientFactory {
    readonly calls: string[] = [];
  }
  class Counting<P extends Protocol> extends Factory<P> {
    count = 0;
  }
  const room = Room.forProtocol(Echo);
  const callers = Callers.forProtocol(Echo);
  const counting = Counting.forProtocol(Echo);
  const types: [
    Equal<typeof room, Room & Factory<Echo>>,
    Equal<typeof callers, Callers & Factory<Echo>>,
    Equal<typeof counting, Counting<Protocol> & Factory<Echo>>,
  ] = [true, true, true];
  assertEquals(types, [true, true, true]);
  assertEquals([room.guests.size, callers.calls, counting.count], [0, [], 0]);
  assertInstanceOf(room.buildProtocol(address), Echo);
});

Deno.test("Factory is started by the first doStart(), and stopped by the last doStop()", () => {
  const events: string[] = [];
  class Noisy extends Factory {
    override startFactory(): void {
      events.push(`start at ${this.numPorts}`);
    }

    override stopFactory(): void {
      events.push(`stop at ${this.numPorts}`);
    }
  }
  const factory = new Noisy();
  factory.doStart();
  factory.doStart();
  assertEquals([factory.numPorts, events], [2, ["start at 0"]]);
  factory.doStop();
  assertEquals([factory.numPorts, events], [1, ["start at 0"]]);
  factory.doStop();
  assertEquals([factory.numPorts, events], [0, ["start at 0", "stop at 0"]]);
  factory.doStop(); // one too many
  assertEquals([factory.numPorts, events.length], [0, 2]);
  factory.doStart();
  assertEquals(events.length, 3);
});

Deno.test("Factory.startFactory() is called again by the next port if it failed", () => {
  let fails = true;
  class Shy extends Factory {
    override startFactory(): void {
      if (fails) throw new RangeError("not yet");
    }
  }
  const factory = new Shy();
  assertThrows(() => factory.doStart(), RangeError, "not yet");
  assertEquals(factory.numPorts, 0);
  fails = false;
  factory.doStart();
  assertEquals(factory.numPorts, 1);
});

Deno.test("Factory.logPrefix() is the name of the class", () => {
  class Chatroom extends ServerFactory {}
  assertEquals(new Chatroom().logPrefix(), "Chatroom");
});

Deno.test("ClientFactory has default implementations of all its methods", () => {
  const factory = new ClientFactory();
  const connector = new MemoryReactor().connectTCP("192.0.2.1", 80, factory);
  factory.startedConnecting(connector);
  factory.clientConnectionFailed(connector, new Error("no"));
  factory.clientConnectionLost(connector, new Error("gone"));
});
