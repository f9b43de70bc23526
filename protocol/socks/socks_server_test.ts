/**
 * The SOCKS server. The cases of Twisted's `twisted/test/test_socks.py` are among them:
 * `ConnectTests` as they are; of `BindTests`, only that `BIND` is answered, because the command is
 * not supported.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { addObserver } from "../../log/mod.ts";
import { ConnectTimeoutError, NoRouteError } from "../../reactor/errors.ts";
import { InMemoryReactor } from "../../reactor/drivers/memory/in_memory_reactor.ts";
import type {
  Address,
  IConnector,
  IHostnameResolver,
  IInternetAddress,
  IListeningPort,
} from "../../reactor/interfaces/mod.ts";
import { isGlobalAddress } from "../../reactor/names/address_blocks.ts";
import { TableNameResolver } from "../../reactor/names/table_name_resolver.ts";
import { Clock } from "../../task/mod.ts";
import { LoggedErrors } from "../../testing/mod.ts";
import { HalfCloseableWire, Wires } from "../../testing/fixtures/wire.ts";
import { TestPeer } from "../../testing/test_peer.ts";
import { ClientFactory } from "../factory.ts";
import {
  encodeSOCKS4Request,
  encodeSOCKS5Request,
  SOCKSFactory,
  type SOCKSFactoryOptions,
  type SOCKSReactor,
  type SOCKSResolvedTarget,
} from "./mod.ts";

const ANYWHERE: SOCKSFactoryOptions = { authorize: () => true };
const NAMES = {
  localhost: ["127.0.0.1"],
  both: ["127.0.0.66", "127.0.0.1"],
  mapped: ["::ffff:127.0.0.1"],
};

/** A SOCKS server on port 1080 and a target on port 34, in memory. */
class Setup {
  readonly clock = new Clock();
  readonly reactor: InMemoryReactor = new InMemoryReactor(this.clock, {
    nameResolver: new TableNameResolver(NAMES),
  });
  readonly targets = new Wires(() => new HalfCloseableWire());
  /** The arguments of `authorize`. */
  readonly asked: SOCKSResolvedTarget[] = [];
  readonly factory: SOCKSFactory;
  readonly port: IListeningPort;
  readonly #lines: string[] = [];
  readonly #observing = addObserver(({ message }) => this.#lines.push(message), { replay: false });

  constructor(options: Partial<SOCKSFactoryOptions> = {}) {
    const { authorize = () => true } = options;
    this.factory = new SOCKSFactory(this.reactor, {
      ...options,
      authorize: (target, peer) => {
        this.asked.push(target);
        return authorize(target, peer);
      },
    });
    this.reactor.listenTCP(34, this.targets);
    this.port = this.reactor.listenTCP(1080, this.factory);
    void this.reactor.run();
    this.clock.advance(0);
  }

  /** Connects a client, which sends the parts in turns of their own. */
  async connect(...parts: (Uint8Array | string)[]): Promise<TestPeer> {
    const peer = new TestPeer();
    const factory = ClientFactory.forProtocol(() => peer);
    this.reactor.connectTCP("127.0.0.1", 1080, factory);
    await this.settle();
    for (const part of parts) await this.send(peer, part);
    return peer;
  }

  async send(peer: TestPeer, data: Uint8Array | string): Promise<void> {
    peer.transport.write(data);
    await this.settle();
  }

  /** Lets promises and the network complete. */
  async settle(): Promise<void> {
    for (let i = 0; i < 12; i++) {
      this.clock.advance(0);
      await Promise.resolve();
    }
  }

  /** The lines about refusals. */
  get refusals(): string[] {
    return this.#lines.filter((line) => line.startsWith("Refused")).map((line) =>
      line.replace(/127\.0\.0\.1:\d+/, "the client")
    );
  }

  [Symbol.dispose](): void {
    this.#observing[Symbol.dispose]();
  }
}

