/** Tests of the memcached client with memcached, and with Twisted's client at the same server. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Deferred } from "../defer/mod.ts";
import {
  ClientService,
  connectProtocol,
  TCP4ClientEndpoint,
  UNIXClientEndpoint,
} from "../endpoints/mod.ts";
import { Factory, RequestLost } from "../protocol/mod.ts";
import {
  ClientError,
  type MemCacheOptions,
  MemCacheProtocol,
  NoSuchCommand,
  ServerError,
} from "../protocol/memcache/mod.ts";
import { memcachedPort, memcachedSocket, startMemcached } from "./memcached.ts";
import { type InteropFixture, interopTest, MEMCACHED, TWISTED } from "./tool.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Starts memcached on a UNIX socket, and connects a client. */
async function connect(
  fixture: InteropFixture,
  options: MemCacheOptions = {},
  ...server: string[]
): Promise<MemCacheProtocol> {
  const path = fixture.path("memcached.sock");
  const program = await startMemcached(memcachedSocket(path), ...server);
  fixture.after(() => program[Symbol.asyncDispose]());
  fixture.run();
  const endpoint = new UNIXClientEndpoint(fixture.reactor, path);
  return await connectProtocol(endpoint, new MemCacheProtocol(options));
}

const memcached = interopTest(MEMCACHED);

memcached("MemCacheProtocol stores, gets, changes and deletes values", async (fixture) => {
  const client = await connect(fixture);
  assertEquals(await client.get("key"), null);
  assertEquals(await client.replace("key", "x"), false);
  assertEquals(await client.append("key", "x"), false);
  assertEquals(await client.add("key", "b", { flags: 4_294_967_295 }), true);
  assertEquals(await client.add("key", "x"), false);
  assertEquals(await client.append("key", "c"), true);
  assertEquals(await client.prepend("key", bytes("a")), true);
  assertEquals(await client.get("key"), bytes("abc"));
  const item = await client.gets("key");
  assert(item !== null);
  assertEquals([item.value, item.flags], [bytes("abc"), 4_294_967_295]);
  assertEquals(await client.checkAndSet("key", "new", item.cas), true);
  assertEquals(await client.checkAndSet("key", "newer", item.cas), false);
  assertEquals(await client.checkAndSet("none", "new", item.cas), false);
  assertEquals(await client.replace("key", ""), true);
  assertEquals(await client.get("key"), new Uint8Array(0));
  assertEquals([await client.delete("key"), await client.delete("key")], [true, false]);
  client.transport.loseConnection();
});

memcached("MemCacheProtocol counts with 64 bits", async (fixture) => {
  const client = await connect(fixture);
  assertEquals(await client.increment("n"), null);
  await client.set("n", "18446744073709551613");
  assertEquals(await client.increment("n", 2), 2n ** 64n - 1n);
  assertEquals(await client.increment("n"), 0n);
  assertEquals(await client.increment("n", 2n ** 64n - 1n), 2n ** 64n - 1n);
  assertEquals(await client.decrement("n", 2n ** 63n), 2n ** 63n - 1n);
  assertEquals(await client.decrement("n", 2n ** 64n - 1n), 0n);
  await client.set("text", "hello");
  const failure = async (): Promise<unknown> => await client.increment("text");
  await assertRejects(failure, ClientError, "non-numeric value");
  assertEquals(await client.get("text"), bytes("hello"));
  client.transport.loseConnection();
});

memcached("MemCacheProtocol lets values expire", async (fixture) => {
  const client = await connect(fixture);
  await client.set("gone", "x", { expireTime: -1 });
  assertEquals(await client.get("gone"), null);
  await client.set("key", "x", { expireTime: 1000 });
  assertEquals((await client.meta("mg", "key", ["t"])).flags, ["t1000"]);
  assertEquals([await client.touch("key", 0), await client.touch("none", 0)], [true, false]);
  assertEquals((await client.meta("mg", "key", ["t"])).flags, ["t-1"]);
  await client.touch("key", -1);
  assertEquals(await client.get("key"), null);
  client.transport.loseConnection();
});

