// Replaces examples/restart.ts twice while clients keep connecting, and checks that none of them
// notices.

import { assertEquals } from "@std/assert";
import { Example, portOf } from "../testing/fixtures/example.ts";
import { Bell } from "../testing/fixtures/wire.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

const CLIENTS = 8;
/** Enough answers that each of the clients has waited for some of them. */
const ANSWERS = 5 * CLIENTS;

/** Clients that connect, send a request and wait for its answer, again and again. */
class Load {
  /** The number of answers of each process. */
  readonly answers = new Map<string, number>();
  /** What went wrong: a refused or a reset connection, or a request without its answer. */
  readonly failures: string[] = [];
  readonly #bell = new Bell();
  readonly #clients: Promise<void>[];
  #isStopping = false;

  constructor(port: number) {
    this.#clients = Array.from({ length: CLIENTS }, (_, client) => this.#run(port, client));
  }

  /** Waits until a process has given a number of answers, or something has failed. */
  answered(process: string): Promise<void> {
    return this.#bell.until(() =>
      this.failures.length > 0 || (this.answers.get(process) ?? 0) >= ANSWERS
    );
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#clients);
  }

  async #run(port: number, client: number): Promise<void> {
    for (let i = 0; !this.#isStopping; i++) {
      const request = `request ${i} of client ${client}`;
      try {
        const peer = await RawPeer.connect(port);
        await peer.send(`${request}\n`);
        const answer = new TextDecoder().decode(await peer.readAll());
        peer.close();
        const [, process = ""] = /^(\d+) (.*)\r?\n$/.exec(answer) ?? [];
        if (answer !== `${process} ${request}\n`) this.failures.push(`${request}: "${answer}"`);
        this.answers.set(process, (this.answers.get(process) ?? 0) + 1);
      } catch (error) {
        this.failures.push(`${request}: ${error}`);
        this.#isStopping = true;
      }
      this.#bell.ring();
    }
  }
}

Deno.test("restart.ts is replaced twice under load, and no client notices", async () => {
  const folder = await Deno.makeTempDir();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const start = () => stack.use(new Example("restart.ts", ["0", `${folder}/restart.sock`, "0.01"]));

  let server = start();
  const load = new Load(await portOf(server, "127.0.0.1"));
  stack.defer(() => load.stop());
  const processes: string[] = [];
  for (let replaced = 0; replaced < 2; replaced++) {
    const next = start();
    const [, process = ""] = await server.line(/ Passing the port to process (\d+)$/);
    const { code, errors } = await server.end();
    assertEquals([code, errors, load.failures], [0, "", []]);
    await load.answered(process);
    processes.push(process);
    // The next process offers the port in turn.
    await next.line(new RegExp(` starting on ${RegExp.escape(folder)}/restart\\.sock$`));
    server = next;
  }
  await load.stop();
  server.send("SIGINT");
  const { code, errors } = await server.end();
  assertEquals([code, errors, load.failures], [0, "", []]);
  assertEquals([...load.answers.keys()].slice(1), processes);
});