const TWISTED = encodeSOCKS4Request({ host: "127.0.0.1", port: 34, userId: "fooBAR" });
const GREETING = Uint8Array.of(5, 1, 0);
const request = (host: string, port = 34): Uint8Array => encodeSOCKS5Request({ host, port });

/** Returns the bytes that a client has received. */
const received = (peer: TestPeer): number[] => [...peer.data];
/** Returns the reply code of a client of version 5 without authentication. */
const replyOf = (peer: TestPeer): number | undefined => peer.data[3];

// Twisted's tests

for (const end of ["eofRemote", "eofLocal"] as const) {
  Deno.test(`SOCKSFactory connects a client of SOCKS 4 to its target, ${end}`, async () => {
    using setup = new Setup();
    const peer = await setup.connect(TWISTED);
    const target = await setup.targets.wire();
    const { host, port } = target.transport.getPeer() as { host: string; port: number };
    // Twisted sends the address of the target. The specification leaves it to the server.
    assertEquals(received(peer), [0, 90, port >> 8, port & 0xff, ...host.split(".").map(Number)]);
    await setup.send(peer, "hello, world");
    assertEquals(target.text, "hello, world");
    target.transport.write("hi there");
    await setup.settle();
    assert(peer.text.endsWith("hi there"));
    if (end === "eofRemote") target.transport.loseConnection();
    else peer.transport.loseConnection();
    await setup.settle();
    assertEquals(peer.ending, "closed");
    assert(target.events.includes("read lost") || target.events.includes("lost"));
  });
}

Deno.test("SOCKSFactory looks up the name of a SOCKS 4a request, sent byte by byte", async () => {
  using setup = new Setup();
  const bytes = encodeSOCKS4Request({ host: "localhost", port: 34, userId: "fooBAZ" });
  const peer = await setup.connect(...[...bytes].map((byte) => Uint8Array.of(byte)));
  assertEquals(received(peer).slice(0, 2), [0, 90]);
  assertEquals(setup.asked, [{
    host: "127.0.0.1",
    port: 34,
    hostname: "localhost",
    version: 4,
    username: null,
    userId: "fooBAZ",
  }]);
  await setup.send(peer, "hello, world");
  assertEquals(setup.targets.built[0]?.text, "hello, world");
});

Deno.test("SOCKSFactory rejects a SOCKS 4a request whose name has no address", async () => {
  using setup = new Setup();
  const peer = await setup.connect(encodeSOCKS4Request({ host: "failinghost", port: 34 }));
  assertEquals([received(peer), peer.ending], [[0, 91, 0, 0, 0, 0, 0, 0], "closed"]);
  assertEquals(setup.targets.built, []);
});

Deno.test("SOCKSFactory rejects a SOCKS 4 request that authorize does not allow", async () => {
  using setup = new Setup({ authorize: () => false });
  const peer = await setup.connect(TWISTED);
  assertEquals([received(peer), peer.ending], [[0, 91, 0, 0, 0, 0, 0, 0], "closed"]);
  assertEquals(setup.targets.built, []);
});

Deno.test("SOCKSFactory refuses BIND and UDP ASSOCIATE in both versions", async () => {
  using setup = new Setup();
  const bind4 = encodeSOCKS4Request({ host: "1.2.3.4", port: 34, command: 2 });
  assertEquals(received(await setup.connect(bind4)), [0, 91, 0, 0, 0, 0, 0, 0]);
  for (const command of [0, 2, 3, 255]) {
    const bind5 = encodeSOCKS5Request({ host: "1.2.3.4", port: 34, command });
    const peer = await setup.connect(GREETING, bind5);
    assertEquals(received(peer), [5, 0, 5, 7, 0, 1, 0, 0, 0, 0, 0, 0]);
    assertEquals(peer.ending, "closed");
  }
  assertEquals([setup.asked, setup.targets.built], [[], []]);
  assertEquals(
    setup.refusals[0],
    "Refused the SOCKS client the client: the command 2 is not supported",
  );
});

// Version 5

