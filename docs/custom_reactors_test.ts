// The suites of custom_reactors.md, run as the guide says.

import { assertEquals, assertMatch } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";

Deno.test("custom_reactors.md reactors pass their suites: bare, resetting and own_reactor.ts", async () => {
  await using folder = await GuideFolder.open("custom_reactors.md");
  const tests = "bare_reactor_test.ts resetting_reactor_test.ts own_reactor_test.ts";
  await using program = folder.start(
    `deno test -A --quiet --sanitize-ops --sanitize-resources ${tests}`,
  );
  const { code, lines, errors } = await program.end();
  const said = [...lines, errors].join("\n");
  assertEquals(code, 0, said);
  assertMatch(said, /\b\d{3} passed \| 0 failed/);
});
