// Runs examples/streams.ts as a separate process, and checks the claims of its header.

import { assertEquals } from "@std/assert";
import { Example, messages, portOf } from "../testing/fixtures/example.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

Deno.test("streams.ts returns its input in capital letters, also of a letter in two chunks", async () => {
  await using server = new Example("streams.ts", ["0"]);
  const port = await portOf(server);
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const client = new RawPeer(conn);
  const greeting = new TextEncoder().encode("grüße\n");
  // The chunk ends within the ü.
  await client.send(greeting.subarray(0, 3));
  await client.send(greeting.subarray(3));
  assertEquals(await client.readText("GRÜSSE\n".length + 1), "GRÜSSE\n");
  await client.send("and more");
  await conn.closeWrite();
  assertEquals(new TextDecoder().decode(await client.readAll()), "AND MORE");
  await server.line(/ 127\.0\.0\.1:\d+ has all it asked for$/);
  server.send("SIGINT");
  const { code, lines, errors } = await server.end();
  assertEquals([code, errors, messages(lines).at(-1)], [0, "", "Main loop terminated."]);
});