Deno.test("SOCKSFactory connects a client of SOCKS 5, however it splits its messages", async () => {
  const all = [...GREETING, ...request("localhost"), ...new TextEncoder().encode("early")];
  for (const size of [1, 4, 100]) {
    using setup = new Setup();
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < all.length; at += size) {
      chunks.push(Uint8Array.from(all.slice(at, at + size)));
    }
    const peer = await setup.connect(...chunks);
    const target = await setup.targets.wire();
    const { host, port } = target.transport.getPeer() as { host: string; port: number };
    const place = [...host.split(".").map(Number), port >> 8, port & 0xff];
    assertEquals(received(peer), [5, 0, 5, 0, 0, 1, ...place]);
    // What the client sent with its request is for the target.
    assertEquals(target.text, "early");
    assertEquals(setup.asked, [{
      host: "127.0.0.1",
      port: 34,
      hostname: "localhost",
      version: 5,
      username: null,
      userId: null,
    }]);
  }
});

Deno.test("SOCKSFactory sends the reply before what the target sends first", async () => {
  using setup = new Setup();
  setup.reactor.listenTCP(
    25,
    new Wires({ connectionMade: ({ transport }) => transport.write("220 ") }),
  );
  const peer = await setup.connect(GREETING, request("127.0.0.1", 25));
  assertEquals([received(peer).slice(0, 4), peer.text.slice(-4)], [[5, 0, 5, 0], "220 "]);
});

Deno.test("SOCKSFactory forwards the end of each direction, and the loss of a connection", async () => {
  using setup = new Setup();
  const peer = await setup.connect(GREETING, request("127.0.0.1"), "question");
  const target = await setup.targets.wire();
  peer.transport.loseWriteConnection();
  await setup.settle();
  assertEquals(target.events, ["made", "data", "read lost"]);
  target.transport.write("answer");
  target.transport.loseWriteConnection();
  await setup.settle();
  assertEquals([peer.text.slice(-6), peer.ending], ["answer", "closed"]);
  const other = await setup.connect(GREETING, request("127.0.0.1"));
  (await setup.targets.wire(1)).transport.abortConnection();
  await setup.settle();
  assertEquals(other.ending, "ECONNRESET");
});

Deno.test("SOCKSFactory forwards what a client sends before it closes its writing side", async () => {
  using setup = new Setup();
  const peer = await setup.connect();
  peer.transport.write(Uint8Array.from([...GREETING, ...request("127.0.0.1"), 0x21]));
  peer.transport.loseWriteConnection();
  await setup.settle();
  const target = await setup.targets.wire();
  assertEquals([target.text, target.events], ["!", ["made", "data", "read lost"]]);
});

// Failures

Deno.test("SOCKSFactory answers each failure with its reply code", async () => {
  using setup = new Setup();
  const code = async (host: string, port = 34): Promise<number | undefined> => {
    const peer = await setup.connect(GREETING, request(host, port));
    assertEquals([received(peer).slice(4), peer.ending], [[0, 1, 0, 0, 0, 0, 0, 0], "closed"]);
    return replyOf(peer);
  };
  assertEquals(await code("127.0.0.1", 35), 5); // refused
  assertEquals(await code("no-such-host"), 4);
  assertEquals(await code("not a name"), 4);
  assertEquals(await code("127.0.0.1", 0), 4);
  // A resolver that returns a name: connecting to it would be a second lookup.
  const resolveHostName = (): Promise<string[]> => Promise.resolve(["localhost"]);
  setup.reactor.installNameResolver({ resolveHostName });
  assertEquals([await code("garbage"), setup.asked.length], [4, 1]);
});

