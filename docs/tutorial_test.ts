// The programs of tutorial.md: each prints what the page shows below it.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type CodeBlock, codeBlocks } from "../testing/fixtures/code_blocks.ts";
import { ANNOUNCE, netcat } from "../testing/fixtures/example.ts";
import { Program } from "../testing/fixtures/program.ts";

const page = Deno.readTextFileSync(new URL("tutorial.md", import.meta.url));
const blocks = codeBlocks("docs/tutorial.md", page);

/** A program of the page. */
interface Step {
  readonly name: string;
  readonly code: string;
  /** The arguments of its command, without the file. */
  readonly args: string[];
  /** What the page shows below the command; `^C` where the reader presses Ctrl-C. */
  readonly output: string[];
}

/** The program in a block, with the command and the output in a later block. */
function stepOf({ code }: CodeBlock): Step[] {
  const [, name] = /^\/\/ (\w+\.ts)\n/.exec(code) ?? [];
  if (name === undefined) return [];
  const [shown, ...more] = blocks.filter((block) =>
    block.code.startsWith("$ deno run ") && block.code.split("\n")[0]?.endsWith(` ${name}`)
  );
  assert(shown !== undefined && more.length === 0, `${name} has no output, or more than one`);
  const [command = "", ...output] = shown.code.trimEnd().split("\n");
  return [{ name, code, args: command.split(" ").slice(3, -1), output }];
}

const steps = blocks.filter(({ info: [language] }) => language === "ts").flatMap(stepOf);

/** What the reader does with a program that is running, other than to press Ctrl-C. */
const ACTIONS: Record<string, (program: Program, port: number) => Promise<void>> = {
  "signals.ts": (program) => Promise.resolve(program.send("SIGHUP")),
  "hello_server.ts": async (_, port) => assertEquals(await netcat(port), "Hello Twisted\n"),
  "async_server.ts": async (_, port) => assertEquals(await netcat(port), "Hello Deferred\n"),
  "web_server.ts": async (_, port) => {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assertEquals(await response.text(), "Hello Twisted\n");
    assertStringIncludes(response.headers.get("content-type") ?? "", "text/plain");
  },
};

/** A line without what differs from run to run: times, ports and the number of the process. */
function normalize(line: string): string {
  return line
    .replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4}/, "TIME")
    .replace(/\b\d\d?:\d\d:\d\d\s[AP]M$/, "TIME")
    .replaceAll(/(127\.0\.0\.1):\d+/g, "$1:PORT")
    .replace(/(The process is) \d+/, "$1 PID");
}

/** Runs a program as the page says. @returns the lines that it printed, with `^C` among them. */
async function run({ name, code, args, output }: Step): Promise<string[]> {
  await using program = new Program(["run", "--quiet", ...args, ANNOUNCE, "-"], { input: true });
  await program.say(code.replace("(reactor, 2000,", "(reactor, 0,"));
  await program.endInput();
  const printed = () => program.lines.filter((line) => line !== "(running)");
  const interrupted = output.indexOf("^C");
  if (interrupted >= 0) {
    await waitUntilRunning(program, code);
    const [, port] = / starting on \S+:(\d+)/.exec(program.lines.join("\n")) ?? [];
    await ACTIONS[name]?.(program, Number(port));
    while (printed().length < interrupted) await program.line(/^/);
    program.send("SIGINT");
  }
  const { code: exitCode, errors } = await program.end();
  assertEquals([exitCode, errors], [0, ""]);
  return interrupted < 0 ? printed() : printed().toSpliced(interrupted, 0, "^C");
}

/** Waits until the reactor runs and, in a server, the port is open. */
async function waitUntilRunning(program: Program, code: string): Promise<void> {
  if (code.includes("listen(")) await program.line(/ starting on /);
  // The preloaded module prints it when the reactor runs: from then on, its handler gets SIGINT.
  if (!program.lines.includes("(running)")) await program.line("(running)");
  if (code.includes("Deno.pid")) await program.line(/The process is /);
}

Deno.test("tutorial.md contains each program for which this test has an action", () => {
  assertEquals(steps.length, 11);
  const names = steps.map(({ name }) => name);
  assertEquals(Object.keys(ACTIONS).filter((name) => !names.includes(name)), []);
});

for (const step of steps) {
  Deno.test(`tutorial.md: ${step.name} prints the output that the page shows`, async () => {
    const lines = await run(step);
    assertEquals(lines.map(normalize), step.output.map(normalize));
  });
}
