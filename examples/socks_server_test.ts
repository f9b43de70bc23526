// Runs examples/socks_server.ts as a separate process, and checks the claims of its header.

import { assertEquals } from "@std/assert";
import { Example, messages, portOf } from "../testing/fixtures/example.ts";

/** Requests a connection with SOCKS 5, and returns all that the server sends after its greeting. */
async function throughSOCKS(port: number, target: number): Promise<number[]> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const address = [1, 127, 0, 0, 1, target >> 8, target & 0xff];
  await conn.write(Uint8Array.of(5, 1, 0, 5, 1, 0, ...address));
  return [...new Uint8Array(await new Response(conn.readable).arrayBuffer())].slice(2);
}

/** Waits for the port of the server, which listens on the loopback interface only. */
async function startSOCKS(server: Example): Promise<number> {
  const [, port] = await server.line(/ SOCKSFactory starting on 127\.0\.0\.1:(\d+)$/);
  return Number(port);
}

Deno.test("socks_server.ts connects clients to allowed addresses, and stops on SIGINT", async () => {
  await using hello = new Example("hello_server.ts", ["0"]);
  const target = await portOf(hello);
  await using server = new Example("socks_server.ts", ["0", "127.0.0.0/8"]);
  const port = await startSOCKS(server);
  const received = await throughSOCKS(port, target);
  assertEquals(received.slice(0, 2), [5, 0]);
  assertEquals(String.fromCharCode(...received.slice(10)), "Hello Twisted");
  server.send("SIGINT");
  const { code, lines, errors } = await server.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(messages(lines).slice(-3), [
    "Received SIGINT, shutting down.",
    `(SOCKSFactory on 127.0.0.1:${port} closed)`,
    "Main loop terminated.",
  ]);
});

Deno.test("socks_server.ts refuses the services of its own host, and logs it", async () => {
  await using server = new Example("socks_server.ts", ["0"]);
  const port = await startSOCKS(server);
  assertEquals(await throughSOCKS(port, 2000), [5, 2, 0, 1, 0, 0, 0, 0, 0, 0]);
  await server.line(/ Refused the SOCKS client 127\.0\.0\.1:\d+: 127\.0\.0\.1:2000 is not allowed/);
});
