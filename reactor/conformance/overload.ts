/**
 * A server that runs out of file descriptors, for real: a process of its own with a low limit.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { RawPeer } from "./raw_peer.ts";

const CLIENTS = 120;
const DESCRIPTORS = 64;

/** A program's output, line by line. */
class Lines {
  readonly seen: string[] = [];
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  constructor(output: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#lines = output.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line that begins so, without that beginning. */
  async next(beginning: string): Promise<string> {
    for (;;) {
      const line = await this.#next();
      this.seen.push(line);
      if (line.startsWith(beginning)) return line.slice(beginning.length);
    }
  }

  async end(): Promise<void> {
    while (!(await this.#lines.read()).done);
  }

  async #next(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`The server ended after: ${this.seen.join(" | ")}`);
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }
}

/** Connects, and leaves after the greeting, when `mayLeave` says so. */
async function visit(port: number, greeted: () => void, mayLeave: Promise<void>): Promise<void> {
  const peer = new RawPeer(await Deno.connect({ hostname: "127.0.0.1", port }));
  assertEquals(await peer.readText(5), "hello");
  greeted();
  await mayLeave;
  peer.close();
}

/**
 * Defines the test.
 *
 * @param name The reactor's, for the test's name.
 * @param module The URL of the module that exports the reactor's class, under that name.
 * @param options `logs` is whether the reactor gets to know what goes wrong, and so can log it.
 */
export function overloadTest(name: string, module: string, { logs = true } = {}): void {
  const does = logs ? "logs it, waits," : "waits,";
  Deno.test(`${name}: A port that runs out of file descriptors ${does} and goes on when there are some again`, async () => {
    const program = new URL("./overloaded_server.ts", import.meta.url).href;
    await using server = new Deno.Command("sh", {
      args: [
        "-c",
        `ulimit -n ${DESCRIPTORS} && exec "$@"`,
        "sh",
        Deno.execPath(),
        ...["run", "--quiet", "--allow-all", program, module, name],
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const lines = new Lines(server.stdout);
    const port = Number(await lines.next("port "));

    const full = Promise.withResolvers<void>();
    let greeted = 0;
    const visits = Array.from(
      { length: CLIENTS },
      () => visit(port, () => greeted++, full.promise),
    );
    if (logs) {
      const logged = await lines.next("logged ");
      const expected = `EMFILE: Could not accept a connection on 127.0.0.1:${port}, trying on`;
      assertEquals(logged, expected);
    } else {
      await lines.next("no descriptor is left");
    }
    assert(greeted < DESCRIPTORS, `${greeted} were greeted with ${DESCRIPTORS} descriptors`);
    full.resolve();
    await Promise.all(visits);

    await server.stdin.close();
    assertEquals(await lines.next("connections "), String(CLIENTS));
    await lines.end();
    assertEquals(await server.status, { success: true, code: 0, signal: null });
    // Once for each time that it was full, and not for each time that it tried.
    const logged = lines.seen.filter((line) => line.startsWith("logged ")).length;
    assert(logged < 10, `It was logged ${logged} times`);
  });
}
