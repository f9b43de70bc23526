/**
 * Follows README.md's recipe for a clone word for word, in a project outside of the repository.
 *
 *     deno run -A .ci/outside.ts CLONE
 *
 * The files and commands are those of the README's code blocks. They run three times: with Deno's
 * default compiler options, with every strict flag, and with the types of the DOM. The program must
 * print what the README shows, and nothing may print a warning. `deno check` also checks each entry
 * point of the package.
 */

import { type CodeBlock, codeBlocks } from "../testing/fixtures/code_blocks.ts";

const README_PORT = 2000;
/** Milliseconds. On a busy machine, Deno takes a while to check all types. */
const LONGEST_COMMAND = 120_000;

/** The compiler options of each form. */
const FORMS: Record<string, Record<string, unknown>> = {
  "Deno's default options": {},
  "every strict flag": {
    strict: true,
    allowUnreachableCode: false,
    allowUnusedLabels: false,
    exactOptionalPropertyTypes: true,
    noFallthroughCasesInSwitch: true,
    noImplicitOverride: true,
    noImplicitReturns: true,
    noPropertyAccessFromIndexSignature: true,
    noUncheckedIndexedAccess: true,
    noUnusedLocals: true,
    noUnusedParameters: true,
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
  },
  'lib: ["deno.window", "dom"]': { lib: ["deno.window", "dom"] },
};

const [clone] = Deno.args;
if (clone === undefined) {
  throw new Error("Cannot follow the recipe: the path of a clone is missing");
}

const readme = await Deno.readTextFile(`${clone}/README.md`);
const blocks = codeBlocks("README.md", readme);

/** The only code block that passes. */
function block(what: string, passes: (block: CodeBlock) => boolean): string {
  const [found, ...more] = blocks.filter(passes);
  if (found === undefined || more.length > 0) {
    throw new Error(`Cannot follow the recipe: README.md must have one code block with ${what}`);
  }
  return found.code;
}

/** The program after a file name in the README's prose: `deno run --allow-net echo.ts`. */
function command(start: string): string[] {
  const found = [...readme.matchAll(/`(deno [^`]*)`/g)].map(([, text = ""]) => text)
    .find((text) => text.startsWith(start));
  if (found === undefined) throw new Error(`Cannot follow the recipe: README.md has no ${start}`);
  return found.split(" ").slice(1);
}

const file = (name: string): string =>
  block(name, ({ info, code }) => info[0] === "ts" && code.startsWith(`// ${name}\n`));
const configuration: { imports: Record<string, string> } = JSON.parse(
  block("a deno.json", ({ info }) => info[0] === "json"),
);
const output = block("the output of echo.ts", ({ code }) => code.includes("] Log opened."));
const port = freePort();
/** The README's text, with a port that is free. */
const onFreePort = (text: string): string => text.replaceAll(String(README_PORT), String(port));

/** The README's port if it is free, otherwise one that the system chooses. */
function freePort(): number {
  const bound = (port: number): number => {
    using listener = Deno.listen({ port });
    return listener.addr.port;
  };
  try {
    return bound(README_PORT);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    return bound(0);
  }
}

/**
 * A module that imports every entry point of the clone, so that `deno check` looks at all of them.
 * The one that needs a package from JSR is left out.
 */
function entryPoints(): string {
  const { exports }: { exports: Record<string, string> } = JSON.parse(
    Deno.readTextFileSync(`${clone}/deno.json`),
  );
  return Object.values(exports).filter((path) => path !== "./log/std.ts")
    .map((path) => `import "../torsion/${path.slice(2)}";\n`).join("");
}

/** A command that has ended. */
interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts Deno in the project. */
function start(project: string, args: string[]): Deno.ChildProcess {
  console.log(`$ deno ${args.join(" ")}`);
  return new Deno.Command(Deno.execPath(), {
    args,
    cwd: project,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(LONGEST_COMMAND),
  }).spawn();
}

/** Fails if a command failed or warned. */
function check(args: string[], { code, stdout, stderr }: Ended): void {
  const warned = /warning|unsupported|unstable/i.exec(stdout + stderr);
  if (code === 0 && warned === null) return;
  throw new Error(
    `deno ${args.join(" ")} ended with the exit code ${code}${warned ? " and a warning" : ""}:\n` +
      stdout + stderr,
  );
}

/** Runs a command to its end. */
async function run(project: string, args: string[]): Promise<Ended> {
  const { code, stdout, stderr } = await start(project, args).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const ended = { code, stdout: text(stdout), stderr: text(stderr) };
  check(args, ended);
  return ended;
}

/** Sends a line to the echo server and reads it back. */
async function useEcho(): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const line = new TextEncoder().encode("hello\n");
  await conn.write(line);
  const buffer = new Uint8Array(64);
  const read = await conn.read(buffer);
  const reply = new TextDecoder().decode(buffer.subarray(0, read ?? 0));
  if (reply !== "hello\n") throw new Error(`echo.ts answered ${JSON.stringify(reply)}`);
}

/** The lines of a log without their times. */
const withoutTimes = (text: string): string => text.replaceAll(/^\S+ \S+(?= \[)/gm, "TIME");

/** Runs the server as the README says, and compares what it prints. */
async function runServer(project: string): Promise<void> {
  const args = command("deno run ");
  const server = start(project, args);
  const stderr = server.stderr.text();
  let stdout = "";
  let used: Promise<void> | null = null;
  for await (const chunk of server.stdout.pipeThrough(new TextDecoderStream())) {
    stdout += chunk;
    if (used === null && / starting on .*\n/.test(stdout)) {
      used = useEcho();
      await used.finally(() => server.kill("SIGINT"));
    }
  }
  const { code } = await server.status;
  check(args, { code, stdout, stderr: await stderr });
  if (withoutTimes(stdout) !== withoutTimes(onFreePort(output))) {
    throw new Error(`echo.ts printed:\n${stdout}README.md shows:\n${output}`);
  }
}

const parent = await Deno.makeTempDir({ prefix: "outside-" });
try {
  await Deno.symlink(await Deno.realPath(clone), `${parent}/torsion`);
  for (const [form, compilerOptions] of Object.entries(FORMS)) {
    console.log(`-- ${form}`);
    const project = await Deno.makeTempDir({ dir: parent });
    await Deno.writeTextFile(
      `${project}/deno.json`,
      JSON.stringify({ ...configuration, compilerOptions }),
    );
    await Deno.writeTextFile(`${project}/echo.ts`, onFreePort(file("echo.ts")));
    await Deno.writeTextFile(`${project}/echo_test.ts`, file("echo_test.ts"));
    await Deno.writeTextFile(`${project}/entry_points.ts`, entryPoints());
    await runServer(project);
    await run(project, ["check", "."]);
    await run(project, command("deno test "));
  }
} finally {
  await Deno.remove(parent, { recursive: true });
}
