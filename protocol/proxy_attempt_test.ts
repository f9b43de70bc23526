/** `ProxyFactory` with a function that chooses the destination. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { addObserver } from "../log/mod.ts";
import { IPv4Address } from "../reactor/addresses.ts";
import { ConnectionRefusedError } from "../reactor/errors.ts";
import type { IStreamClientEndpoint } from "../reactor/interfaces/endpoint.ts";
import { LoggedErrors } from "../testing/fixtures/logged_errors.ts";
import {
  type ConnectedPair,
  connectedServerAndClient,
  IOPump,
  ManualEndpoint,
  TestPeer,
} from "../testing/mod.ts";
import { encodeProxyHeader } from "./proxy_protocol/mod.ts";
import { ProxyFactory, type ProxyFactoryOptions, type ProxyServer } from "./mod.ts";

/** A client of a forwarder, and two destinations. */
class World implements Disposable {
  readonly pump = new IOPump();
  readonly one = new ManualEndpoint({ pump: this.pump });
  readonly two = new ManualEndpoint({ pump: this.pump });
  readonly chosen: string[] = [];
  readonly pair: ConnectedPair<ProxyServer, TestPeer>;

  constructor(options: Partial<ProxyFactoryOptions> = {}) {
    const choose: ProxyFactoryOptions["choose"] = (peer, failed) => {
      this.chosen.push(`${peer} ${failed.size}`);
      return [this.one, this.two].find((endpoint) => !failed.has(endpoint)) ?? null;
    };
    const factory = new ProxyFactory({ choose, ...options });
    this.pair = connectedServerAndClient(factory, TestPeer, { pump: this.pump });
  }

  get client(): TestPeer {
    return this.pair.client;
  }

  [Symbol.dispose](): void {
    this.pair[Symbol.dispose]();
    this.one[Symbol.dispose]();
    this.two[Symbol.dispose]();
  }
}

/** Collects the lines of the log while `f` runs. */
function logged(f: () => void): string[] {
  const lines: string[] = [];
  using _observing = addObserver(({ message }) => lines.push(String(message)), { replay: false });
  f();
  return lines;
}

Deno.test("ProxyFactory forwards to the endpoint that choose() returns", () => {
  using world = new World();
  world.client.send("early ");
  world.pump.flush();
  world.one.attempt().succeed();
  world.client.send("bird");
  world.pump.flush();
  const destination = world.one.attempt().peer;
  assertEquals([destination?.text, world.chosen], ["early bird", ["192.0.2.2:2222 0"]]);
  destination?.send("worm");
  destination?.closeWrite();
  world.client.closeWrite();
  world.pump.flush();
  assertEquals([world.client.text, world.pair.serverReason?.name], ["worm", "ConnectionDone"]);
});

Deno.test("ProxyFactory chooses again after a failed attempt, as often as attempts allows", () => {
  using world = new World({ attempts: 3 });
  world.one.attempt().fail();
  assertEquals(world.chosen, ["192.0.2.2:2222 0", "192.0.2.2:2222 1"]);
  world.client.send("hello");
  world.two.attempt().succeed();
  world.pump.flush();
  assertEquals(world.two.attempt().peer?.text, "hello");
});

Deno.test("ProxyFactory closes the client's connection after the last attempt, and logs it", () => {
  for (const attempts of [1, 2]) {
    using world = new World({ attempts });
    const lines = logged(() => {
      const endpoints = [world.one, world.two].slice(0, attempts);
      for (const endpoint of endpoints) endpoint.attempt().fail(new ConnectionRefusedError("no"));
      world.pump.flush();
    });
    assertEquals(lines, ["Cannot forward the connection from 192.0.2.2:2222: no"]);
    assertEquals([world.client.ending, world.chosen.length], ["closed", attempts]);
  }
});

