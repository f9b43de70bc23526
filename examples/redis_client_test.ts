// Runs examples/redis_client.ts as a separate process, with exactly the permission of its header,
// and checks the header's claims with examples/resp_server.ts.

import { assertEquals, assertMatch } from "@std/assert";
import { Example, messages, portOf } from "../testing/fixtures/example.ts";

/** Publishes a message. */
async function publish(port: number, text: string): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode(`PUBLISH news ${text}\r\n`));
  assertEquals(await conn.read(new Uint8Array(64)), ":1\r\n".length);
}

Deno.test("redis_client.ts counts, and subscribes again after the server restarts", async () => {
  const server = new Example("resp_server.ts", ["0"]);
  const port = await portOf(server, "127.0.0.1");
  await using client = new Example("redis_client.ts", [`tcp:127.0.0.1:${port}`, "0.1"]);
  await client.line(/ subscribed$/);
  await client.line(/ visits: 1$/);
  await publish(port, "one");
  await client.line(/ news: one$/);
  await server[Symbol.asyncDispose]();
  await client.line(/ Scheduling retry 1 to connect /);
  await using restarted = new Example("resp_server.ts", [`${port}`]);
  await portOf(restarted, "127.0.0.1");
  await client.line(/ subscribed again$/);
  await publish(port, "two");
  await client.line(/ news: two$/);
  await client.line(/ visits: \d+$/);
  client.send("SIGINT");
  const { code, lines, errors } = await client.end();
  assertEquals([code, errors], [0, ""]);
  assertMatch(messages(lines).at(-1) ?? "", /Main loop terminated/);
});
