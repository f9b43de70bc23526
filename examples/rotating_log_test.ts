// Runs examples/rotating_log.ts as a separate process, rotates its log in each way, and checks the
// claims of its header.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Example } from "../testing/fixtures/example.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

/** The program, and the folder with its log. */
class Server implements AsyncDisposable {
  readonly folder: string;
  readonly program: Example;

  constructor(...options: string[]) {
    this.folder = Deno.makeTempDirSync();
    const args = ["--port", "0", "--log", `${this.folder}/echo.log`, ...options];
    this.program = new Example("rotating_log.ts", args);
  }

  /** Reads a file of the folder. */
  read(name: string): string {
    return Deno.readTextFileSync(`${this.folder}/${name}`);
  }

  /** Waits until a file contains a text. */
  async has(name: string, text: string): Promise<string> {
    const found = (): string | null => {
      try {
        const content = this.read(name);
        return content.includes(text) ? content : null;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return null;
        throw error;
      }
    };
    using watcher = Deno.watchFs(this.folder);
    const content = found();
    if (content !== null) return content;
    for await (const _event of watcher) {
      const content = found();
      if (content !== null) return content;
    }
    throw new Error("The watcher has ended");
  }

  /** Connects to the server. */
  async connect(): Promise<RawPeer> {
    const text = await this.has("echo.log", "starting on");
    const [, port] = /starting on 127\.0\.0\.1:(\d+)/.exec(text) ?? [];
    return await RawPeer.connect(Number(port));
  }

  /** Stops the server as Ctrl-C does. */
  async stop(): Promise<void> {
    this.program.send("SIGINT");
    const { code, errors } = await this.program.end();
    assertEquals([code, errors], [0, ""]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** Sends a line, and waits for its echo: it is in the log by then. */
async function say(peer: RawPeer, line: string): Promise<void> {
  await peer.send(`${line}\n`);
  assertEquals(await peer.readText(line.length + 1), `${line}\n`);
}

Deno.test("rotating_log.ts rotates by size, keeps some files, and logs its shutdown", async () => {
  await using server = new Server("--length", "200", "--keep", "2");
  const peer = await server.connect();
  for (let i = 0; i < 10; i++) await say(peer, `line ${i} ${"x".repeat(100)}`);
  peer.close();
  await server.stop();
  const names = (await Array.fromAsync(Deno.readDir(server.folder))).map(({ name }) => name);
  assertEquals(names.sort(), ["echo.log", "echo.log.1", "echo.log.2"]);
  const text = ["echo.log.2", "echo.log.1", "echo.log"].map((name) => server.read(name)).join("");
  assert(text.includes("characters: line 9 "), text);
  assert(text.indexOf("line 8 ") < text.indexOf("line 9 "), text);
  assert(!text.includes("line 0 "), text);
});

Deno.test("rotating_log.ts opens its file again on SIGHUP, and loses no line", async () => {
  await using server = new Server("--length", "0");
  const peer = await server.connect();
  await say(peer, "before");
  await Deno.rename(`${server.folder}/echo.log`, `${server.folder}/moved`);
  await say(peer, "between");
  server.program.send("SIGHUP");
  await server.has("echo.log", "again");
  await say(peer, "after");
  peer.close();
  await server.stop();
  assertMatch(server.read("moved"), /characters: before\n.*characters: between\n$/s);
  assertMatch(server.read("echo.log"), /^.*Opened .*echo\.log again\n.*characters: after\n/s);
});

Deno.test("rotating_log.ts with --daily names the old file after its day", async () => {
  const day = new Date(Date.now() - 3 * 86_400_000);
  await using server = new Server("--daily");
  const peer = await server.connect();
  await say(peer, "hello"); // the reactor runs, with its handler of SIGHUP
  // The file is now as if it had been written three days ago; reopening takes that day.
  await Deno.utime(`${server.folder}/echo.log`, day, day);
  server.program.send("SIGHUP");
  const suffix = `${day.getFullYear()}_${day.getMonth() + 1}_${day.getDate()}`;
  await server.has(`echo.log.${suffix}`, "starting on");
  await server.has("echo.log", "again");
  peer.close();
  await server.stop();
});

Deno.test("rotating_log.ts with --json writes a JSON text per line, with all fields", async () => {
  await using server = new Server("--json");
  const peer = await server.connect();
  await say(peer, "forged\\n[-] line");
  peer.close();
  await server.stop();
  const events = server.read("echo.log").trimEnd().split("\n").map((line) => JSON.parse(line));
  const [event] = events.filter(({ line }) => line !== undefined);
  assertEquals([event.namespace, event.level, event.line], ["echo", "info", "forged\\n[-] line"]);
  assertEquals(event.format, "{peer} sent {line.length} characters: {line}");
});

Deno.test("rotating_log.ts refuses a --length that is not a number, and says why", async () => {
  await using server = new Server("--length", "1MB");
  const { code, errors } = await server.program.end();
  assertEquals(code, 1);
  assertMatch(errors, /rotateLength must be an integer/);
});