for (
  const [what, error, code] of [
    ["a network without a route", new NoRouteError("x", { code: "ENETUNREACH" }), 3],
    ["a host without a route", new NoRouteError("x", { code: "EHOSTUNREACH" }), 4],
    ["a host that does not answer", new ConnectTimeoutError("x"), 6],
    ["another error", new Error("x"), 1],
  ] as const
) {
  Deno.test(`SOCKSFactory answers ${what} with the reply code ${code}`, async () => {
    using setup = new Setup();
    const { reactor } = setup;
    const connectTCP = reactor.connectTCP.bind(reactor);
    reactor.connectTCP = (host, port, factory, options) => {
      if (port === 1080) return connectTCP(host, port, factory, options);
      // Only the reason is used.
      factory.clientConnectionFailed({} as IConnector, error);
      return {} as IConnector<IInternetAddress>;
    };
    assertEquals(replyOf(await setup.connect(GREETING, request("127.0.0.1"))), code);
  });
}

Deno.test("SOCKSFactory answers a malformed message, and closes the connection", async () => {
  using setup = new Setup();
  const answer = async (...parts: number[][]): Promise<number[]> => {
    const peer = await setup.connect(...parts.map((part) => Uint8Array.from(part)));
    assertEquals(peer.ending, "closed");
    return received(peer);
  };
  const failure = (code: number): number[] => [5, 0, 5, code, 0, 1, 0, 0, 0, 0, 0, 0];
  assertEquals(await answer([0x47, 0x45, 0x54]), []);
  assertEquals(await answer([5, 1, 0], [5, 1, 0, 2]), failure(8));
  assertEquals(await answer([5, 1, 0], [5, 1, 9, 1]), failure(1));
  assertEquals(await answer([5, 1, 0], [5, 1, 0, 3, 0]), failure(1));
  assertEquals(await answer([4, 1, 0, 80, 0, 0, 0, 1, 0, 0]), [0, 91, 0, 0, 0, 0, 0, 0]);
  assertEquals(await answer([4, 1, 0, 80, 1, 2, 3, 4, ...Array(256).fill(65)]), [
    ...[0, 91, 0, 0, 0, 0, 0, 0],
  ]);
  assert(
    setup.refusals[0]?.startsWith("Refused the SOCKS client the client: Cannot decode a SOCKS"),
  );
});

Deno.test("SOCKSFactory.handshakeTimeout limits the time until the request is complete", async () => {
  using setup = new Setup({ handshakeTimeout: 4 });
  const peer = await setup.connect(GREETING);
  for (let second = 1; second < 4; second++) {
    setup.clock.advance(1);
    await setup.send(peer, Uint8Array.of(5));
    if (second === 1) break;
  }
  setup.clock.advance(2.9);
  assertEquals(peer.ending, "");
  setup.clock.advance(0.1);
  await setup.settle();
  assertEquals(peer.ending, "ECONNRESET");
  assertEquals(setup.refusals, [
    "Refused the SOCKS client the client: its request was not complete within 4 s",
  ]);
  const tunnel = await setup.connect(GREETING, request("127.0.0.1"));
  setup.clock.advance(1000);
  await setup.settle();
  assertEquals([tunnel.ending, setup.reactor.getDelayedCalls()], ["", []]);
});

Deno.test("SOCKSFactory.connectTimeout covers the lookup, authorize and the attempts", async () => {
  const never = new Promise<never>(() => {});
  const resolver: IHostnameResolver = { resolveHostName: () => never };
  for (const host of ["127.0.0.1", "slow.example"]) {
    using setup = new Setup({ authorize: () => never, connectTimeout: 7 });
    setup.reactor.installNameResolver(resolver);
    const peer = await setup.connect(GREETING, request(host));
    setup.clock.advance(6.9);
    await setup.settle();
    assertEquals([received(peer), peer.ending], [[5, 0], ""]);
    setup.clock.advance(0.1);
    await setup.settle();
    assertEquals([replyOf(peer), peer.ending], [6, "closed"]);
    assertEquals(setup.reactor.getDelayedCalls(), []);
  }
});

Deno.test("SOCKSFactory ends the attempt when the client is gone", async () => {
  let allow = (_: boolean): void => {};
  using setup = new Setup({
    authorize: () => new Promise<boolean>((resolve) => allow = resolve),
  });
  const peer = await setup.connect(GREETING, request("127.0.0.1"));
  await setup.settle();
  // The server has paused the client, so that only a reset reaches it.
  peer.transport.abortConnection();
  await setup.settle();
  allow(true);
  await setup.settle();
  assertEquals(setup.targets.built.filter((wire) => wire.transport.connected).length, 0);
});

