// The programs of logging.md, run as the guide says.

import { assertEquals, assertMatch } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";
import { testPrintedOutput } from "./printed_output.ts";

const GUIDE = "logging.md";

testPrintedOutput(GUIDE, 7);

Deno.test("log_file.ts reopens its log file on SIGHUP", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start("deno run --allow-read=. --allow-write=. log_file.ts");
  await program.line("logging");
  const path = `${folder.path}/server.log`;
  await Deno.rename(path, `${path}.1`);
  program.send("SIGHUP");
  await existing(path);
  program.send("SIGTERM");
  assertEquals((await program.end()).code, 0);
  assertMatch(await Deno.readTextFile(`${path}.1`), /Log opened\.\n$/);
  assertMatch(await Deno.readTextFile(path), /^.*Received SIGTERM.*\n.*Main loop terminated\.\n$/);
});

/** Waits until a file exists. */
async function existing(path: string): Promise<void> {
  using watcher = Deno.watchFs(path.slice(0, path.lastIndexOf("/")));
  const exists = () => Deno.stat(path).then(() => true, () => false);
  if (await exists()) return;
  for await (const _event of watcher) if (await exists()) return;
}
