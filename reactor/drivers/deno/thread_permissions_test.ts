import { assertEquals, assertMatch } from "@std/assert";
import { Program } from "../../../testing/fixtures/program.ts";

const TASKS = new URL("../../../testing/fixtures/thread_tasks.ts", import.meta.url);

/** Has a thread add two numbers, and prints the outcome. */
const SOURCE = `
  import { DenoReactor, deferToThread } from "${import.meta.resolve("../../../mod.ts")}";
  const reactor = new DenoReactor();
  const running = reactor.run();
  const sum = deferToThread(reactor, { module: "${TASKS}", export: "add" }, 1, 2);
  console.log(await sum.addErrback((error) => error.message));
  reactor.stop();
  await running;
`;

async function run(...flags: string[]): Promise<string> {
  const url = `data:text/javascript,${encodeURIComponent(SOURCE)}`;
  await using program = new Program(["run", "--quiet", "--no-prompt", ...flags, url]);
  const { code, lines, errors } = await program.end();
  assertEquals([code, errors], [0, ""]);
  return lines.join("\n");
}

Deno.test("startDenoThread() names in its error only folders that a thread has to read", async () => {
  const refused = await run();
  assertMatch(refused, /^Cannot start a thread: it needs --allow-read=/);
  const flag = /--allow-read=\S+/.exec(refused)?.[0] ?? "";
  // Grants the folders that the error names, and the module of the task.
  assertEquals(await run(`${flag},${decodeURIComponent(TASKS.pathname)}`), "3");
});
