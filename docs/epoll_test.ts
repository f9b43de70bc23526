// The program of epoll.md, run as the guide says.

import { assertEquals } from "@std/assert";
import { portOf } from "../testing/fixtures/example.ts";
import { GuideFolder } from "../testing/fixtures/guide.ts";

Deno.test({
  name: "epoll_server.ts echoes, and stops on SIGTERM",
  // The guide is about a reactor for Linux.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using folder = await GuideFolder.open("epoll.md");
    await using program = folder.start(
      "deno run --allow-ffi --allow-net epoll_server.ts 0",
    );
    const port = await portOf(program, "127.0.0.1");
    using conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(new TextEncoder().encode("hello"));
    const answer = new Uint8Array(5);
    await conn.read(answer);
    assertEquals(new TextDecoder().decode(answer), "hello");
    program.send("SIGTERM");
    const { code } = await program.end();
    assertEquals(code, 0);
  },
});
