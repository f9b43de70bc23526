// Types commands into the console of examples/manhole.ts, and checks the claims of its header.

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Example, portOf } from "../testing/fixtures/example.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

// There are neither UNIX sockets with a mode nor SIGUSR1 on Windows.
const ignore = Deno.build.os === "windows";

Deno.test("manhole.ts answers commands on a socket of its user, and SIGUSR1", {
  ignore,
}, async () => {
  const folder = await Deno.makeTempDir({ prefix: "manhole-" });
  const path = `${folder}/manhole.sock`;
  try {
    await using server = new Example("manhole.ts", [path, "0"]);
    const port = await portOf(server);
    await server.line(/Factory starting on .*manhole\.sock$/);
    assertEquals(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);

    const echo = await RawPeer.connect(port);
    await echo.send("secret");
    assertEquals(await echo.readText(6), "secret");
    const user = new RawPeer(await Deno.connect({ transport: "unix", path }));
    await user.send("help\ndescribe\nstats\nstop\nconstructor\nquit\n");
    const text = new TextDecoder().decode(await user.readAll());
    assertStringIncludes(text, "describe: lists what is open and who made it\n");
    assertMatch(text, /connection from 127\.0\.0\.1:\d+: Echo, made by Factory on 0\.0\.0\.0:/);
    assertMatch(text, /"openConnections": 2,\n {2}"connections": 2,\n/);
    assertEquals(text.match(/Unknown command/g)?.length, 2);
    assertMatch(text, /Goodbye\n$/);
    assertEquals(text.includes("secret"), false);

    server.send("SIGUSR1");
    await server.line(/The reactor is running\.$/);
    await server.line(/connection from 127\.0\.0\.1:\d+: Echo/);
    server.send("SIGTERM");
    const { code, errors } = await server.end();
    assertEquals([code, errors], [0, ""]);
    for (const peer of [echo, user]) peer.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
