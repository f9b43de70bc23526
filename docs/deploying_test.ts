// The programs of deploying.md, run as the guide says.

import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";
import type { Program } from "../testing/fixtures/program.ts";
import { ForeignSocket } from "../testing/peers/foreign_socket.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

const GUIDE = "deploying.md";
const SERVER = "deno run --no-prompt --allow-env=LISTEN_PID,LISTEN_FDS,LISTEN_FDNAMES";

Deno.test("server.ts of deploying.md echoes lines, and exits with code 0 on SIGTERM", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using server = folder.start(`${SERVER} --allow-net=0.0.0.0:0 server.ts 0`);
  const [, port] = await server.line(/ starting on 0\.0\.0\.0:(\d+)$/);
  const peer = await RawPeer.connect(Number(port));
  await peer.send("hello\n");
  assertEquals(await peer.readText(6), "hello\n");
  server.send("SIGTERM");
  assertEquals(await peer.ending(), "end");
  peer.close();
  const { code, lines } = await server.end();
  assertEquals(code, 0);
  assertMatch(lines.at(-1) ?? "", /Main loop terminated\.$/);
});

Deno.test("server.ts of deploying.md serves on an inherited socket without --allow-net", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  using socket = ForeignSocket.listenIPv4();
  using inherited = socket.inheritable();
  const variables = "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web";
  // Only bash duplicates descriptors of more than one digit.
  await using server = folder.shell(
    `exec bash -c 'exec 3<&${inherited.descriptor} && ${variables} exec ${SERVER} server.ts' "$0"`,
  );
  await server.line(/ starting on 127\.0\.0\.1:\d+$/);
  const peer = await RawPeer.connect(socket.port);
  await peer.send("hello\n");
  assertEquals(await peer.readText(6), "hello\n");
  server.send("SIGTERM");
  assertEquals(await peer.ending(), "end");
  peer.close();
  assertEquals((await server.end()).code, 0);
});

Deno.test("standby.ts exits with the error if it may not make its lock", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start("deno run --allow-read=. --allow-write=. standby.ts");
  const { code, lines } = await program.end();
  assertEquals(code, 1);
  assertStringIncludes(lines.join("\n"), "requires unscoped --allow-read and --allow-write");
});

Deno.test("standby.ts works once the process before it has ended, cleanly or not", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  const start = (): Program =>
    folder.start("deno run --allow-read --allow-write --allow-run standby.ts");
  await using first = start();
  await first.line(/ Started$/); // its handler of SIGTERM is there
  await first.line(/ Working$/);
  await using second = start();
  await second.line(/ Started$/);
  first.send("SIGTERM");
  assertEquals((await first.end()).code, 0);
  await second.line(/ Working$/);
  second.send("SIGKILL");
  await second.end();
  await using third = start();
  await third.line(/ Started$/);
  await third.line(/ Working, after a process that ended without unlocking$/);
  third.send("SIGTERM");
  assertEquals((await third.end()).code, 0);
  await assertRejects(() => Deno.lstat(`${folder.path}/server.lock`), Deno.errors.NotFound);
});
