// The programs of testing.md, run as the guide says.

import { assertEquals, assertMatch } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";

// The tests of greeter.ts are greeter_test.ts, greeter_pair_test.ts and greeter_unit_test.ts.
Deno.test("greeter.ts passes its tests; fake_time_test.ts and strict_test.ts pass", async () => {
  await using folder = await GuideFolder.open("testing.md");
  await using program = folder.start(
    "deno test --sanitize-ops --sanitize-resources --allow-net=127.0.0.1",
  );
  const { code, lines, errors } = await program.end();
  const said = [...lines, errors].join("\n");
  assertEquals(code, 0, said);
  assertMatch(said, /5 passed \| 0 failed/);
});
