/** Tests of the RESP client with Redis. */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { ClientService, connectProtocol, UNIXClientEndpoint } from "../endpoints/mod.ts";
import { RequestLost, RequestTimeout } from "../protocol/mod.ts";
import {
  asBytes,
  asInteger,
  asNumber,
  asText,
  asTextMap,
  asTexts,
  RESPClient,
  RESPClientFactory,
  type RESPClientOptions,
  RESPError,
} from "../protocol/resp/mod.ts";
import type { Program } from "../testing/fixtures/program.ts";
import { type InteropFixture, interopTest, REDIS_SERVER } from "./tool.ts";

const test = interopTest(REDIS_SERVER);

/** A Redis that listens on a UNIX socket in a folder of its own, and its clients. */
class Redis {
  readonly endpoint: UNIXClientEndpoint;
  readonly #fixture: InteropFixture;
  readonly #folder: string;

  constructor(fixture: InteropFixture) {
    this.#fixture = fixture;
    this.#folder = fixture.folder();
    this.endpoint = new UNIXClientEndpoint(fixture.reactor, `${this.#folder}/redis.sock`);
  }

  /** Starts the server, and waits until it listens. It ends with the test. */
  async start(...options: string[]): Promise<Program> {
    const files = ["--dir", this.#folder, "--unixsocket", `${this.#folder}/redis.sock`];
    const nothingSaved = ["--port", "0", "--save", "", "--appendonly", "no"];
    const server = this.#fixture.start(...files, ...nothingSaved, ...options);
    await server.line(/Ready to accept connections/i);
    return server;
  }

  /** Connects a client, and prepares it. It is closed with the test. */
  async connect(options: Partial<RESPClientOptions> = {}): Promise<RESPClient> {
    const client = new RESPClient({ clock: this.#fixture.reactor, ...options });
    await connectProtocol(this.endpoint, client);
    this.#fixture.after(() => client.transport.abortConnection());
    await client.prepare();
    return client;
  }
}

async function start(fixture: InteropFixture, ...options: string[]): Promise<Redis> {
  fixture.run();
  const redis = new Redis(fixture);
  await redis.start(...options);
  return redis;
}

for (const version of [2, 3] as const) {
  test(`RESPClient with RESP${version} reads all kinds of replies of Redis`, async (fixture) => {
    const redis = await start(fixture);
    const client = await redis.connect({ version, clientName: "test", database: 3 });
    assertEquals(client.version, version);
    assertEquals(await client.command(["SET", "text", "hellö"]), "OK");
    assertEquals(await client.command(["GET", "text"]), "hellö");
    assertEquals(await client.command(["GET", "missing"]), null);
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    await client.command(["SET", "bytes", bytes]);
    assertEquals(await client.command(["GET", "bytes"], { read: asBytes }), bytes);
    assertEquals(await client.command(["INCR", "n"], { read: asInteger }), 1);
    await client.command(["HSET", "user", "name", "Ada", "born", 1815]);
    const user = new Map([["name", "Ada"], ["born", "1815"]]);
    assertEquals(await client.command(["HGETALL", "user"], { read: asTextMap }), user);
    await client.command(["ZADD", "scores", 1.5, "ada"]);
    assertEquals(await client.command(["ZSCORE", "scores", "ada"], { read: asNumber }), 1.5);
    await client.command(["SADD", "set", "a"]);
    assertEquals(await client.command(["SMEMBERS", "set"], { read: asTexts }), ["a"]);
    const info = await client.command(["CLIENT", "INFO"], { read: asText });
    assert(/ name=test /.test(info) && / db=3 /.test(info), info);
    const large = "x".repeat(3_000_000);
    await client.command(["SET", "large", large]);
    assertEquals(await client.command(["GET", "large"]), large);
    const error = await assertRejects(
      async () => await client.command(["INCR", "text"]),
      RESPError,
    );
    assertEquals(error.code, "ERR");
  });

  test(`RESPClient with RESP${version} pipelines, and keeps the order`, async (fixture) => {
    const redis = await start(fixture);
    const client = await redis.connect({ version });
    const counts = Array.from(
      { length: 5000 },
      () => client.command(["INCR", "n"], { read: asInteger }),
    );
    assertEquals(await Promise.all(counts), Array.from({ length: 5000 }, (_, i) => i + 1));
  });

  test(`RESPClient with RESP${version} carries out transactions`, async (fixture) => {
    const redis = await start(fixture);
    const client = await redis.connect({ version });
    const done = await client.transaction([["SET", "a", "x"], ["INCR", "a"], ["GET", "a"]]);
    assert(Array.isArray(done));
    const [set, error, value] = done;
    assertInstanceOf(error, RESPError);
    assertEquals([set, value], ["OK", "x"]);
    await assertRejects(
      async () => await client.transaction([["INCR", "n"], ["GET"]]),
      RESPError,
      "wrong number of arguments",
    );
    assertEquals(await client.command(["GET", "n"]), null);
    await client.command(["WATCH", "a"]);
    const other = await redis.connect({ version });
    await other.command(["SET", "a", "changed"]);
    assertEquals(await client.transaction([["SET", "a", "mine"]]), null);
    assertEquals(await client.command(["GET", "a"]), "changed");
  });

  test(`RESPClient with RESP${version} receives published messages`, async (fixture) => {
    const redis = await start(fixture);
    const subscriber = await redis.connect({ version });
    const publisher = await redis.connect({ version });
    const news = await subscriber.subscribe("news");
    const all = await subscriber.psubscribe("n*");
    const shard = await subscriber.ssubscribe("news");
    assertEquals(await publisher.command(["PUBLISH", "news", "one"]), 2);
    assertEquals(await publisher.command(["SPUBLISH", "news", "two"]), 1);
    for (
      const [subscription, channel, pattern, text] of [
        [news, "news", null, "one"],
        [all, "news", "n*", "one"],
        [shard, "news", null, "two"],
      ] as const
    ) {
      for await (const message of subscription) {
        assertEquals([message.channel, message.pattern, message.text], [channel, pattern, text]);
        break;
      }
    }
    // The end of each loop has ended its subscription, so that RESP2 accepts commands again.
    assertEquals(await subscriber.command(["ECHO", "back"]), "back");
    assertEquals(await publisher.command(["PUBLISH", "news", "three"]), 0);
  });

  test(`RESPClient with RESP${version} logs in, and is refused`, async (fixture) => {
    const redis = await start(fixture, "--requirepass", "s3cret");
    const client = await redis.connect({ version, password: "s3cret" });
    await client.command(["ACL", "SETUSER", "ada", "on", ">pa55", "+get", "~*", "resetchannels"]);
    const ada = await redis.connect({ version, username: "ada", password: "pa55" });
    assertEquals(await ada.command(["GET", "a"]), null);
    const refusals = [
      async () => void await ada.command(["SET", "a", "b"]),
      async () => void await ada.subscribe("news"),
      async () => void await redis.connect({ version, password: "wr0ng" }),
      async () => void await (await redis.connect({ version: 2 })).command(["GET", "a"]),
    ];
    const codes: string[] = [];
    for (const refused of refusals) {
      const error = await assertRejects(refused, RESPError);
      codes.push(error.code);
      assert(!Deno.inspect(error).includes("wr0ng"));
    }
    assertEquals(codes, ["NOPERM", "NOPERM", "WRONGPASS", "NOAUTH"]);
  });
}

test("RESPClient is notified of keys that another client changes", async (fixture) => {
  const redis = await start(fixture);
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const client = await redis.connect({ push: (...args) => resolve(args) });
  await client.command(["CLIENT", "TRACKING", "ON"]);
  await client.command(["GET", "a"]);
  await (await redis.connect()).command(["SET", "a", 1]);
  assertEquals(await promise, ["invalidate", [["a"]]]);
});

test("RESPClient matches replies after a blocking command that timed out", async (fixture) => {
  const redis = await start(fixture);
  const client = await redis.connect();
  const blocked = client.command(["BLPOP", "list", 0], { timeout: 0.05 });
  const held = client.command(["ECHO", "held"]);
  const error = await assertRejects(async () => await blocked, RequestTimeout);
  assertEquals(error.sent, true);
  await (await redis.connect()).command(["LPUSH", "list", "x"]);
  assertEquals(await held, "held");
});

test("ClientService reconnects to a Redis that is killed, and subscribes again", async (fixture) => {
  fixture.run();
  const redis = new Redis(fixture);
  const first = await redis.start("--requirepass", "s3cret");
  const factory = new RESPClientFactory({ clock: fixture.reactor, password: "s3cret" });
  const service = new ClientService(redis.endpoint, factory, {
    clock: fixture.reactor,
    retryPolicy: () => 0.05,
    prepareConnection: factory.prepare,
  });
  service.startService();
  fixture.after(() => service.stopService());
  const again = Promise.withResolvers<void>();
  const news = await factory.subscribe("news", { resubscribed: () => again.resolve() });
  const publish = (text: string) => (client: RESPClient) =>
    client.command(["PUBLISH", "news", text]);
  assertEquals(await service.request(publish("one"), { timeout: 5 }), 1);
  const blocked = service.request((client) => client.command(["BLPOP", "list", 0]));
  first.send("SIGKILL");
  const lost = await assertRejects(async () => await blocked, RequestLost);
  assertEquals(lost.sent, true);
  await first.end();
  await redis.start("--requirepass", "s3cret");
  await again.promise;
  assertEquals(await service.request(publish("two"), { timeout: 5 }), 1);
  const texts: string[] = [];
  for await (const { text } of news) {
    if (texts.push(text) === 2) break;
  }
  assertEquals(texts, ["one", "two"]);
});
