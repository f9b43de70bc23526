/**
 * The Python code of docs/coming_from_twisted.md: the chat server that the page ports is run, and
 * so is its port; the other blocks are compiled.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { codeBlocks } from "../testing/fixtures/code_blocks.ts";
import type { Program } from "../testing/fixtures/program.ts";
import { type InteropFixture, interopTest, TWISTED } from "./tool.ts";

const test = interopTest(TWISTED);
const path = "docs/coming_from_twisted.md";
const blocks = codeBlocks(path, Deno.readTextFileSync(new URL(`../${path}`, import.meta.url)));

/** Returns the program whose first line names the file. */
function programOf(comment: string): string {
  return blocks.find(({ code }) => code.startsWith(`${comment}\n`))?.code ?? "";
}

/** Starts a program from its standard input, and waits for its port. */
async function serve(program: Program, code: string): Promise<number> {
  await program.say(code);
  await program.endInput();
  const [, port] = await program.line(/^Listening on port (\d+)$/);
  return Number(port);
}

/** A client of the chat. */
class ChatClient {
  readonly #conn: Deno.TcpConn;
  #received = "";

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(port: number): Promise<ChatClient> {
    return new ChatClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  async say(line: string): Promise<void> {
    await this.#conn.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Waits until a line has arrived. */
  async line(line: string): Promise<void> {
    while (!this.#received.split("\n").includes(line)) {
      if (!await this.#receive()) {
        throw new Error(`Cannot find the line "${line}" in ${JSON.stringify(this.#received)}`);
      }
    }
  }

  /** Waits until the server closes the connection, and returns all lines. */
  async end(): Promise<string[]> {
    while (await this.#receive());
    this.#conn.close();
    return this.#received.trimEnd().split("\n");
  }

  async #receive(): Promise<boolean> {
    const buffer = new Uint8Array(1024);
    const count = await this.#conn.read(buffer);
    this.#received += new TextDecoder().decode(buffer.subarray(0, count ?? 0));
    return count !== null;
  }
}

/**
 * Lets two clients chat.
 *
 * @returns The lines that each client received.
 */
async function converse(port: number): Promise<string[][]> {
  const ann = await ChatClient.connect(port);
  await ann.say("ann");
  await ann.line("ann has joined");
  const bob = await ChatClient.connect(port);
  await bob.say("bob");
  await bob.line("bob has joined");
  await ann.say("hello");
  await bob.line("ann: hello");
  await ann.say("/quit");
  const annLines = await ann.end();
  await bob.line("ann has left");
  await bob.say("/quit");
  return [annLines, await bob.end()];
}

const CONVERSATION = [
  ["Who are you?", "ann has joined", "bob has joined", "ann: hello"],
  ["Who are you?", "bob has joined", "ann: hello", "ann has left"],
];

async function checkChat(
  fixture: InteropFixture,
  command: string,
  args: string[],
  code: string,
): Promise<void> {
  const port = await serve(fixture.program(command, args), code);
  assertEquals(await converse(port), CONVERSATION);
}

test("chat.py of coming_from_twisted.md forwards the lines of two clients", async (fixture) => {
  await checkChat(fixture, TWISTED.command, ["-", "0"], programOf("# chat.py"));
});

test("chat_server.ts of coming_from_twisted.md forwards lines exactly as chat.py", async (fixture) => {
  const args = ["run", "--quiet", "--allow-net", "-", "0"];
  await checkChat(fixture, Deno.execPath(), args, programOf("// chat_server.ts"));
});

test("coming_from_twisted.md has Python code blocks that compile", async (fixture) => {
  const python = blocks.filter(({ info: [language] }) => language === "python");
  assertEquals(python.length > 4, true, `only ${python.length} blocks`);
  for (const { code, line } of python) {
    const program = fixture.start("-c", "import ast, sys; ast.parse(sys.stdin.read())");
    await program.say(code);
    await program.endInput();
    const { code: status, errors } = await program.end();
    assertEquals([status, errors], [0, ""], `${path}:${line}`);
  }
});