memcached(
  "MemCacheProtocol.getMultiple() gets thousands of keys of any length",
  async (fixture) => {
    const client = await connect(fixture);
    const keys = Array.from({ length: 3000 }, (_, i) => `${i}é`.padEnd(i % 240 + 1, "k"));
    const stored = keys.filter((_, i) => i % 3 !== 0);
    await Promise.all(stored.map((key) => client.set(key, key)));
    const found = await client.getMultiple(keys);
    assertEquals(found, new Map(stored.map((key) => [key, bytes(key)])));
    assertEquals((await client.getsMultiple(keys)).size, stored.length);
    client.transport.loseConnection();
  },
);

memcached("MemCacheProtocol exchanges values of any size and any bytes", async (fixture) => {
  const maxValueLength = 3_000_000;
  const client = await connect(fixture, { maxValueLength }, "-I", "4m");
  for (const size of [0, 1, 4095, 4096, 4097, 65536, 1_048_576, maxValueLength]) {
    const value = Uint8Array.from({ length: size }, (_, i) => i * 7 + i / 256);
    assertEquals(await client.set("key", value), true);
    const received = await client.get("key");
    assertEquals(received?.length, size);
    assertEquals(received?.every((byte, i) => byte === value[i]), true);
  }
  client.transport.loseConnection();
});

memcached("MemCacheProtocol continues after a value that is too large", async (fixture) => {
  const client = await connect(fixture);
  const failure = async (): Promise<unknown> => await client.set("key", new Uint8Array(1_048_576));
  await assertRejects(failure, ServerError, "object too large for cache");
  assertEquals(await client.get("key"), null);
  client.transport.loseConnection();
});

memcached(
  "MemCacheProtocol matches the answers to requests after abandoned ones",
  async (fixture) => {
    const client = await connect(fixture);
    await client.set("key", "value");
    const abandoned = Array.from({ length: 100 }, () => client.get("key"));
    const version = client.version();
    for (const request of abandoned) request.addErrback(() => {}).cancel();
    assert(/^\d+\.\d+\.\d+/.test(await version));
    client.transport.loseConnection();
  },
);

memcached("MemCacheProtocol gets the statistics and the version", async (fixture) => {
  const client = await connect(fixture);
  const [version, stats] = await Promise.all([client.version(), client.stats()]);
  assertEquals(stats.get("version"), version);
  await client.set("key", "x");
  for (const argument of ["items", "slabs", "settings", "sizes", "conns"]) {
    assert((await client.stats(argument)).size > 0, argument);
  }
  assertEquals(await client.stats("reset"), new Map());
  assertEquals(await client.stats("detail on"), new Map());
  client.transport.loseConnection();
});

memcached("MemCacheProtocol.flushAll() makes all values invalid", async (fixture) => {
  const client = await connect(fixture);
  await client.set("key", "x");
  await client.flushAll({ delay: 1000 });
  assertEquals(await client.get("key"), bytes("x"));
  await client.flushAll();
  assertEquals(await client.get("key"), null);
  client.transport.loseConnection();
});

memcached("MemCacheProtocol.meta() sends the meta commands", async (fixture) => {
  const client = await connect(fixture);
  const counter = ["N60", "J10", "D5", "v", "t"];
  const first = await client.meta("ma", "hits", counter);
  assertEquals([first.code, first.value, first.flags], ["VA", bytes("10"), ["t60"]]);
  assertEquals((await client.meta("ma", "hits", counter)).value, bytes("15"));
  const key = btoa("a key\r\n\0");
  const stored = await client.meta("ms", key, ["b", "T60", "c"], { value: "binary" });
  assertEquals(stored.code, "HD");
  const found = await client.meta("mg", key, ["b", "k", "v"]);
  assertEquals([found.value, found.flags], [bytes("binary"), [`k${key}`, "b"]]);
  assertEquals((await client.meta("md", key, ["b"])).code, "HD");
  assertEquals((await client.meta("md", key, ["b"])).code, "NF");
  assertEquals((await client.meta("mg", key, ["b", "v"])).code, "EN");
  client.transport.loseConnection();
});

