/**
 * Runs the code blocks of the documentation that need no network, no file and no prompt, each as a
 * separate program without permissions. A block marked `no-eval` is only type-checked, by
 * `deno task check:docs`.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type CodeBlock, codeBlocks } from "./testing/fixtures/code_blocks.ts";
import { filesOf, read, root } from "./testing/fixtures/repository.ts";

/** The time limit of a block, in milliseconds. A busy machine starts programs slowly. */
const LONGEST_RUN = 20_000;
const LIBRARY = ["log", "defer", "reactor", "task", "protocol", "endpoints", "testing"];

const documents = ["docs", ...LIBRARY].flatMap((folder) => filesOf(`${folder}/`))
  .filter((path) => /\.(ts|md)$/.test(path) && !path.endsWith("_test.ts"));
const paths = ["mod.ts", "README.md", ...documents].sort();
const blocks = paths.flatMap((path) => codeBlocks(path, read(path)))
  .filter(({ info: [language] }) => language === "ts");
const programs = blocks.filter(({ info }) => !info.includes("no-eval"));

/** Runs a block without permissions. */
async function run({ code }: CodeBlock): Promise<{ code: number; errors: string }> {
  // Without a terminal and without --allow flags, an operation that needs a permission fails.
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-check", "--no-lock", "-"],
    cwd: root,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  // An example that waits for a network or a signal would run forever: it lacks its mark.
  const deadline = setTimeout(() => child.kill("SIGKILL"), LONGEST_RUN);
  try {
    const output = await child.output();
    return { code: output.code, errors: new TextDecoder().decode(output.stderr) };
  } finally {
    clearTimeout(deadline);
  }
}

Deno.test("Markdown and docstring code blocks run, unless marked no-eval or ignore", () => {
  const unknown = blocks.filter(({ info: [, ...marks] }) =>
    marks.some((mark) => mark !== "no-eval" && mark !== "ignore")
  );
  assertEquals(unknown.map(({ path, line, info }) => `${path}:${line} ${info.join(" ")}`), []);
  assert(programs.length > 50, `Only ${programs.length} code blocks are run`);
});

for (const block of programs.filter(({ info }) => !info.includes("ignore"))) {
  Deno.test(`code block ${block.path}:${block.line} runs without permissions`, async () => {
    const { code, errors } = await run(block);
    // An example may log to standard error on purpose, so only the exit code counts.
    assertEquals(code, 0, errors);
  });
}
