// Runs the first examples as separate processes, with exactly the permissions of their headers, and
// checks the headers' claims. Other examples have test files of their own.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  ANNOUNCE,
  commandOf,
  Example,
  examples,
  messages,
  netcat,
  portOf,
} from "../testing/fixtures/example.ts";

const CLOCK_TIME = /\d\d?\D\d\d\D\d\d/;

Deno.test("examples/*.ts contain in their header the command that runs them", () => {
  const files = [...Deno.readDirSync(examples)].map(({ name }) => name);
  for (const file of files.filter((name) => /(?<!_test)\.ts$/.test(name))) {
    const command = commandOf(Deno.readTextFileSync(new URL(file, examples)));
    assertEquals(command.at(-1), `examples/${file}`);
  }
});

Deno.test("01_run.ts waits until SIGINT, and exits with code 0", async () => {
  await using example = new Example("01_run.ts", [], [ANNOUNCE]);
  await example.line(/running/);
  example.send("SIGINT");
  const { code, lines, errors } = await example.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(lines, ["To stop this example, press Ctrl-C", "(running)"]);
});

Deno.test("02_logging.ts logs the reactor's handling of SIGINT", async () => {
  await using example = new Example("02_logging.ts", [], [ANNOUNCE]);
  await example.line(/running/);
  example.send("SIGINT");
  const { code, lines, errors } = await example.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(lines.slice(1, 4), ["", "To stop this example, press Ctrl-C", ""]);
  assertEquals(messages(lines), [
    "Log opened.",
    "Received SIGINT, shutting down.",
    "Main loop terminated.",
  ]);
});

Deno.test("03_call_when_running.ts calls its handler with the argument, and stops", async () => {
  await using example = new Example("03_call_when_running.ts");
  const { code, lines, errors } = await example.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(messages(lines), [
    "Log opened.",
    "In callfunc as event handler",
    "This was passed to callfunc",
    "Will shut down",
    "Main loop terminated.",
  ]);
});

Deno.test("04_call_later.ts makes its calls in order, without the cancelled one", async () => {
  const start = performance.now();
  await using example = new Example("04_call_later.ts", ["0.1"]);
  const { code, lines, errors } = await example.end();
  assertEquals([code, errors], [0, ""]);
  assert(performance.now() - start >= 400);
  const [opened, before, delayed, reset, called, after, ...end] = messages(lines);
  assertEquals(opened, "Log opened.");
  assertMatch(before ?? "", CLOCK_TIME);
  assertEquals(delayed, "delayed by 1 sec, called after 2 sec");
  assertEquals(reset, "reset to 3 sec, called after 3 sec");
  assertEquals(called, "callfunc called after 4 sec");
  assertMatch(after ?? "", CLOCK_TIME);
  assertEquals(end, ["Will stop", "Main loop terminated."]);
});

Deno.test("05_custom_event.ts fires Event1, whose handler stops the reactor", async () => {
  const start = performance.now();
  await using example = new Example("05_custom_event.ts", ["0.1"]);
  const { code, lines, errors } = await example.end();
  assertEquals([code, errors], [0, ""]);
  assert(performance.now() - start >= 800);
  const said = messages(lines);
  assertEquals(said.filter((message) => !CLOCK_TIME.test(message)), [
    "Log opened.",
    "callfunc called after 4 sec",
    "Fire Event1 after 4 seconds",
    "In onEvent1, shutting down",
    "Main loop terminated.",
  ]);
  assertEquals(said.filter((message) => CLOCK_TIME.test(message)).length, 3);
});

Deno.test("06_signals.ts logs each SIGHUP, and stops on SIGINT", async () => {
  await using example = new Example("06_signals.ts");
  await example.line(/Process \d+ waits/);
  example.send("SIGHUP");
  await example.line(/In onSignal/);
  example.send("SIGHUP");
  await example.line(/In onSignal/);
  example.send("SIGINT");
  const { code, lines, errors } = await example.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(messages(lines).slice(2), [
    "Received signal - SIGHUP",
    "In onSignal",
    "Received signal - SIGHUP",
    "In onSignal",
    "Received signal - SIGINT",
    "In onSignal",
    "shutting down ....",
    "Main loop terminated.",
  ]);
});