memcached("MemCacheProtocol.meta() sends no value that is read as commands", async (fixture) => {
  const client = await connect(fixture);
  await client.set("canary", "x");
  const flags = Array.from({ length: 16 }, (_, i) => `O${i}`);
  const value = "delete canary\r\nget canary";
  const stored = async (flags: string[]): Promise<unknown> =>
    await client.meta("ms", "key", flags, { value });
  await assertRejects(() => stored([...flags, "I"]), ClientError, "with 17 flags");
  assertEquals(await client.get("canary"), bytes("x"));
  // The server reads as many flags as the client sends, and refuses these for another reason.
  await assertRejects(() => stored(flags), ClientError, "duplicate flag");
});

memcached("MemCacheProtocol authenticates with a first value", async (fixture) => {
  const file = `${fixture.folder()}/users`;
  await Deno.writeTextFile(file, "ada:secret\n");
  const client = await connect(fixture, {}, "-Y", file);
  const refused = async (): Promise<unknown> => await client.get("key");
  await assertRejects(refused, ClientError, "unauthenticated");
  assertEquals(await client.set("auth", "ada secret"), true);
  assertEquals(await client.set("key", "x"), true);
  client.transport.loseConnection();
});

memcached("MemCacheProtocol fails when the server does not know a command", async (fixture) => {
  const client = await connect(fixture);
  // The server reads "xversion".
  client.transport.write("x");
  await assertRejects(async () => await client.version(), NoSuchCommand);
  assert(await client.version());
  client.transport.loseConnection();
});

memcached("ClientService connects a MemCacheProtocol again after a restart", async (fixture) => {
  const address = memcachedPort();
  const first = await startMemcached(address);
  fixture.after(() => first[Symbol.asyncDispose]());
  fixture.run();
  const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", address.port);
  const service = new ClientService(endpoint, Factory.forProtocol(MemCacheProtocol), {
    clock: fixture.reactor,
    retryPolicy: () => 0.01,
  });
  service.startService();
  fixture.after(() => service.stopService());
  const client = await service.whenConnected();
  await client.set("key", "x");
  const lost = new Deferred<Error>();
  const { connectionLost } = client;
  client.connectionLost = (reason) => {
    connectionLost.call(client, reason);
    lost.callback(reason);
  };
  await first[Symbol.asyncDispose]();
  await lost;
  const failure = await assertRejects(async () => await client.get("key"), RequestLost);
  assertEquals(failure.sent, false);
  const second = await startMemcached(address);
  fixture.after(() => second[Symbol.asyncDispose]());
  const next = await service.whenConnected();
  assertEquals(await next.get("key"), null);
});

const twisted = interopTest(TWISTED, MEMCACHED);
const peer = new URL("./peers/twisted_memcache.py", import.meta.url).pathname;

twisted("MemCacheProtocol shares a server with Twisted's client", async (fixture) => {
  const address = memcachedPort();
  const server = await startMemcached(address);
  fixture.after(() => server[Symbol.asyncDispose]());
  fixture.run();
  const endpoint = new TCP4ClientEndpoint(fixture.reactor, "127.0.0.1", address.port);
  const client = await connectProtocol(endpoint, new MemCacheProtocol());
  await client.set("torsion", "from torsion", { flags: 9 });
  await client.set("count", "37");
  const program = fixture.start(peer, `${address.port}`);
  assertEquals((await program.end()).lines, ["from torsion 9", "42"]);
  const item = await client.gets("twisted");
  assertEquals([item?.value, item?.flags], [bytes("from twisted"), 7]);
  assertEquals(await client.get("count"), bytes("42"));
  client.transport.loseConnection();
});
