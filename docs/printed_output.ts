/**
 * The output that a page says its code blocks print: a `text` block after a `ts` block. Blocks
 * marked `no-eval` are run with all permissions, the others with none.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type CodeBlock, codeBlocks } from "../testing/fixtures/code_blocks.ts";
import { Program } from "../testing/fixtures/program.ts";

const root = new URL("../", import.meta.url);

/** A program, and the lines that it prints according to its page. */
interface PrintingBlock {
  readonly block: CodeBlock;
  readonly output: readonly string[];
}

/** Reads the blocks of a page that are run and followed by their output. */
function printingBlocks(page: string): PrintingBlock[] {
  const path = `docs/${page}`;
  const blocks = codeBlocks(path, Deno.readTextFileSync(new URL(path, root)));
  return blocks.flatMap((block, index) => {
    const next = blocks[index + 1];
    const isProgram = /^ts( no-eval)?$/.test(block.info.join(" "));
    const end = block.line + block.code.split("\n").length;
    // Directly behind it: the closing fence and a blank line are in between.
    const isOutput = next?.info.join(" ") === "text" && next.line === end + 2;
    if (!isProgram || next === undefined || !isOutput) return [];
    return [{ block, output: next.code.trimEnd().split("\n") }];
  });
}

/**
 * Adds a test for each code block of a page that is followed by its output.
 *
 * @param page The name of the page in `docs/`.
 * @param fewest The number of such blocks that the page has at least.
 */
export function testPrintedOutput(page: string, fewest: number): void {
  const blocks = printingBlocks(page);

  Deno.test(`docs/${page} shows the output of at least ${fewest} programs`, () => {
    assertEquals(blocks.length >= fewest, true, `it shows that of ${blocks.length}`);
  });

  for (const { block, output } of blocks) {
    Deno.test(`docs/${page}:${block.line} prints what the page says`, async () => {
      const permissions = block.info.includes("no-eval") ? ["--allow-all"] : ["--no-prompt"];
      const args = ["run", "--quiet", "--no-check", ...permissions, "-"];
      await using program = new Program(args, { input: true });
      await program.say(block.code);
      await program.endInput();
      const { code, lines, errors } = await program.end();
      assertEquals([code, lines, errors], [0, output, ""]);
    });
  }
}
