// Runs examples/multicore.ts under load, and checks the claims of its header.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Example } from "../testing/fixtures/example.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

/** Sends a line on a connection of its own, and returns the process ID in the answer. */
async function ask(port: number, line: string): Promise<number> {
  const peer = await RawPeer.connect(port);
  await peer.send(`${line}\n`);
  let answer = "";
  while (!answer.endsWith("\n")) answer += await peer.readText(1);
  peer.close();
  assertMatch(answer, new RegExp(`^\\d+ ${line}\n$`));
  return Number.parseInt(answer);
}

/** Asks without a pause until it is stopped. */
class Load implements Disposable {
  /** The process IDs in the answers. */
  readonly pids = new Set<number>();
  readonly #clients: Promise<void>[];
  #isStopped = false;
  #answers = 0;

  constructor(port: number) {
    this.#clients = Array.from({ length: 4 }, (_, client) => this.#run(port, client));
  }

  /** Stops the load. Resolves to the number of answers; rejects if a request has none. */
  async stop(): Promise<number> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
    return this.#answers;
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
  }

  async #run(port: number, client: number): Promise<void> {
    for (let request = 0; !this.#isStopped; request++) {
      this.pids.add(await ask(port, `${client}.${request}`));
      this.#answers++;
    }
  }
}

Deno.test("multicore.ts replaces its workers under load without losing a request", async () => {
  await using server = new Example("multicore.ts", ["0", "2"]);
  const [, digits] = await server.line(/2 workers serve port (\d+)$/);
  const port = Number(digits);
  using load = new Load(port);
  server.send("SIGHUP");
  await server.line(/All workers are new$/);
  assert(await load.stop() > 0);

  const pid = await ask(port, "who");
  assert(load.pids.has(pid));
  Deno.kill(pid, "SIGKILL");
  await server.line(/worker \d has ended/);
  await server.line(/The worker is ready$/);

  server.send("SIGTERM");
  const { code, lines, errors } = await server.end();
  assertEquals([code, errors], [0, ""]);
  assertMatch(lines.at(-1) ?? "", /Main loop terminated\.$/);
});
