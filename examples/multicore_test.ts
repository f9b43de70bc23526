// Runs examples/multicore.ts under load, and checks the claims of its header.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Example } from "../testing/fixtures/example.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

const WORKERS = 4;
// The supervisor needs a reactor for Linux.
const ignore = Deno.build.os !== "linux";

/** A complete response. */
interface Answer {
  /** The process ID of the worker. */
  readonly pid: number;
  readonly text: string;
  /** Whether the connection closes after it. */
  readonly isLast: boolean;
}

/** A connection that stays open between requests. */
class Connection implements Disposable {
  readonly #peer: RawPeer;

  private constructor(peer: RawPeer) {
    this.#peer = peer;
  }

  static async open(port: number): Promise<Connection> {
    return new Connection(await RawPeer.connect(port));
  }

  send(text: string): Promise<void> {
    return this.#peer.send(text);
  }

  /** Sends a whole request, and waits for its answer. */
  async ask(body: string): Promise<Answer> {
    await this.send(`POST / HTTP/1.1\r\nhost: h\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    return await this.answer();
  }

  /** Reads one response. Rejects if the connection ends before its last byte. */
  async answer(): Promise<Answer> {
    let head = "";
    while (!head.endsWith("\r\n\r\n")) head += await this.#peer.readText(1);
    assertMatch(head, /^HTTP\/1\.1 200 /);
    const body = await this.#peer.readText(Number(/^content-length: (\d+)\r$/im.exec(head)?.[1]));
    const [, pid, text = ""] = /^(\d+) (.*)\n$/.exec(body) ?? [];
    return { pid: Number(pid), text, isLast: /^connection: close\r$/im.test(head) };
  }

  /** Waits until the server closes the connection. Rejects if it sends anything more. */
  async ended(): Promise<void> {
    assertEquals(await this.#peer.readOnce(), null);
  }

  /** Waits until the connection closes in any way. Returns `"end"`, or the code of the error. */
  ending(): Promise<string> {
    return this.#peer.ending();
  }

  [Symbol.dispose](): void {
    this.#peer.close();
  }
}

/**
 * Clients that send requests without a pause, and count. Every other client opens a connection for
 * each request; the connections of the others stay open.
 */
class Load implements Disposable {
  /** The process IDs in the answers. */
  readonly pids = new Set<number>();
  requests = 0;
  answers = 0;
  /** Connections that closed after a response that announced it. */
  closes = 0;
  readonly #port: number;
  readonly #clients: Promise<void>[];
  #isStopped = false;

  constructor(port: number, clients: number) {
    this.#port = port;
    this.#clients = Array.from({ length: clients }, (_, client) => this.#run(client));
  }

  /** Stops the load. Rejects if a request had no complete answer, or a connection just closed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
  }

  async #run(client: number): Promise<void> {
    while (!this.#isStopped) await this.#useConnection(client);
  }

  async #useConnection(client: number): Promise<void> {
    using connection = await Connection.open(this.#port);
    while (!this.#isStopped) {
      const body = `${client}.${this.requests++}`;
      const { pid, text, isLast } = await connection.ask(body);
      assertEquals(text, body);
      this.answers++;
      this.pids.add(pid);
      if (client % 2 === 1) return;
      if (!isLast) continue;
      await connection.ended();
      this.closes++;
      return;
    }
  }
}

/** Starts the example. Returns its port, and the process IDs of its workers. */
async function start(server: Example, workers: number): Promise<{ port: number; pids: number[] }> {
  const [, port] = await server.line(new RegExp(`${workers} workers serve port (\\d+)$`));
  return { port: Number(port), pids: pidsOf(server) };
}

/** Returns the process IDs of all workers so far. */
function pidsOf({ lines }: Example): number[] {
  return lines.flatMap((line) =>
    /Started as process (\d+)$/.exec(line)?.slice(1).map(Number) ?? []
  );
}

Deno.test(
  "multicore.ts replaces four workers under load without losing a request",
  { ignore },
  async () => {
    await using server = new Example("multicore.ts", ["0", `${WORKERS}`]);
    const { port, pids } = await start(server, WORKERS);
    using load = new Load(port, 8);
    // Requests that are half sent when their worker is replaced.
    using stack = new DisposableStack();
    const halves: [Connection, pid: number][] = [];
    for (let i = 0; i < 8; i++) {
      const connection = stack.use(await Connection.open(port));
      const { pid } = await connection.ask("first");
      await connection.send("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 8\r\n\r\nsec");
      halves.push([connection, pid]);
    }

    // A new process that is killed before it is ready replaces no worker.
    server.send("SIGHUP");
    const [, started] = await server.line(/\[worker 1\] Started as process (\d+)$/);
    Deno.kill(Number(started), "SIGKILL");
    await server.line(/Cannot replace worker 1: its new process did not become ready/);

    server.send("SIGHUP");
    for (const [i, worker] of pids.entries()) {
      await server.line(new RegExp(`\\[worker ${i + 1}\\] .* is draining: `));
      for (const [connection, pid] of halves) {
        if (pid !== worker) continue;
        await connection.send("ond.1");
        assertEquals(await connection.answer(), { pid, text: "second.1", isLast: true });
        await connection.ended();
      }
    }
    await server.line(/All workers are new$/);
    await load.stop();
    assertEquals(load.answers, load.requests);
    assert(load.closes > 0 && load.answers > load.closes);
    const current = pidsOf(server).slice(WORKERS + 1);
    assertEquals(current.length, WORKERS);
    // The old workers have answered, and the new ones.
    assert(pids.some((pid) => load.pids.has(pid)) && current.some((pid) => load.pids.has(pid)));
    assert(load.pids.isSubsetOf(new Set([...pids, ...current])));

    using connection = await Connection.open(port);
    const { pid } = await connection.ask("who");
    assert(current.includes(pid));
    Deno.kill(pid, "SIGKILL");
    await server.line(/worker \d has ended/);
    await server.line(/The worker is ready$/);

    server.send("SIGTERM");
    const { code, lines, errors } = await server.end();
    assertEquals([code, errors], [0, ""]);
    assertMatch(lines.at(-1) ?? "", /Main loop terminated\.$/);
  },
);

Deno.test(
  "multicore.ts kills workers that are still draining on a second SIGTERM",
  { ignore },
  async () => {
    await using server = new Example("multicore.ts", ["0", "1"]);
    const { port } = await start(server, 1);
    using connection = await Connection.open(port);
    await connection.ask("first");
    await connection.send("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 8\r\n\r\nsec");
    server.send("SIGTERM");
    await server.line(/\[worker 1\] .* is draining: 1 connection/);
    server.send("SIGTERM");
    const { errors } = await server.end();
    assertEquals(errors, "");
    // The worker would have waited for the rest of the request.
    assert(["end", "ECONNRESET"].includes(await connection.ending()));
  },
);