// Authorization

Deno.test("SOCKSFactory.authorize gets the address to which the server connects", async () => {
  // A name that has another address at each lookup, as in a DNS rebinding attack.
  let lookups = 0;
  using setup = new Setup({ authorize: ({ host }) => host === "127.0.0.1" });
  setup.reactor.installNameResolver({
    resolveHostName: (_name, { family }) => {
      if (family === "IPv6") return Promise.resolve([]);
      return Promise.resolve([lookups++ === 0 ? "127.0.0.1" : "127.0.0.66"]);
    },
  });
  const peer = await setup.connect(GREETING, request("rebinding.example"));
  assertEquals([replyOf(peer), lookups], [0, 1]);
  const target = await setup.targets.wire();
  assertEquals((target.transport.getHost() as { host: string }).host, "127.0.0.1");
  const second = await setup.connect(GREETING, request("rebinding.example"));
  assertEquals([replyOf(second), setup.targets.built.length], [2, 1]);
});

Deno.test("SOCKSFactory.authorize gets each address in one form", async () => {
  using setup = new Setup({ authorize: () => false });
  const hosts = [
    "::ffff:127.0.0.1",
    "::FFFF:7F00:1",
    "0:0:0:0:0:0:0:1",
    "FE80::1%eth0",
    "mapped",
  ];
  for (const host of hosts) {
    // As a name, because a client may send any text.
    const name = new TextEncoder().encode(host);
    await setup.connect(GREETING, Uint8Array.of(5, 1, 0, 3, name.length, ...name, 0, 34));
  }
  assertEquals(setup.asked.map(({ host, hostname }) => [host, hostname]), [
    ["127.0.0.1", null],
    ["127.0.0.1", null],
    ["::1", null],
    ["fe80::1", null],
    ["127.0.0.1", "mapped"],
  ]);
});

Deno.test("SOCKSFactory.authorize is asked for every address of a name that is tried", async () => {
  using setup = new Setup({ authorize: ({ host }) => host !== "127.0.0.66" });
  const peer = await setup.connect(GREETING, request("both"));
  assertEquals(setup.asked.map(({ host }) => host), ["127.0.0.66", "127.0.0.1"]);
  assertEquals([replyOf(peer), setup.targets.built.length], [0, 1]);
});

Deno.test("isGlobalAddress() as the rule protects the server's own host", async () => {
  using setup = new Setup({ authorize: ({ host }) => isGlobalAddress(host) });
  for (const host of ["localhost", "127.0.0.1", "127.8.8.8", "0.0.0.0", "::1", "::", "mapped"]) {
    assertEquals(replyOf(await setup.connect(GREETING, request(host))), 2);
  }
  assertEquals(setup.targets.built, []);
  assert(
    setup.refusals[0]?.startsWith(
      "Refused the SOCKS client the client: localhost:34 is not allowed: Cannot connect to",
    ),
  );
});

Deno.test("SOCKSFactory.authorize may be async, and refuses with all that is not true", async () => {
  for (
    const [authorize, code] of [
      [() => Promise.resolve(true), 0],
      [() => Promise.resolve(false), 2],
    ] as const
  ) {
    using setup = new Setup({ authorize });
    assertEquals(replyOf(await setup.connect(GREETING, request("127.0.0.1"))), code);
  }
  const error = new Error("no rules");
  const wrong: (() => unknown)[] = [
    () => {
      throw error;
    },
    () => Promise.reject(error),
    () => "yes",
    () => 1,
    () => undefined,
  ];
  for (const authorize of wrong) {
    using errors = new LoggedErrors();
    // The types reject some of these functions.
    using setup = new Setup({ authorize: authorize as () => boolean });
    assertEquals(replyOf(await setup.connect(GREETING, request("127.0.0.1"))), 2);
    assertEquals([errors.take().length, setup.targets.built], [1, []]);
  }
});

