// The programs of deploying.md, run as the guide says.

import { assertEquals, assertMatch } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";
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

Deno.test("log_file.ts reopens its log file on SIGHUP", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start("deno run --allow-write=server.log log_file.ts");
  await program.line("logging");
  const path = `${folder.path}/server.log`;
  await Deno.rename(path, `${path}.1`);
  program.send("SIGHUP");
  await existing(path);
  program.send("SIGTERM");
  assertEquals((await program.end()).code, 0);
  assertMatch(await Deno.readTextFile(`${path}.1`), /Log opened\.\n$/);
  assertMatch(await Deno.readTextFile(path), /Log opened\.\n[^]*Main loop terminated\.\n$/);
});

/** Waits until a file exists. */
async function existing(path: string): Promise<void> {
  using watcher = Deno.watchFs(path.slice(0, path.lastIndexOf("/")));
  const exists = () => Deno.stat(path).then(() => true, () => false);
  if (await exists()) return;
  for await (const _event of watcher) if (await exists()) return;
}
