// The programs of scaling.md, run as the guide says.

import { assertEquals, assertMatch } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

/** Sends a line, and checks that the answer has it after a process ID. */
async function echo(port: number, line: string): Promise<void> {
  const peer = await RawPeer.connect(port);
  await peer.send(line);
  let answer = "";
  while (!answer.endsWith("\n")) answer += await peer.readText(1);
  peer.close();
  assertMatch(answer, new RegExp(`^\\d+ ${line}$`));
}

Deno.test({
  name: "supervisor.ts runs worker.ts several times on one port, and replaces it on SIGHUP",
  // The supervisor needs a reactor for Linux.
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using folder = await GuideFolder.open("scaling.md");
    await using program = folder.start(
      "deno run --allow-ffi --allow-net --allow-run supervisor.ts 0",
    );
    const [, port] = await program.line(/ \d+ workers on port (\d+)$/);
    await echo(Number(port), "hello\n");
    program.send("SIGHUP");
    await program.line(/Restarted$/);
    await echo(Number(port), "again\n");
    program.send("SIGTERM");
    const { code, errors } = await program.end();
    assertEquals([code, errors], [0, ""]);
  },
});
