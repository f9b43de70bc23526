// Runs examples/request_reply.ts as a separate process, with exactly the permission of its header,
// and checks the header's claims.

import { assert, assertEquals } from "@std/assert";
import { Example } from "../testing/fixtures/example.ts";

Deno.test("request_reply.ts matches answers with questions, and detects a server that hangs", async () => {
  await using example = new Example("request_reply.ts", ["0.2"]);
  const { code, lines, errors } = await example.end();
  assertEquals([code, errors], [0, ""]);
  const [hung, ...rest] = lines.toReversed();
  assertEquals(rest.toReversed(), [
    "UPPER a: A",
    "UPPER b: B",
    "UPPER c: C",
    "WAIT 1.5: RequestTimeout: The peer did not answer the request within 0.2 s",
    "UPPER mine: MINE",
    "MUMBLE: Error: what is MUMBLE?",
  ]);
  const [, silence] =
    /^WAIT 3600: RequestLost: .* the peer sent nothing for ([\d.]+) s and left 2 heartbeats unanswered$/
      .exec(hung ?? "") ?? [];
  assert(Number(silence) > 0.58, hung);
});
