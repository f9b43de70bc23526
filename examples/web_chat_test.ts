// Runs examples/web_chat.ts as a separate process, and checks the claims of its header.

import { assert, assertEquals } from "@std/assert";
import { Example, messages } from "../testing/fixtures/example.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

/** A browser's connection, by the platform's WebSocket. */
class Page {
  readonly #socket: WebSocket;
  readonly #lines: string[] = [];
  #arrived = Promise.withResolvers<void>();
  readonly closed: Promise<number>;

  constructor(port: number) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/chat`);
    this.#socket.onmessage = ({ data }) => {
      this.#lines.push(data);
      this.#arrived.resolve();
    };
    this.closed = new Promise((resolve) => this.#socket.onclose = ({ code }) => resolve(code));
  }

  say(line: string): void {
    this.#socket.send(line);
  }

  /** Checks that the next line is this one. */
  async reads(line: string): Promise<void> {
    while (this.#lines.length === 0) {
      await this.#arrived.promise;
      this.#arrived = Promise.withResolvers();
    }
    assertEquals(this.#lines.shift(), line);
  }
}

Deno.test("web_chat.ts joins browsers and terminals in one room, and says goodbye to both", async () => {
  await using server = new Example("web_chat.ts", ["0", "0"]);
  const ports: Record<string, number> = {};
  for (let i = 0; i < 2; i++) {
    const [, name = "", port] = await server.line(/\] (\w+) starting on 0\.0\.0\.0:(\d+)$/);
    ports[name] = Number(port);
  }
  const web = ports.WebSocketFactory ?? 0;
  const response = await fetch(`http://127.0.0.1:${web}/`);
  assertEquals(response.status, 200);
  assert((await response.text()).includes('role="log"'));
  const ann = new Page(web);
  await ann.reads("What's your name?");
  ann.say("Ann");
  await ann.reads("Welcome, Ann! 0 here before you.");
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: ports.Factory ?? 0 });
  using bob = new Terminal(conn);
  await bob.reads("What's your name?");
  await bob.say("Ann");
  await bob.reads("Ann is here already. Please choose another.");
  await bob.say("Bob\r");
  await bob.reads("Welcome, Bob! 1 here before you.");
  await ann.reads("* Bob has come");
  await bob.say("  ");
  await bob.say("hello");
  await ann.reads("<Bob> hello");
  ann.say("héllo\nthere");
  await bob.reads("<Ann> héllo\\nthere");
  await bob.say("/who ");
  await bob.reads("* Ann, Bob");
  server.send("SIGINT");
  await ann.reads("* The server stops. Goodbye.");
  assertEquals(await ann.closed, 1001);
  const { code, lines, errors } = await server.end();
  assertEquals([code, errors, messages(lines).at(-1)], [0, "", "Main loop terminated."]);
});

/** A person with a terminal. */
class Terminal implements Disposable {
  readonly #peer: RawPeer;

  constructor(conn: Deno.Conn) {
    this.#peer = new RawPeer(conn);
  }

  say(line: string): Promise<void> {
    return this.#peer.send(`${line}\n`);
  }

  /** Checks that the next line is this one. */
  async reads(line: string): Promise<void> {
    const text = `${line}\n`;
    const { length } = new TextEncoder().encode(text);
    assertEquals(await this.#peer.readText(length), text);
  }

  [Symbol.dispose](): void {
    this.#peer.close();
  }
}