Deno.test("ProxyFactory closes the client's connection if choose() returns null", () => {
  const lines = logged(() => {
    using world = new World({ choose: () => null });
    assertEquals(world.client.ending, "closed");
  });
  assertEquals(lines, [
    "Cannot forward the connection from 192.0.2.2:2222: " +
    "No destination is available: choose() returned null",
  ]);
});

Deno.test("ProxyFactory logs the reason of the last attempt if choose() gives up", () => {
  using world = new World({ attempts: 9 });
  const lines = logged(() => {
    world.one.attempt().fail(new ConnectionRefusedError("first"));
    world.two.attempt().fail(new ConnectionRefusedError("second"));
    world.pump.flush();
  });
  assertEquals(lines, ["Cannot forward the connection from 192.0.2.2:2222: second"]);
  assertEquals(world.client.ending, "closed");
});

Deno.test("ProxyFactory ends the attempt when the client is lost", () => {
  using world = new World({ attempts: 2 });
  const lines = logged(() => {
    world.pair.serverTransport.abortConnection();
    world.pump.flush();
  });
  assert(world.one.attempt().isCancelled);
  assertEquals([lines, world.two.attempts.length], [[], 0]);
});

Deno.test("ProxyFactory reports an error of a second choose(), and aborts the connection", () => {
  using errors = new LoggedErrors();
  let count = 0;
  const one = new ManualEndpoint();
  const choose = (): IStreamClientEndpoint => {
    if (count++ === 0) return one;
    throw new RangeError("boom");
  };
  using world = new World({ choose, attempts: 2 });
  one.attempt().fail();
  world.pump.flush();
  assertEquals(errors.takeEvents().map(({ why }) => why), [
    "Error while calling choose for 192.0.2.2:2222",
  ]);
  assertEquals(world.client.ending, "ECONNRESET");
});

Deno.test("ProxyFactory loses the connection if choose() returns something else", () => {
  using errors = new LoggedErrors();
  const wrong = [undefined, Promise.resolve(null), {}];
  for (const value of wrong) {
    // The types reject these values.
    using world = new World({ choose: () => value as never });
    assertEquals(world.pair.serverReason?.name, "TypeError");
  }
  assertEquals(errors.take().map(({ message }) => message.split(" ", 5).join(" ")), [
    "Cannot forward a connection: the",
    "choose() must return its value",
    "Cannot forward a connection: the",
  ]);
});

Deno.test("ProxyFactory sends a PROXY header before the client's data", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  for (const proxyHeader of [1, 2] as const) {
    using world = new World({ proxyHeader });
    world.client.send("hello");
    world.one.attempt().succeed();
    world.pump.flush();
    const [source, destination] = [
      new IPv4Address("TCP", "192.0.2.2", 2222),
      new IPv4Address("TCP", "192.0.2.1", 1111),
    ];
    const header = encodeProxyHeader({ version: proxyHeader, source, destination });
    assertEquals(world.one.attempt().peer?.data, Uint8Array.of(...header, ...bytes("hello")));
  }
});

Deno.test("ProxyFactory has no host and port if it chooses, and checks its options", () => {
  const factory = new ProxyFactory({ choose: () => null });
  for (const member of ["reactor", "host", "port", "options"] as const) {
    assertThrows(
      () => factory[member],
      Error,
      `Cannot get the ${member} of ProxyFactory: it chooses an endpoint for each client`,
    );
  }
  // @ts-expect-error: a function is required
  assertThrows(() => new ProxyFactory({}), TypeError, "ProxyFactory() choose must be a function");
  assertThrows(
    () => new ProxyFactory({ choose: () => null, attempts: 0 }),
    RangeError,
    "ProxyFactory() attempts must be an integer from 1",
  );
  assertThrows(
    // @ts-expect-error: there is no third version
    () => new ProxyFactory({ choose: () => null, proxyHeader: 3 }),
    RangeError,
    "ProxyFactory() proxyHeader must be 1 or 2, got 3",
  );
});
