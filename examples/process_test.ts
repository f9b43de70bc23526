// Runs examples/process.ts as a separate process, and checks the claims of its header.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Example } from "../testing/fixtures/example.ts";

Deno.test("process.ts prints each line of ls -l, and exits with its exit code", async () => {
  await using example = new Example("process.ts");
  const { code, lines, errors } = await example.end();
  assertEquals([code, errors], [0, ""]);
  assertMatch(lines.at(-1) ?? "", /^Process ls \(\d+\) exited with code 0$/);
  assert(lines.some((line) => /^out: .* README\.md$/.test(line)), lines.join("\n"));
});

Deno.test("process.ts prints output and errors, also an unfinished last line, and the exit code", async () => {
  await using example = new Example("process.ts", [
    "sh",
    "-c",
    "echo oops >&2; printf 'a\\nb'; exit 3",
  ]);
  const { code, lines, errors } = await example.end();
  assertEquals([code, errors], [3, ""]);
  assertEquals(lines.slice(0, -1).toSorted(), ["err: oops", "out: a", "out: b"]);
  assertMatch(lines.at(-1) ?? "", /^Process sh \(\d+\) exited with code 3$/);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`process.ts on ${signal} terminates its command before it exits`, async () => {
    await using example = new Example("process.ts", ["sh", "-c", "echo ready; exec sleep 3600"]);
    await example.line("out: ready");
    example.send(signal);
    const { code, lines, errors } = await example.end();
    assertEquals([code, errors], [143, ""]);
    assertMatch(lines.at(-1) ?? "", /^Process sh \(\d+\) was terminated by SIGTERM$/);
  });
}

Deno.test("process.ts reports why a command cannot be started, and exits with code 1", async () => {
  await using example = new Example("process.ts", ["/nonexistent"]);
  const { code, errors } = await example.end();
  assertEquals(code, 1);
  assertMatch(errors, /^Cannot start "\/nonexistent": .*No such file or directory.*\n$/);
});
