/** Tests of examples/resp_server.ts with the command line of Redis, and with its benchmark. */

import { assertEquals, assertMatch } from "@std/assert";
import { Example, portOf } from "../testing/fixtures/example.ts";
import type { Program } from "../testing/fixtures/program.ts";
import { type InteropFixture, interopTest, REDIS_CLI } from "./tool.ts";

const test = interopTest(REDIS_CLI);

/** The example server, and the programs that use it. */
class Setup {
  readonly #fixture: InteropFixture;
  readonly #port: string;

  private constructor(fixture: InteropFixture, port: string) {
    this.#fixture = fixture;
    this.#port = port;
  }

  static async start(fixture: InteropFixture): Promise<Setup> {
    const server = new Example("resp_server.ts", ["0"]);
    fixture.after(() => server[Symbol.asyncDispose]());
    return new Setup(fixture, `${await portOf(server, "127.0.0.1")}`);
  }

  /** Starts redis-cli, which prints the types of replies. */
  start(...args: string[]): Program {
    return this.#fixture.start("--no-raw", "-p", this.#port, ...args);
  }

  /** Runs a command with redis-cli, and returns the lines that it prints. */
  async ask(...args: string[]): Promise<string[]> {
    const { lines, errors } = await this.start(...args).end();
    assertEquals(errors, "");
    return lines.filter((line) => line !== "");
  }

  /** Runs redis-benchmark, and returns the lines that it prints. */
  async benchmark(...args: string[]): Promise<string[]> {
    const program = this.#fixture.program("redis-benchmark", ["-p", this.#port, ...args]);
    const { code, lines, errors } = await program.end();
    assertEquals([code, errors], [0, ""]);
    return lines;
  }
}

test("redis-cli stores and reads keys with resp_server.ts", async (fixture) => {
  const redis = await Setup.start(fixture);
  assertEquals(await redis.ask("set", "greeting", "hellö\r\n", "ex", "60"), ["OK"]);
  assertEquals(await redis.ask("get", "greeting"), ['"hell\\xc3\\xb6\\r\\n"']);
  assertMatch((await redis.ask("ttl", "greeting"))[0] ?? "", /^\(integer\) [1-6]?[0-9]$/);
  assertEquals(await redis.ask("get", "missing"), ["(nil)"]);
  assertEquals(await redis.ask("config", "get", "save"), ['1) "save"', '2) ""']);
  assertEquals(await redis.ask("fly", "me"), [
    "(error) ERR unknown command 'fly', with args beginning with: 'me' ",
  ]);
});

test("redis-cli -3 receives the types of RESP3 from resp_server.ts", async (fixture) => {
  const redis = await Setup.start(fixture);
  assertEquals(await redis.ask("-3", "get", "missing"), ["(nil)"]);
  assertEquals(await redis.ask("-3", "config", "get", "save"), ['1# "save" => ""']);
  assertEquals((await redis.ask("-3", "hello"))[2], '3# "proto" => (integer) 3');
});

for (const version of ["-2", "-3"]) {
  test(`redis-cli ${version} receives what another client publishes`, async (fixture) => {
    const redis = await Setup.start(fixture);
    const subscriber = redis.start(version, "subscribe", "news");
    await subscriber.line(/\(integer\) 1$/);
    assertEquals(await redis.ask("publish", "news", "it works"), ["(integer) 1"]);
    await subscriber.line(/"it works"$/);
  });
}

test("redis-cli --pipe sends commands in bulk to resp_server.ts", async (fixture) => {
  const redis = await Setup.start(fixture);
  const program = redis.start("--pipe");
  await program.say("SET a 1\r\nINCR a\r\n*2\r\n$4\r\nincr\r\n$1\r\na\r\n".repeat(1000));
  await program.endInput();
  await program.line("errors: 0, replies: 3000");
  assertEquals(await redis.ask("get", "a"), ['"3"']);
});

test("redis-benchmark -P 16 completes against resp_server.ts", async (fixture) => {
  const redis = await Setup.start(fixture);
  const lines = await redis.benchmark(
    ...["-P", "16", "-n", "2000", "-c", "10", "-q", "-t", "ping,set,get,incr"],
  );
  const summaries = lines.flatMap((line) => line.split("\r"))
    .filter((line) => / requests per second/.test(line));
  assertEquals(summaries.map((line) => line.trim().split(":")[0]), [
    "PING_INLINE",
    "PING_MBULK",
    "SET",
    "GET",
    "INCR",
  ]);
  assertEquals(await redis.ask("get", "counter:__rand_int__"), ['"2000"']);
});
