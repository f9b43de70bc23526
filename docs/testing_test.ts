// The programs of testing.md, run as the guide says.

import { assertEquals, assertMatch } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";

Deno.test("greeter.ts passes greeter_test.ts and greeter_unit_test.ts; fake_time_test.ts passes", async () => {
  await using folder = await GuideFolder.open("testing.md");
  await using program = folder.start(
    "deno test --sanitize-ops --sanitize-resources --allow-net=127.0.0.1",
  );
  const { code, lines, errors } = await program.end();
  const said = [...lines, errors].join("\n");
  assertEquals(code, 0, said);
  assertMatch(said, /3 passed \| 0 failed/);
});
