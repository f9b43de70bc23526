import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { Program } from "./fixtures/program.ts";
import { cleanTest } from "./mod.ts";
import { Clock } from "../task/mod.ts";

/** Runs the tests of a module as `deno test` does, with its leak checks. */
async function runTests(source: string): Promise<{ code: number; output: string }> {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/user_test.ts`;
    await Deno.writeTextFile(file, source);
    const config = new URL("../deno.json", import.meta.url).pathname;
    const flags = ["--no-check", "--no-lock", "--sanitize-ops", "--sanitize-resources"];
    await using program = new Program(["test", "-A", ...flags, "--config", config, file]);
    const { code, lines, errors } = await program.end();
    return { code, output: [...lines, errors].join("\n").replaceAll(folder, "") };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const imports = `
import { cleanTest, flushLoggedErrors } from ${JSON.stringify(import.meta.resolve("./mod.ts"))};
import { Clock } from ${JSON.stringify(import.meta.resolve("../task/mod.ts"))};
import { fail } from ${JSON.stringify(import.meta.resolve("../defer/mod.ts"))};
import { err } from ${JSON.stringify(import.meta.resolve("../log/mod.ts"))};
`;

cleanTest("cleanTest() accepts a name and a function", () => {});

cleanTest("cleanTest() accepts a name, options and a function", { permissions: "none" }, () => {
  assertThrows(() => Deno.readTextFileSync("deno.json"), Deno.errors.NotCapable);
});

cleanTest({ name: "cleanTest() accepts options and a function" }, () => {});

cleanTest({
  name: "cleanTest() accepts an object, and passes the context of the test",
  sanitizeExit: true,
  fn: async (t) => {
    assertMatch(t.name, /accepts an object/);
    const steps: string[] = [];
    await t.step("a step", () => {
      steps.push("a step");
    });
    assertEquals(steps, ["a step"]);
  },
});

cleanTest(function cleanTestAcceptsANamedFunction(): void {});

cleanTest({ permissions: "none" }, function cleanTestAcceptsOptionsAndANamedFunction(): void {});

cleanTest("cleanTest() passes a test that makes its timed calls", async () => {
  const clock = new Clock();
  clock.callLater(1, () => {});
  clock.advance(1);
  await Promise.resolve();
});

Deno.test("cleanTest() fails a test for each kind of thing that it leaves", async () => {
  const { code, output } = await runTests(`${imports}
    cleanTest("call", () => void new Clock().callLater(7, function ring() {}));
    cleanTest("step", async (t) => {
      await t.step("inner", () => void new Clock().callLater(8, () => {}));
    });
    cleanTest("failure", () => void fail(new RangeError("unhandled")));
    cleanTest("logged", () => err(new TypeError("unexpected")));
    cleanTest("flushed", () => {
      err(new TypeError("expected"));
      flushLoggedErrors(TypeError);
    });
  `);
  assertEquals(code, 1);
  assertStringIncludes(output, "UncleanTest: The test did not end clean.");
  assertMatch(output, /DelayedCall\(ring in 7\.000 s\) is pending, made at:\n.*user_test\.ts:7:/);
  assertMatch(output, /DelayedCall\(.* in 8\.000 s\) is pending, made at:\n.*user_test\.ts:9:/);
  assertMatch(output, /Unhandled error in Deferred\n *made:\n[^]*user_test\.ts:11:/);
  assertMatch(output, /TypeError: unexpected\n.*user_test\.ts:12:/);
  assertMatch(output, /flushed \.\.\. ok/);
  assertStringIncludes(output, "1 passed (1 step) | 4 failed");
});

Deno.test("cleanTest.ignore() and the option ignore skip a test", async () => {
  const { code, output } = await runTests(`${imports}
    cleanTest.ignore("one", () => fail(new Error()));
    cleanTest("two", { ignore: Boolean(1) }, () => fail(new Error()));
    cleanTest("three", () => {});
  `);
  assertEquals(code, 0, output);
  assertStringIncludes(output, "1 passed | 0 failed | 2 ignored");
});

Deno.test("cleanTest.only() runs no other test", async () => {
  const { output } = await runTests(`${imports}
    cleanTest("one", () => fail(new Error()));
    cleanTest.only("two", () => {});
  `);
  assertMatch(output, /two \.\.\. ok/);
  assertStringIncludes(output, "1 passed | 0 failed | 1 filtered out");
});

Deno.test("cleanTest() refuses a test without a function or a name", () => {
  // @ts-expect-error: the test of a missing argument
  assertThrows(() => cleanTest("name"), TypeError, "it must have a function, got undefined");
  assertThrows(() => cleanTest(() => {}), TypeError, 'it must have a name, got ""');
});
