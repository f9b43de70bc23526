import { assertEquals } from "@std/assert";
import { Program } from "../testing/fixtures/program.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

const isWindows = Deno.build.os === "windows";

Deno.test("hello_server.ts survives more idle clients than it has file descriptors", {
  ignore: isWindows,
}, async () => {
  const path = new URL("./hello_server.ts", import.meta.url).href;
  const deno = [Deno.execPath(), "run", "--quiet", "--allow-net", path, "0"];
  await using server = new Program(["-c", 'ulimit -n 50 && exec "$@"', "sh", ...deno], {
    command: "sh",
  });
  const [, port] = await server.line(/starting on 0\.0\.0\.0:(\d+)/);
  const connect = () => RawPeer.connect(Number(port));
  const idle = await Promise.all(Array.from({ length: 60 }, connect));
  await server.line(/Cannot accept connections on 0\.0\.0\.0:\d+, so accepting is paused/);
  for (const peer of idle) peer.close();
  await server.line(/Accepting connections on 0\.0\.0\.0:\d+ again/);
  const peer = await connect();
  assertEquals(await peer.readText(13), "Hello Twisted");
  peer.close();
  server.send("SIGTERM");
  assertEquals((await server.end()).code, 0);
});
