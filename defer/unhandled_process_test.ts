/** Failures that no errback handles, in separate programs and test runs. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const defer = import.meta.resolve("./mod.ts");
const config = new URL("../deno.json", import.meta.url);

const IMPORT = `
  import { fail } from ${JSON.stringify(defer)};
`;

function command(args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

function program(source: string): Deno.Command {
  return command(["run", "--quiet", "-A", `data:text/javascript,${encodeURIComponent(source)}`]);
}

async function run(
  command: Deno.Command,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs a test module under the leak checks, as a consumer's `deno test` does. */
async function runTest(source: string): Promise<{ code: number; output: string }> {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/consumer_test.ts`;
    await Deno.writeTextFile(file, source);
    const flags = ["-A", "--no-check", "--no-lock", "--sanitize-ops", "--sanitize-resources"];
    const { code, stdout, stderr } = await run(
      command(["test", ...flags, "--config", config.pathname, file]),
    );
    return { code, output: stdout + stderr };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("Deferred logs an unhandled failure in a program that waits for the network", async () => {
  const child = program(`${IMPORT}
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    fail(new Error("unhandled"));
    await listener.accept();
  `).spawn();
  let stderr = "";
  for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
    stderr += chunk;
    if (stderr.includes("unhandled")) break;
  }
  child.kill("SIGKILL");
  await child.stdout.cancel();
  await child.status;
  assertStringIncludes(stderr, "Unhandled error in Deferred");
});

const ends: Record<string, { end: string; code: number }> = {
  "by running out of work": { end: "", code: 0 },
  "with Deno.exit()": { end: "Deno.exit(3);", code: 3 },
  "with an uncaught error": { end: `throw new Error("uncaught");`, code: 1 },
  "with an unhandled rejection": {
    end: `await 0; Promise.reject(new Error("uncaught")); await new Promise(() => {});`,
    code: 1,
  },
};

for (const [name, { end, code }] of Object.entries(ends)) {
  Deno.test(`Deferred logs an unhandled failure in a program that exits ${name}`, async () => {
    const result = await run(program(`${IMPORT}
      addEventListener("unload", () => console.error("unload"));
      fail(new Error("unhandled"));
      await 0;
      ${end}
    `));
    assertEquals(result.code, code, result.stderr);
    assertEquals(result.stderr.match(/Unhandled error in Deferred/g)?.length, 1, result.stderr);
    // By the end, the timer would have reported the failure.
    if (code !== 1) assertMatch(result.stderr, /^unload\n[^]*unhandled/);
  });
}

for (const end of ["Deno.exit(3);", `throw new Error("uncaught");`]) {
  Deno.test(`Deferred logs an unhandled failure before ${end} in the same turn`, async () => {
    const { stderr } = await run(program(`${IMPORT}
      setTimeout(() => {
        fail(new Error("unhandled"));
        ${end}
      });
    `));
    assertEquals(stderr.match(/Unhandled error in Deferred/g)?.length, 1, stderr);
    assertStringIncludes(stderr, "unhandled");
  });
}

Deno.test("Deferred logs a million unhandled failures in limited memory", async () => {
  const { code, stdout, stderr } = await run(program(`${IMPORT}
    for (let i = 0; i < 1_000_000; i++) fail(new Error("one of many"));
    await 0;
    console.log(Deno.memoryUsage().heapUsed < 200e6);
  `));
  assertEquals([code, stdout], [0, "true\n"]);
  assertEquals(stderr.match(/Unhandled error in Deferred/g)?.length, 1000);
  assertStringIncludes(stderr, "Unhandled errors in 999000 more Deferreds");
});

Deno.test("Deferred reporting uses a timer that the leak checks of deno test ignore", async () => {
  const { code, output } = await runTest(`${IMPORT}
    import { FakeTime } from "@std/testing/time";

    Deno.test("handles a failure in a later turn", async () => {
      const late = fail(new Error("late"));
      await new Promise((resolve) => setTimeout(resolve, 5));
      late.addErrback(() => {});
    });
    Deno.test("leaves a failure", () => void fail(new Error("left")));
    Deno.test("leaves a failure in faked time", () => {
      using _time = new FakeTime();
      fail(new Error("left in faked time"));
    });
    Deno.test("waits while the reports are made", async () => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
    });
  `);
  assertEquals(code, 0, output);
  assertEquals(output.match(/Unhandled error in Deferred/g)?.length, 2, output);
});

Deno.test("Deferred logs an unhandled failure in a worker", async () => {
  const { code, stderr } = await run(program(`
    const source = ${JSON.stringify(`${IMPORT} fail(new Error("in a worker"));`)};
    const worker = new Worker("data:text/javascript," + encodeURIComponent(source), { type: "module" });
    setTimeout(() => worker.terminate(), 2000);
  `));
  assertEquals(code, 0, stderr);
  assertStringIncludes(stderr, "in a worker");
});
