import { assert, assertEquals } from "@std/assert";
import { connectionLimits } from "../reactor/stream/connection_limits.ts";
import { Connection } from "../reactor/stream/connection.ts";
import { BorrowingDriver } from "../testing/fixtures/borrowing_driver.ts";
import { TestHost } from "../testing/fixtures/connection_fixture.ts";
import { LoggedErrors, StringTransport } from "../testing/mod.ts";
import { ForwardedMemory } from "./forwarded_memory.ts";
import { Factory, ForwardingProtocol, joinConnections, Protocol, WrappingFactory } from "./mod.ts";
import { ProtocolWrapper } from "./policies/protocol_wrapper.ts";
import type { IProtocol, WriteOptions } from "../reactor/interfaces/mod.ts";

/** An amount that is not copied, and does not yet pause the sender. */
const LARGE = new Uint8Array(65536).fill(7);
/** An amount that is copied. */
const SMALL = new Uint8Array(50_000).fill(8);

/** A connection over a driver that reads into the memory of the protocol. */
class End {
  readonly driver: BorrowingDriver = new BorrowingDriver();
  readonly connection: Connection;

  constructor(host: TestHost, protocol: IProtocol) {
    this.driver.sizeHint = 131072;
    const owner = {
      context: host,
      limits: connectionLimits({}),
      role: "client",
      logSuffix: () => "7",
      connectionLost: () => {},
    } as const;
    this.connection = new Connection(owner, this.driver, protocol);
    this.connection.open();
  }

  /** The memory of the pending read. */
  get memory(): ArrayBuffer | undefined {
    return this.driver.borrowed?.buffer;
  }
}

/** Two connections; what arrives on `a` is forwarded to `b`, whose writes wait. */
class World {
  readonly host = new TestHost();
  readonly a: End;
  readonly b: End;

  constructor(protocols: [IProtocol, IProtocol] = [new Protocol(), new Protocol()]) {
    this.a = new End(this.host, protocols[0]);
    this.b = new End(this.host, protocols[1]);
    this.b.driver.holdsWrites = true;
  }

  /** Joins the connections. The reads that were pending before use the memory of the drivers. */
  join(): this {
    joinConnections(this.a.connection, this.b.connection);
    this.arrive("first");
    this.sent();
    return this;
  }

  arrive(data: string | Uint8Array): void {
    this.a.driver.arrive(data);
    this.host.settle();
  }

  /** Completes the write of `b`. */
  sent(): void {
    this.b.driver.completeWrite();
    this.host.settle();
  }
}

/** Makes two protocols that forward to each other. */
function forwarding(make: () => ForwardingProtocol): [ForwardingProtocol, ForwardingProtocol] {
  const [a, b] = [make(), make()];
  a.setPeer(b);
  b.setPeer(a);
  return [a, b];
}

const WAYS: Record<string, () => World> = {
  "joinConnections()": () => new World().join(),
  ForwardingProtocol: () => new World(forwarding(() => new ForwardingProtocol())),
};

for (const [name, makeWorld] of Object.entries(WAYS)) {
  Deno.test(`${name} sends a large amount from the memory into which it was read`, () => {
    const world = makeWorld();
    const { memory } = world.a;
    world.arrive(LARGE);
    assert(memory !== undefined && world.b.driver.heldWrite?.buffer === memory, "it was copied");
    assertEquals(world.b.driver.heldWrite, LARGE);
  });

  Deno.test(`${name} reads into other memory until a large amount was sent`, () => {
    const world = makeWorld();
    const { memory } = world.a;
    world.arrive(LARGE);
    assert(world.a.memory !== undefined && world.a.memory !== memory, "it is reused too early");
    world.sent();
    world.arrive(LARGE);
    assert(world.a.memory === memory, "it is not reused");
  });

  Deno.test(`${name} copies a small amount, and reads into the same memory again`, () => {
    const world = makeWorld();
    const { memory } = world.a;
    world.arrive(SMALL);
    assertEquals(world.b.driver.heldWrite, SMALL);
    assert(world.b.driver.heldWrite?.buffer !== memory, "a slow reader holds a block for it");
    assert(memory !== undefined && world.a.memory === memory, "it is not reused");
  });

  Deno.test(`${name} lends no memory to a connection that mostly waits`, () => {
    const world = makeWorld();
    world.a.driver.sizeHint = 4096;
    const { memory } = world.a;
    world.arrive(SMALL);
    assertEquals(world.a.memory, undefined);
    world.sent();
    world.a.driver.sizeHint = 131072;
    world.arrive(SMALL);
    assert(memory !== undefined && world.a.memory === memory, "it was not returned to the pool");
  });

  Deno.test(`${name} reuses the memory of a read that met the end of the data`, () => {
    const first = makeWorld();
    const { memory } = first.a;
    first.a.driver.arriveEnd();
    first.host.settle();
    assert(memory !== undefined && makeWorld().a.memory === memory);
  });

  Deno.test(`${name} does not reuse the memory of a read that was pending at the loss`, () => {
    const first = makeWorld();
    const { memory } = first.a;
    first.a.connection.abortConnection();
    first.host.settle();
    assertEquals([first.a.driver.end, first.b.driver.end], ["abort", "abort"]);
    for (let i = 0; i < 20; i++) assert(makeWorld().a.memory !== memory, "another read has it");
  });

  Deno.test(`${name} does not reuse memory that was not sent before the loss`, () => {
    const first = makeWorld();
    const { memory } = first.a;
    first.arrive(LARGE);
    first.b.connection.abortConnection();
    first.host.settle();
    for (let i = 0; i < 20; i++) assert(makeWorld().a.memory !== memory, "another read has it");
  });
}

