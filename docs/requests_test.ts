// The programs of requests.md, run as the guide says.

import { assertEquals, assertMatch } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";

const GUIDE = "requests.md";

Deno.test("requests.ts prints the answers, and why the last request failed", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start("deno run --allow-net=127.0.0.1 requests.ts");
  const { code, lines, errors } = await program.end();
  const [answers, failure = "", ...rest] = lines;
  assertEquals([code, answers, rest, errors], [0, '[ "ONE", "TWO" ]', [], ""]);
  assertMatch(
    failure,
    /^The connection was lost before the request was answered: Connection to 127\.0\.0\.1:\d+ was aborted: the peer sent nothing for [\d.]+ s and left 2 heartbeats unanswered$/,
  );
});

Deno.test("retries.ts asks again only what the server cannot have received", async () => {
  await using folder = await GuideFolder.open(GUIDE);
  await using program = folder.start("deno run --allow-net=127.0.0.1 retries.ts");
  const { code, lines, errors } = await program.end();
  assertEquals([code, lines, errors], [0, [
    "CRASH: RequestLost, sent: true",
    "one: RequestLost, sent: false",
    "not asked again",
    "ONE",
  ], ""]);
});
