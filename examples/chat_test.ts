// Runs examples/chat.ts as a separate process, and checks the claims of its header.

import { assertEquals } from "@std/assert";
import { Example, messages, portOf } from "../testing/fixtures/example.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

/** A person with a terminal. */
class Person implements Disposable {
  readonly #peer: RawPeer;

  constructor(conn: Deno.Conn) {
    this.#peer = new RawPeer(conn);
  }

  static async connect(port: number): Promise<Person> {
    return new Person(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  say(line: string): Promise<void> {
    return this.#peer.send(`${line}\n`);
  }

  /** Checks that exactly these lines arrive. */
  async reads(...lines: string[]): Promise<void> {
    const text = lines.map((line) => `${line}\n`).join("");
    assertEquals(await this.#peer.readText(new TextEncoder().encode(text).length), text);
  }

  /** Checks that these lines arrive, and then the end. */
  async readsToTheEnd(...lines: string[]): Promise<void> {
    const text = lines.map((line) => `${line}\n`).join("");
    assertEquals(new TextDecoder().decode(await this.#peer.readAll()), text);
  }

  [Symbol.dispose](): void {
    this.#peer.close();
  }
}

const ASKED = "What's your name?";
const NO_NAME = "A name has up to 20 letters, digits, _ and -. Please choose another.";

Deno.test("chat.ts asks for a name, forwards lines, and announces arrivals and departures", async () => {
  await using server = new Example("chat.ts", ["0"]);
  const port = await portOf(server);
  using ann = await Person.connect(port);
  await ann.reads(ASKED);
  await ann.say("Ann");
  await ann.reads("Welcome, Ann! 0 here before you.");
  using bob = await Person.connect(port);
  await bob.reads(ASKED);
  for (const wrong of ["", "B o b", "x".repeat(21), "*"]) {
    await bob.say(wrong);
    await bob.reads(NO_NAME);
  }
  await bob.say("Ann");
  await bob.reads("Ann is here already. Please choose another.");
  await bob.say("Bøb\r");
  await bob.reads("Welcome, Bøb! 1 here before you.");
  await ann.reads("* Bøb has come");
  await ann.say("Hello");
  await bob.reads("<Ann> Hello");
  await ann.say("\x1b[2Jgone\r<Bob> forged\x9b\u2028");
  await bob.reads("<Ann> \\x1b[2Jgone\\r<Bob> forged\\x9b\\u2028");
  await bob.say("/who");
  await bob.reads("* Ann, Bøb");
  await bob.say("/quit");
  await bob.readsToTheEnd();
  await ann.reads("* Bøb has left");
  await ann.say("x".repeat(1001));
  await ann.readsToTheEnd("* A line has 1000 bytes at most. Goodbye.");
  await server.line(/ Ann has left: /);
  server.send("SIGINT");
  const { code, lines, errors } = await server.end();
  assertEquals([code, errors, messages(lines).at(-1)], [0, "", "Main loop terminated."]);
});
