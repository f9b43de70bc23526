// The program of proxy_protocol.md, run as the guide says.

import { assertEquals } from "@std/assert";
import { netcat } from "../testing/fixtures/example.ts";
import { GuideFolder } from "../testing/fixtures/guide.ts";

const HEADER = "PROXY TCP4 192.0.2.1 192.0.2.9 56324 443\r\n";

Deno.test("behind_proxy.ts greets the client that the header names", async () => {
  await using folder = await GuideFolder.open("proxy_protocol.md");
  const endpoint = "haproxy:trustedSources=127.0.0.1:tcp:0:interface=127.0.0.1";
  await using program = folder.start(`deno run --allow-net behind_proxy.ts ${endpoint}`);
  const [, port] = await program.line(/ starting on 127\.0\.0\.1:(\d+)$/);
  assertEquals(await netcat(Number(port), HEADER), "Hello 192.0.2.1:56324\n");
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\n"));
  await program.line(/Refused a connection from 127\.0\.0\.1:\d+: Cannot decode a PROXY header/);
});
