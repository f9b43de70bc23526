// Sends signals to examples/graceful_shutdown.ts, and checks the claims of its header.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Example, messages, portOf } from "../testing/fixtures/example.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

/** Seconds that no test waits for: the watchdog of {@linkcode Example} would end it. */
const FOREVER = "3600";

/** Returns a client whose line has not been answered yet. */
async function asking(server: Example, port: number, line: string): Promise<RawPeer> {
  const client = await RawPeer.connect(port);
  await client.send(line);
  await server.line(new RegExp(` ${line.length} bytes from 127\\.0\\.0\\.1:\\d+$`));
  return client;
}

Deno.test("graceful_shutdown.ts on SIGTERM replies to pending lines and closes idle clients", async () => {
  await using server = new Example("graceful_shutdown.ts", ["0", "0.3", FOREVER]);
  const port = await portOf(server);
  const idle = await RawPeer.connect(port);
  const busy = await asking(server, port, "a line\n");
  server.send("SIGTERM");
  await server.line(/ \(Factory on 0\.0\.0\.0:\d+ closed\)$/);
  await assertRejects(() => RawPeer.connect(port), Deno.errors.ConnectionRefused);
  const texts = [idle, busy].map(async (client) =>
    new TextDecoder().decode(await client.readAll())
  );
  assertEquals(await Promise.all(texts), ["Goodbye\n", "a line\nGoodbye\n"]);
  const { code, signal, lines, errors } = await server.end();
  assertEquals([code, signal, errors], [0, null, ""]);
  assertEquals(messages(lines).slice(-2), ["Drained, 0 aborted", "Main loop terminated."]);
  assert(messages(lines).includes("Received SIGTERM, shutting down."));
  for (const client of [idle, busy]) client.close();
});

Deno.test("graceful_shutdown.ts on SIGTERM aborts unfinished clients at the deadline", async () => {
  await using server = new Example("graceful_shutdown.ts", ["0", FOREVER, "0.2"]);
  const port = await portOf(server);
  const busy = await asking(server, port, "never answered\n");
  server.send("SIGTERM");
  assertEquals(new TextDecoder().decode(await busy.readAll()), "");
  const { code, lines } = await server.end();
  assertEquals(code, 0);
  assertEquals(messages(lines).slice(-2), ["Drained, 1 aborted", "Main loop terminated."]);
  assert(
    lines.some((line) =>
      / was aborted: it was still open 0\.2 s after its port began to drain$/.test(line)
    ),
  );
  busy.close();
});

Deno.test("graceful_shutdown.ts on a second SIGTERM exits without waiting", async () => {
  await using server = new Example("graceful_shutdown.ts", ["0", FOREVER, FOREVER]);
  const port = await portOf(server);
  const busy = await asking(server, port, "never answered\n");
  server.send("SIGTERM");
  await server.line(/ \(Factory on 0\.0\.0\.0:\d+ closed\)$/);
  server.send("SIGTERM");
  assertEquals(new TextDecoder().decode(await busy.readAll()), "");
  const { code, lines } = await server.end();
  assertEquals(code, 0);
  assert(
    messages(lines).includes(
      'Received SIGTERM while shutting down: no longer waiting for the "before" triggers.',
    ),
  );
  assertEquals(messages(lines).at(-1), "Main loop terminated.");
  busy.close();
});
