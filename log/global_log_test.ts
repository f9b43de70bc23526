import { assert, assertEquals, assertMatch } from "@std/assert";
import * as log from "./mod.ts";

/** Runs `code` as a program, in which `log` is the log module, and returns its output. */
async function run(code: string): Promise<{ stdout: string; stderr: string }> {
  const url = JSON.stringify(new URL("./mod.ts", import.meta.url).href);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", `import * as log from ${url}; ${code}`],
    env: { TZ: "UTC", NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("msg(), err() and the other functions log to the global publisher", () => {
  const events: log.LogEvent[] = [];
  const observer: log.LogObserver = (event) => void events.push(event);
  {
    using _observing = log.addObserver(observer, { replay: false });
    log.msg("msg", { port: 80 });
    log.err(new Error("boom"), "err");
    log.debug("debug");
    log.info("info");
    log.warn("warn");
    log.error("error");
    log.critical("critical");
    log.globalLogPublisher.msg("direct");
    log.removeObserver(observer);
    log.msg("gone");
  }
  assertEquals(events.map(({ level, message }) => `${level} ${message}`), [
    "info msg",
    "error err",
    "debug debug",
    "info info",
    "warn warn",
    "error error",
    "critical critical",
    "info direct",
  ]);
  assertEquals(events[0]?.port, 80);
});

Deno.test("log/mod.ts writes nothing to the console when it is imported", async () => {
  assertEquals(await run(""), { stdout: "", stderr: "" });
});

Deno.test("err() writes to standard error in a program without startLogging()", async () => {
  const { stdout, stderr } = await run(`
    log.msg("not logged");
    log.err(new RangeError("boom", { cause: new TypeError("why") }), "Cannot open the lid");
  `);
  assertEquals(stdout, "");
  assertMatch(
    stderr,
    /^Cannot open the lid\n\tRangeError: boom\n\t {4}at [^]*\n\tCaused by: TypeError: why\n\t {4}at [^]*\n$/,
  );
  assert(!stderr.includes("not logged"));
});

Deno.test("startLogging() writes lines in Twisted's format to standard output", async () => {
  const { stdout, stderr } = await run(`
    log.startLogging(Deno.stdout);
    log.callWithSystem({ logPrefix: () => "Echo,3,127.0.0.1" }, () => log.msg("two\\nlines"));
  `);
  assertEquals(stderr, "");
  const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+0000`;
  const lines = [
    `${time} \\[-\\] Log opened\\.`,
    `${time} \\[Echo,3,127\\.0\\.0\\.1\\] two`,
    `\\tlines`,
  ];
  assertMatch(stdout, new RegExp(`^${lines.join("\\n")}\\n$`));
});

Deno.test("startLogging() reports once that the log cannot be written", async () => {
  const { stderr } = await run(`
    log.startLogging({ writeSync: () => { throw new Error("no space left") } });
    for (let i = 0; i < 8; i++) log.msg("x");
  `);
  assertEquals(stderr.match(/no space left/g)?.length, 1);
});

Deno.test("err() writes each error to standard error as one line with continuations", async () => {
  const { stderr } = await run(String.raw`
    log.err(Object.assign(new Error("a\nforged\x1b[2J"), { stack: "" }), "b\nforged\x85");
  `);
  assertEquals(stderr, "b\n\tforged\\x85\n\tError: a\n\tforged\\x1b[2J\n");
});
