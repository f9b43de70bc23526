// Runs node.ts with brokers that accept its connection and never answer.

import { assertEquals } from "@std/assert";
import { Example } from "../../testing/fixtures/example.ts";

/** Runs a node until it has given up one attempt, and stops it while it connects again. */
async function stopWithMuteBroker(name: string): Promise<void> {
  using broker = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `${name}:tcp:127.0.0.1:${broker.addr.port}`;
  await using node = new Example("cluster_chat/node.ts", ["0", "0", address]);
  using first = await broker.accept();
  await first.readable.pipeTo(new WritableStream()); // until the node closes it
  await node.line(/Scheduling retry 1 to connect .* \(ConnectTimeoutError: /);
  using _second = await broker.accept();
  node.send("SIGTERM");
  const { code, errors } = await node.end();
  assertEquals([code, errors], [0, ""]);
}

Deno.test("node.ts closes a connection to a mute Redis or NATS, and stops meanwhile", async () => {
  await Promise.all(["redis", "nats"].map(stopWithMuteBroker));
});
