// The programs of framing.md, run as the guide says.

import { assertEquals } from "@std/assert";
import { filesOfGuide, GuideFolder } from "../testing/fixtures/guide.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

const GUIDE = "framing.md";

Deno.test("sums.ts prints the sums, and the answer to a message that is too long", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start("deno run --allow-net=127.0.0.1 sums.ts");
  const { code, lines, errors } = await program.end();
  assertEquals([code, lines, errors], [0, ["6", "0.75", '"15003 bytes are too many"'], ""]);
});

Deno.test("records.ts prints the records, and the error of the incomplete one", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start("deno run records.ts");
  const { code, lines, errors } = await program.end();
  const error = "IncompleteFrameError: Cannot complete a record: " +
    "the input ends after 5 of its bytes (at byte 9 of the input)";
  assertEquals([code, lines, errors], [0, ['a "hello"', 'b ""', error], ""]);
});

Deno.test("send_file.ts sends the file to each client", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using server = folder.start(
    "deno run --allow-net=127.0.0.1 --allow-read send_file.ts send_file.ts 0",
  );
  const [, port] = await server.line(/ starting on 127\.0\.0\.1:(\d+)$/);
  const content = filesOfGuide(GUIDE).get("send_file.ts");
  for (let i = 0; i < 2; i++) {
    const peer = await RawPeer.connect(Number(port));
    assertEquals(new TextDecoder().decode(await peer.readAll()), content);
    peer.close();
  }
  server.send("SIGINT");
  assertEquals((await server.end()).code, 0);
});