Deno.test("looping_call.ts calls at its interval, counts skipped calls, and exits with code 0", async () => {
  await using example = new Example("looping_call.ts", ["0.2"]);
  const { code, lines, errors } = await example.end();
  assertEquals([code, errors], [0, ""]);
  const [opened, first, second, third, slow, fifth, ...end] = messages(lines);
  assertEquals([opened, first], ["Log opened.", "call 1 at 0.0 s, on time"]);
  // On a busy machine any of these may be late, and then the fourth skips more.
  for (const [i, message] of [second, third, slow, fifth].entries()) {
    assertMatch(
      message ?? "",
      new RegExp(`^call ${i + 2} at \\d+\\.\\d s, (on time|for \\d+ calls)$`),
    );
  }
  const [, missed] = /for (\d+) calls/.exec(slow ?? "") ?? [];
  assert(Number(missed) >= 3, slow);
  assertEquals(end, ["The loop has ended", "Main loop terminated."]);
});

Deno.test("hello_server.ts greets each client, prints its address, and stops on SIGINT", async () => {
  await using server = new Example("hello_server.ts", ["0"]);
  const port = await portOf(server);
  for (let client = 0; client < 3; client++) {
    assertEquals(await netcat(port), "Hello Twisted");
    await server.line(/^New Connection$/);
  }
  server.send("SIGINT");
  const { code, lines, errors } = await server.end();
  assertEquals([code, errors], [0, ""]);
  const address = /^IPv4Address \{ type: "TCP", host: "127\.0\.0\.1", port: \d+ \}$/;
  assertEquals(lines.filter((line) => address.test(line)).length, 3);
  assertEquals(messages(lines).slice(-3), [
    "Received SIGINT, shutting down.",
    `(TutorialServerFactory on 0.0.0.0:${port} closed)`,
    "Main loop terminated.",
  ]);
});

for (const file of ["hello_server.ts", "web_hello.ts", "async_server.ts"]) {
  Deno.test(`${file} reports that its port is in use, and exits with code 1`, async () => {
    using taken = Deno.listen({ port: 0 });
    await using server = new Example(file, [String(taken.addr.port)]);
    const { code, errors } = await server.end();
    assertEquals(code, 1);
    assertMatch(errors, /^Cannot listen on 0\.0\.0\.0:\d+: Address already in use.*\n$/);
  });
}

Deno.test("hello_server.ts without its permission names the flag, and exits with code 1", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "examples/hello_server.ts", "0"],
    cwd: new URL("../", examples),
    stdin: "null",
  }).output();
  assertEquals(code, 1);
  assertStringIncludes(new TextDecoder().decode(stderr), "--allow-net");
});

Deno.test("web_hello.ts answers GET and HEAD requests of HTTP, and stops on SIGINT", async () => {
  await using server = new Example("web_hello.ts", ["0"]);
  const port = await portOf(server);
  const response = await fetch(`http://127.0.0.1:${port}/`);
  assertEquals(await response.text(), "Hello Twisted\n");
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "text/plain; charset=utf-8");
  // Sent in pieces, one of which ends within the empty line.
  const got = await netcat(port, "GET / HTTP/1.1\r\n", "Host: localhost\r\n\r", "\n");
  assertStringIncludes(got, "\r\nContent-Length: 14\r\nConnection: close\r\n\r\nHello Twisted\n");
  const head = await netcat(port, "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  assert(head.endsWith("\r\n\r\n"));
  server.send("SIGINT");
  const { code, lines, errors } = await server.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(messages(lines).at(-1), "Main loop terminated.");
});

Deno.test("async_server.ts serves several clients at the same time, after the given delay", async () => {
  await using server = new Example("async_server.ts", ["0", "0.5"]);
  const port = await portOf(server);
  const start = performance.now();
  const answers = await Promise.all([netcat(port), netcat(port), netcat(port)]);
  assertEquals(answers, Array(3).fill("Hello Deferred\n"));
  assert(performance.now() - start >= 500);
  server.send("SIGINT");
  const { code, lines, errors } = await server.end();
  assertEquals([code, errors], [0, ""]);
  const events = lines.flatMap((line) => / 127\.0\.0\.1:\d+ (.*)$/.exec(line)?.slice(1) ?? []);
  assertEquals(events, [...Array(3).fill("asks"), ...Array(3).fill("is answered")]);
  assertEquals(messages(lines).at(-1), "Main loop terminated.");
});

Deno.test("async_server.ts cancels the reply when its client disconnects early", async () => {
  await using server = new Example("async_server.ts", ["0", "3600"]);
  const client = await Deno.connect({ hostname: "127.0.0.1", port: await portOf(server) });
  const [, address] = await server.line(/ (127\.0\.0\.1:\d+) asks$/);
  client.close();
  const [, left] = await server.line(/ (\S+) left early: its answer is cancelled$/);
  assertEquals(left, address);
  server.send("SIGINT");
  const { code, errors } = await server.end();
  assertEquals([code, errors], [0, ""]);
});
