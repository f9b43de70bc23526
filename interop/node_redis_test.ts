/**
 * Tests of examples/resp_server.ts with node-redis: the package `@redis/client`, which Redis itself
 * maintains. It runs unchanged on Deno, speaks RESP2 and RESP3, and has no helper processes.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { createClient } from "@redis/client";
import { Example, portOf } from "../testing/fixtures/example.ts";

/** A client of the example server. */
class Client implements AsyncDisposable {
  readonly redis;

  constructor(port: number, version: 2 | 3) {
    this.redis = createClient({
      socket: { host: "127.0.0.1", port, reconnectStrategy: false },
      RESP: version,
    });
    // Without a listener, the event would end the process.
    this.redis.on("error", () => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.redis.isOpen) this.redis.destroy();
    return Promise.resolve();
  }
}

async function startServer(): Promise<{ server: Example; port: number }> {
  const server = new Example("resp_server.ts", ["0"]);
  return { server, port: await portOf(server, "127.0.0.1") };
}

for (const version of [2, 3] as const) {
  Deno.test(`node-redis with RESP${version} uses keys and counters of resp_server.ts`, async () => {
    const { server, port } = await startServer();
    await using _server = server;
    await using client = new Client(port, version);
    const { redis } = client;
    await redis.connect();
    assertEquals(await redis.ping(), "PONG");
    const expiration = { type: "EX", value: 60 } as const;
    assertEquals(await redis.set("greeting", "hellö", { expiration }), "OK");
    assertEquals(await redis.get("greeting"), "hellö");
    const left = await redis.ttl("greeting");
    assert(left > 0 && left <= 60, `${left}`);
    assertEquals(await redis.set("greeting", "x", { condition: "NX" }), null);
    const counts = await Promise.all(Array.from({ length: 100 }, () => redis.incr("n")));
    assertEquals(counts, Array.from({ length: 100 }, (_, i) => i + 1));
    assertEquals({ ...await redis.configGet("save") }, { save: "" });
    await assertRejects(() => redis.sendCommand(["FLY"]), Error, "unknown command 'FLY'");
    await redis.close();
  });

  Deno.test(`node-redis with RESP${version} receives messages of resp_server.ts`, async () => {
    const { server, port } = await startServer();
    await using _server = server;
    await using subscriber = new Client(port, version);
    await using publisher = new Client(port, version);
    await Promise.all([subscriber.redis.connect(), publisher.redis.connect()]);
    const received = Promise.withResolvers<string[]>();
    await subscriber.redis.subscribe("news", (message, channel) => {
      received.resolve([channel, message]);
    });
    assertEquals(await publisher.redis.publish("news", "it works"), 1);
    assertEquals(await received.promise, ["news", "it works"]);
    await subscriber.redis.unsubscribe("news");
    assertEquals(await publisher.redis.publish("news", "too late"), 0);
  });
}
