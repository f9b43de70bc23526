// The programs of endpoints.md, run as the guide says.

import { assertEquals, assertMatch } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

const GUIDE = "endpoints.md";

async function checkEcho(conn: Deno.Conn): Promise<void> {
  const peer = new RawPeer(conn);
  await peer.send("hello");
  assertEquals(await peer.readText(5), "hello");
  peer.close();
}

Deno.test("any_echo.ts echoes on a TCP port", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using server = folder.shell(
    "exec deno run --allow-net any_echo.ts tcp:0:interface=127.0.0.1 2>&1",
  );
  const [, port] = await server.line(/ starting on 127\.0\.0\.1:(\d+)$/);
  await checkEcho(await Deno.connect({ hostname: "127.0.0.1", port: Number(port) }));
});

Deno.test("any_echo.ts echoes on a UNIX socket", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  const path = `${folder.path}/socket`;
  await using server = folder.shell(
    `exec deno run --allow-net --allow-read --allow-write any_echo.ts unix:${path} 2>&1`,
  );
  await server.line(/ starting on .*socket"?$/);
  await checkEcho(await Deno.connect({ transport: "unix", path }));
});

Deno.test("any_echo.ts echoes its standard input without a permission", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using echo = folder.start("deno run any_echo.ts stdio:", { input: true });
  await echo.say("hello\n");
  await echo.line("hello");
});

Deno.test("give_up.ts prints whether an attempt to connect timed out or failed", async () => {
  const refusing = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  refusing.close();
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start(
    `deno run --allow-net give_up.ts tcp:127.0.0.1:${refusing.addr.port}`,
  );
  const { code, lines } = await program.end();
  assertEquals(code, 0);
  assertMatch(lines.join("\n"), /^failed ConnectionRefusedError/);
});

Deno.test("own_types.ts listens on the loopback interface, and reports a wrong argument", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using server = folder.start("deno run --allow-net own_types.ts local:0:limit=10");
  await server.line(/ starting on 127\.0\.0\.1:\d+$/);
  await using wrong = folder.start("deno run --allow-net own_types.ts local:2000:limit=0");
  const { code, errors } = await wrong.end();
  assertEquals(code, 1);
  assertMatch(errors, /the argument "limit" must be an integer from 1 to 1000, got "0"/);
});