Deno.test("ForwardingProtocol passes chunks to an override of dataReceived()", () => {
  const received: number[] = [];
  class Counting extends ForwardingProtocol {
    override dataReceived(data: Uint8Array): void {
      received.push(data.length);
      return super.dataReceived(data);
    }
  }
  const world = new World(forwarding(() => new Counting()));
  assertEquals(world.a.memory, undefined);
  world.arrive(LARGE);
  assertEquals(received, [65536]);
  assertEquals(world.b.driver.heldWrite, LARGE);
});

Deno.test("joinConnections() loses both connections if write() of a policy throws", () => {
  using errors = new LoggedErrors();
  const broken = new Error("broken");
  class Broken extends ProtocolWrapper {
    override write(_data: Uint8Array | string, _options?: WriteOptions): void {
      throw broken;
    }
  }
  class Breaking extends WrappingFactory<IProtocol, Broken> {
    override wrapProtocol(protocol: IProtocol): Broken {
      return new Broken(this, protocol);
    }
  }
  const host = new TestHost();
  const a = new End(host, new Protocol());
  const factory = new Breaking(Factory.forProtocol(Protocol));
  const wrapper = factory.buildProtocol(a.connection.getPeer());
  assert(wrapper !== null);
  const b = new End(host, wrapper);
  a.driver.arrive("dropped");
  joinConnections(a.connection, wrapper);
  a.driver.arrive(LARGE);
  host.settle();
  assertEquals(errors.take(), [broken]);
  assertEquals([a.driver.end, b.driver.end], ["close", "abort"]);
});

Deno.test("ForwardedMemory.forward() returns the memory of a small amount to the pool", () => {
  const [first, second] = [new ForwardedMemory(), new ForwardedMemory()];
  const transport = new StringTransport();
  const memory = first.lend(131072);
  first.forward(transport, SMALL.length);
  assert(memory !== null && second.lend(131072) === memory, "an idle connection keeps it");
  assertEquals(transport.value().length, SMALL.length);
  second.release();
});

/** A transport that calls `flushed` when the test does. */
class Holding extends StringTransport {
  flushed: (() => void) | undefined;

  override write(data: Uint8Array | string, options?: WriteOptions): void {
    super.write(data);
    this.flushed = options?.flushed;
  }
}

Deno.test("ForwardedMemory gives memory to one connection if a policy calls flushed() twice", () => {
  const [first, second] = [new ForwardedMemory(), new ForwardedMemory()];
  const transport = new Holding();
  const memory = first.lend(131072);
  first.forward(transport, LARGE.length);
  transport.flushed?.();
  transport.flushed?.();
  assert(memory !== null && first.lend(131072) === memory);
  assert(second.lend(131072) !== memory, "two connections read into it");
});

Deno.test("ForwardedMemory does not reuse memory that a policy has transferred", () => {
  const memory = new ForwardedMemory();
  const transport = new Holding();
  const block = memory.lend(131072);
  memory.forward(transport, LARGE.length);
  block?.buffer.transfer(0);
  transport.flushed?.();
  assertEquals(memory.lend(131072)?.length, 262144);
});
