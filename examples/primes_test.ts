// Runs examples/primes.ts as a separate process, with exactly the permissions of its header, and
// checks the header's claims.

import { assertEquals } from "@std/assert";
import { Example, portOf } from "../testing/fixtures/example.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

/** Returns a client that has asked for a count. */
async function asking(port: number, question: string): Promise<RawPeer> {
  const peer = await RawPeer.connect(port);
  await peer.send(`${question}\n`);
  return peer;
}

Deno.test("primes.ts counts in one thread, which is free again when its client disconnects", async () => {
  await using server = new Example("primes.ts", ["0", "1"]);
  const port = await portOf(server);
  for (let i = 0; i < 6; i++) {
    const peer = await asking(port, "1e15");
    await server.line(/asks$/);
    peer.close();
    await server.line(/left: its count is cancelled$/);
  }
  const peer = await asking(port, "1000000");
  assertEquals(await peer.readText(6), "78498\n");
  peer.close();
  server.send("SIGINT");
  const { code, errors } = await server.end();
  assertEquals([code, errors], [0, ""]);
});
