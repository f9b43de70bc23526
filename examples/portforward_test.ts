// Runs examples/portforward.ts as a separate process, and checks the claims of its header.

import { assertEquals } from "@std/assert";
import { Example, messages, netcat, portOf } from "../testing/fixtures/example.ts";

Deno.test("portforward.ts forwards the server's data to the client, and stops on SIGINT", async () => {
  await using hello = new Example("hello_server.ts", ["0"]);
  const to = String(await portOf(hello));
  await using forwarder = new Example("portforward.ts", ["0", "127.0.0.1", to]);
  const port = await portOf(forwarder);
  for (let client = 0; client < 3; client++) assertEquals(await netcat(port), "Hello Twisted");
  forwarder.send("SIGINT");
  const { code, lines, errors } = await forwarder.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(messages(lines).slice(-3), [
    "Received SIGINT, shutting down.",
    `(ProxyFactory on 0.0.0.0:${port} closed)`,
    "Main loop terminated.",
  ]);
});

Deno.test("portforward.ts disconnects a client if the server is unreachable, and logs why", async () => {
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const to = String(closed.addr.port);
  closed.close();
  await using forwarder = new Example("portforward.ts", ["0", "127.0.0.1", to]);
  assertEquals(await netcat(await portOf(forwarder)), "");
  await forwarder.line(
    new RegExp(` Cannot forward the connection from 127\\.0\\.0\\.1:\\d+: .*127\\.0\\.0\\.1:${to}`),
  );
});
