// The programs of testing.md, run as the guide says.

import { assertEquals, assertMatch } from "@std/assert";
import { GuideFolder } from "../testing/fixtures/guide.ts";

Deno.test("greeter_test.ts and fake_time_test.ts pass", async () => {
  await using folder = await GuideFolder.open("testing.md");
  for (const name of ["greeter_test.ts", "fake_time_test.ts"]) {
    await using program = folder.start(
      `deno test --sanitize-ops --sanitize-resources --allow-net=127.0.0.1 ${name}`,
    );
    const { code, lines, errors } = await program.end();
    assertEquals(code, 0, [...lines, errors].join("\n"));
    assertMatch(lines.join("\n"), /1 passed \| 0 failed/);
  }
});
