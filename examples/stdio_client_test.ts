// Runs examples/stdio_client.ts as a separate process, and checks the claims of its header.

import { assertEquals, assertMatch } from "@std/assert";
import { commandOf, Example, examples, portOf } from "../testing/fixtures/example.ts";
import { Program } from "../testing/fixtures/program.ts";

/** Starts the example with an input that the test writes. */
async function client(...args: string[]): Promise<Program> {
  const command = commandOf(await Deno.readTextFile(new URL("stdio_client.ts", examples)));
  return new Program([...command, ...args], { input: true });
}

Deno.test("stdio_client.ts prints the server's greeting, and exits although its input is open", async () => {
  await using server = new Example("hello_server.ts", ["0"]);
  const command = commandOf(await Deno.readTextFile(new URL("stdio_client.ts", examples)));
  await using program = new Deno.Command(Deno.execPath(), {
    args: [...command, "127.0.0.1", String(await portOf(server))],
    cwd: new URL("../", examples),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  // The server's greeting has no end of line.
  assertEquals(await program.stdout.text(), "Hello Twisted");
  assertEquals((await program.status).code, 0);
  await program.stdin.close();
});

Deno.test("stdio_client.ts sends typed text and prints replies, until its input ends", async () => {
  await using server = new Example("graceful_shutdown.ts", ["0", "0"]);
  await using program = await client("127.0.0.1", String(await portOf(server)));
  await program.say("first\n");
  await program.line("first");
  await program.say("second\n");
  await program.line("second");
  await program.endInput();
  const { code, errors } = await program.end();
  assertEquals([code, errors], [0, ""]);
});

Deno.test("stdio_client.ts reports that no server listens, and exits with code 1", async () => {
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = closed.addr;
  closed.close();
  await using program = await client("127.0.0.1", String(port));
  const { code, errors } = await program.end();
  assertEquals(code, 1);
  assertMatch(errors, new RegExp(`^Cannot connect to 127\\.0\\.0\\.1:${port}: .*\n$`));
});
