// Runs examples/udp_echo.ts as server and as client, each with exactly the permissions of the
// header.

import { assertEquals, assertMatch } from "@std/assert";
import { createSocket } from "node:dgram";
import { commandOf, Example, examples, messages } from "../testing/fixtures/example.ts";

/** Returns the port that a UDP server has bound. */
async function udpPortOf(server: Example): Promise<number> {
  const [, port] = await server.line(/ Echo starting on (\d+)$/);
  return Number(port);
}

/** Sends a datagram from a raw socket, and returns the reply. */
async function echoOf(port: number, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const closed = Promise.withResolvers<void>();
  const socket = createSocket("udp4", (message) => resolve(message.toString()));
  socket.once("error", reject);
  socket.once("close", closed.resolve);
  socket.send(text, port, "127.0.0.1");
  try {
    return await promise;
  } finally {
    socket.close();
    await closed.promise;
  }
}

Deno.test("udp_echo.ts sends each datagram back, and stops on SIGINT", async () => {
  await using server = new Example("udp_echo.ts", ["0"]);
  const port = await udpPortOf(server);
  for (const text of ["hello", "x".repeat(8192)]) assertEquals(await echoOf(port, text), text);
  await server.line(/\[Echo \(UDP\)\] 8192 bytes from 127\.0\.0\.1:\d+$/);
  server.send("SIGINT");
  const { code, lines, errors } = await server.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(messages(lines).slice(-3), [
    "Received SIGINT, shutting down.",
    `(UDP Port ${port} Closed)`,
    "Main loop terminated.",
  ]);
});

Deno.test("udp_echo.ts as a client sends its input, and prints the replies", async () => {
  await using server = new Example("udp_echo.ts", ["0"]);
  const port = await udpPortOf(server);
  const command = commandOf(await Deno.readTextFile(new URL("udp_echo.ts", examples)));
  const client = new Deno.Command(Deno.execPath(), {
    args: [...command, "127.0.0.1", String(port)],
    cwd: new URL("../", examples),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = client.stdin.getWriter();
  const output = client.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (const line of ["hello\n", "again\n"]) {
    await input.write(new TextEncoder().encode(line));
    assertEquals((await output.read()).value, line);
  }
  await input.close();
  client.kill("SIGINT");
  assertEquals((await client.status).code, 0);
  await output.cancel();
});

Deno.test("udp_echo.ts reports that its port is in use, and exits with code 1", async () => {
  await using first = new Example("udp_echo.ts", ["0"]);
  await using second = new Example("udp_echo.ts", [String(await udpPortOf(first))]);
  const { code, errors } = await second.end();
  assertEquals(code, 1);
  assertMatch(errors, /^Cannot listen on 0\.0\.0\.0:\d+: .*EADDRINUSE.*\n$/);
});
