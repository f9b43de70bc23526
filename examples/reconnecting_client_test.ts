// Runs examples/reconnecting_client.ts as a separate process, with exactly the permission of its
// header, and checks the header's claims.

import { assert, assertEquals } from "@std/assert";
import { Example, messages } from "../testing/fixtures/example.ts";

const decoder = new TextDecoder();

/** Sends the first chunk back. */
async function echoOnce(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64);
  const size = await conn.read(buffer);
  assert(size !== null && decoder.decode(buffer.subarray(0, size)).endsWith("\n"));
  await conn.write(buffer.subarray(0, size));
}

/** Listens on a port. */
function serve(port: number): Deno.TcpListener {
  return Deno.listen({ hostname: "127.0.0.1", port });
}

Deno.test("reconnecting_client.ts reconnects to a restarted server, and stops on SIGINT", async () => {
  const first = serve(0);
  const { port } = first.addr;
  await using client = new Example("reconnecting_client.ts", [String(port), "0.1"]);
  const served = await first.accept();
  await client.line(new RegExp(` Connected to 127\\.0\\.0\\.1:${port}$`));
  await echoOnce(served);
  await client.line(/ The server says \S.*$/);
  first.close();
  served.close();
  await client.line(/ Disconnected: /);
  await client.line(/ Scheduling retry 1 to connect 127\.0\.0\.1:\d+ in [\d.]+ seconds\. /);
  await client.line(/ Scheduling retry 2 .*Connection refused/);
  using second = serve(port);
  using again = await second.accept();
  await echoOnce(again);
  await client.line(/ The server says \S.*$/);
  client.send("SIGINT");
  while (await again.read(new Uint8Array(64)) !== null);
  const { code, lines, errors } = await client.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(lines.slice(-3).map((line) => line.replace(/^.* \[[^\]]*\] /, "")), [
    "Received SIGINT, shutting down.",
    "Disconnected: Connection was closed cleanly",
    "Main loop terminated.",
  ]);
});

Deno.test("reconnecting_client.ts without a server stops on SIGINT, without an error", async () => {
  const unused = serve(0);
  const { port } = unused.addr;
  unused.close();
  await using client = new Example("reconnecting_client.ts", [String(port)]);
  await client.line(/ Scheduling retry 1 /);
  client.send("SIGINT");
  const { code, lines, errors } = await client.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(messages(lines).slice(-2), [
    "Received SIGINT, shutting down.",
    "Main loop terminated.",
  ]);
});