Deno.test("SOCKSFactory.authorize gets the client's address", async () => {
  const peers: Address[] = [];
  using setup = new Setup({
    authorize: (_, peer) => {
      peers.push(peer);
      return true;
    },
  });
  const peer = await setup.connect(GREETING, request("127.0.0.1"));
  assertEquals(peers, [peer.transport.getHost()]);
});

// Authentication

const LOGIN = (user: string, password: string): Uint8Array =>
  Uint8Array.of(
    ...[1, user.length, ...new TextEncoder().encode(user)],
    ...[password.length, ...new TextEncoder().encode(password)],
  );
const OFFER = Uint8Array.of(5, 2, 0, 2);
const secret = (user: string, password: string): boolean => user === "ada" && password === "secret";

Deno.test("SOCKSFactory.authenticate requires a valid user name and password", async () => {
  for (
    const authenticate of [secret, (...args: [string, string]) => Promise.resolve(secret(...args))]
  ) {
    using setup = new Setup({ authenticate });
    const peer = await setup.connect(OFFER, LOGIN("ada", "secret"), request("127.0.0.1"));
    assertEquals(received(peer).slice(0, 6), [5, 2, 1, 0, 5, 0]);
    assertEquals(setup.asked[0]?.username, "ada");
    const wrong = await setup.connect(OFFER, LOGIN("ada", "guess"), request("127.0.0.1"));
    assertEquals([received(wrong), wrong.ending], [[5, 2, 1, 1], "closed"]);
    assertEquals(setup.targets.built.length, 1);
    assertEquals(setup.refusals, [
      'Refused the SOCKS client the client: the user "ada" did not authenticate',
    ]);
  }
});

Deno.test("SOCKSFactory.authenticate holds back a request that came with the credentials", async () => {
  for (const [password, code] of [["secret", 0], ["guess", undefined]] as const) {
    let answer = (_: boolean): void => {};
    using setup = new Setup({
      authenticate: () => new Promise<boolean>((resolve) => answer = resolve),
    });
    const all = [...OFFER, ...LOGIN("ada", password), ...request("127.0.0.1")];
    const peer = await setup.connect(Uint8Array.from(all));
    assertEquals([received(peer), setup.asked], [[5, 2], []]);
    answer(password === "secret");
    await setup.settle();
    assertEquals([peer.data[5], setup.asked.length], [code, code === 0 ? 1 : 0]);
  }
});

Deno.test("SOCKSFactory.authenticate refuses clients that send no password", async () => {
  using setup = new Setup({ authenticate: secret });
  const open = await setup.connect(GREETING);
  assertEquals([received(open), open.ending], [[5, 0xff], "closed"]);
  const old = await setup.connect(TWISTED);
  assertEquals([received(old), old.ending], [[0, 91, 0, 0, 0, 0, 0, 0], "closed"]);
  const skipping = await setup.connect(OFFER, request("127.0.0.1"));
  assertEquals([received(skipping), skipping.ending], [[5, 2, 1, 1], "closed"]);
  const binary = await setup.connect(OFFER, Uint8Array.of(1, 1, 0xff, 1, 0xff));
  assertEquals([received(binary), binary.ending], [[5, 2, 1, 1], "closed"]);
  assertEquals([setup.asked, setup.targets.built], [[], []]);
});

Deno.test("SOCKSFactory.authenticate refuses with all that is not true", async () => {
  const error = new Error("no users");
  const wrong: (() => unknown)[] = [
    () => {
      throw error;
    },
    () => Promise.reject(error),
    () => 1,
  ];
  for (const authenticate of wrong) {
    using errors = new LoggedErrors();
    // The types reject some of these functions.
    using setup = new Setup({ authenticate: authenticate as () => boolean });
    const peer = await setup.connect(OFFER, LOGIN("ada", "secret"));
    assertEquals([received(peer), errors.take().length], [[5, 2, 1, 1], 1]);
  }
});

