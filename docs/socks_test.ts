// The program of socks.md, run as the guide says.

import { assertEquals } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";

/** Requests a connection to a port of this host. @returns The reply code, and the data. */
async function request(port: number, target: number): Promise<[code: number, data: string]> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const address = [1, 127, 0, 0, 1, target >> 8, target & 0xff];
  await conn.write(Uint8Array.of(5, 1, 0, 5, 1, 0, ...address));
  const received = new Uint8Array(await new Response(conn.readable).arrayBuffer());
  return [received[3] ?? -1, new TextDecoder().decode(received.subarray(12))];
}

Deno.test("socks_proxy.ts connects to allowed addresses, and refuses its own host", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const target = listener.addr.port;
  await using folder = await GuideFolder.open("socks.md");
  for (const [blocks, code] of [["127.0.0.0/8", 0], ["", 2]] as const) {
    await using program = folder.start(
      `deno run --allow-net socks_proxy.ts 0 ${blocks}`.trimEnd(),
    );
    const [, port] = await program.line(/ starting on 127\.0\.0\.1:(\d+)$/);
    const answer = request(Number(port), target);
    if (code === 0) {
      using conn = await listener.accept();
      await conn.write(new TextEncoder().encode("hello"));
    }
    assertEquals(await answer, [code, code === 0 ? "hello" : ""]);
  }
});