Deno.test("SOCKSFactory.handshakeTimeout includes authenticate", async () => {
  using setup = new Setup({ authenticate: () => new Promise<never>(() => {}) });
  const peer = await setup.connect(OFFER, LOGIN("ada", "secret"));
  setup.clock.advance(10);
  await setup.settle();
  assertEquals(peer.ending, "ECONNRESET");
});

Deno.test("SOCKSFactory without authenticate refuses clients that offer a password only", async () => {
  using setup = new Setup();
  assertEquals(received(await setup.connect(Uint8Array.of(5, 1, 2))), [5, 0xff]);
  assertEquals(received(await setup.connect(Uint8Array.of(5, 0))), [5, 0xff]);
  assertEquals(
    setup.refusals[0],
    "Refused the SOCKS client the client: " +
      "it offers only the authentication methods 2",
  );
});

// Options

Deno.test("SOCKSFactory.versions limits the versions of clients", async () => {
  using five = new Setup({ versions: [5] });
  assertEquals(received(await five.connect(TWISTED)), [0, 91, 0, 0, 0, 0, 0, 0]);
  assertEquals(replyOf(await five.connect(GREETING, request("127.0.0.1"))), 0);
  using four = new Setup({ versions: [4] });
  assertEquals(received(await four.connect(GREETING)), [5, 0xff]);
  assertEquals(received(await four.connect(TWISTED)).slice(0, 2), [0, 90]);
});

Deno.test("SOCKSFactory.connectOptions are those of the connections to targets", async () => {
  using setup = new Setup({ connectOptions: { bindAddress: "127.0.0.5", idleTimeout: 60 } });
  const peer = await setup.connect(GREETING, request("127.0.0.1"));
  assertEquals(received(peer).slice(3, 10), [0, 0, 1, 127, 0, 0, 5]);
  setup.clock.advance(59);
  await setup.send(peer, "x");
  setup.clock.advance(59);
  await setup.settle();
  assertEquals(peer.ending, "");
  setup.clock.advance(1);
  await setup.settle();
  assertEquals(peer.ending, "ECONNRESET");
});

Deno.test("SOCKSFactory logs refusals at most once a second, with their number", async () => {
  using setup = new Setup();
  for (let i = 0; i < 5; i++) await setup.connect("GET");
  assertEquals(setup.refusals.length, 1);
  setup.clock.advance(1);
  assert(setup.refusals[1]?.endsWith("(and 3 more)"), setup.refusals[1]);
});

Deno.test("SOCKSFactory closes clients without a target when its port drains", async () => {
  using setup = new Setup();
  const waiting = await setup.connect(GREETING);
  const tunnel = await setup.connect(GREETING, request("127.0.0.1"));
  void setup.port.drain(5);
  await setup.settle();
  assertEquals([waiting.ending, tunnel.ending], ["closed", ""]);
  setup.clock.advance(5);
  await setup.settle();
  assertEquals(tunnel.ending, "ECONNRESET");
});

Deno.test("SOCKSFactory requires authorize, and checks its options", () => {
  const reactor: SOCKSReactor = new InMemoryReactor(new Clock());
  // The types reject these options.
  const make = (options: unknown) => () =>
    new SOCKSFactory(reactor, options as SOCKSFactoryOptions);
  assertThrows(make({}), TypeError, "authorize");
  assertThrows(make({ authorize: true }), TypeError, "authorize");
  assertThrows(make({ ...ANYWHERE, authenticate: "secret" }), TypeError, "authenticate");
  assertThrows(make({ ...ANYWHERE, versions: [] }), RangeError, "versions");
  assertThrows(make({ ...ANYWHERE, versions: [6] }), RangeError, "versions");
  assertThrows(make({ ...ANYWHERE, versions: 5 }), TypeError, "versions must be a list");
  assertThrows(make({ ...ANYWHERE, handshakeTimeout: -1 }), RangeError, "handshakeTimeout");
  assertThrows(make({ ...ANYWHERE, connectTimeout: NaN }), RangeError, "connectTimeout");
});
