/** A server that runs out of file descriptors: a separate process with a low limit. */

import { assert, assertEquals } from "../assertions.ts";
import { Program } from "../fixtures/program.ts";
import { endingOf, RawPeer } from "../peers/raw_peer.ts";

const CLIENTS = 120;
const DESCRIPTORS = 64;

/** A server with few descriptors, and its clients. */
class Overload implements AsyncDisposable {
  readonly #server: Program;
  readonly #peers: RawPeer[] = [];
  #port = 0;

  private constructor(server: Program) {
    this.#server = server;
  }

  /**
   * Starts a server on the reactor class that `module` exports as `name`, with further flags of
   * `deno run`.
   */
  static async start(module: string, name: string, ...flags: string[]): Promise<Overload> {
    const program = new URL("../fixtures/overloaded_server.ts", import.meta.url).href;
    const deno = [
      Deno.execPath(),
      "run",
      "--quiet",
      "--allow-all",
      ...flags,
      program,
      module,
      name,
    ];
    const script = `ulimit -n ${DESCRIPTORS} && exec "$@"`;
    const overload = new Overload(
      new Program(["-c", script, "sh", ...deno], { command: "sh", input: true }),
    );
    const [, port = ""] = await overload.line(/^port (\d+)$/);
    overload.#port = Number(port);
    return overload;
  }

  /** Waits for a line of the server's output. */
  line(expected: RegExp): Promise<RegExpExecArray> {
    return this.#server.line(expected);
  }

  /** Waits until the server logs that it cannot accept. */
  async short(): Promise<void> {
    const where = RegExp.escape(`127.0.0.1:${this.#port}`);
    await this.line(
      RegExp(
        `^logged Cannot accept connections on ${where}, so accepting is paused: Too many open files`,
      ),
    );
  }

  /** Connects a client to the server. */
  async connect(): Promise<RawPeer> {
    const peer = await RawPeer.connect(this.#port);
    this.#peers.push(peer);
    return peer;
  }

  /** Stops the server. @returns The number of its connections, and its log lines. */
  async end(): Promise<{ connections: number; logged: string[] }> {
    await this.#server.endInput();
    const { code, lines, errors } = await this.#server.end();
    assertEquals(code, 0, [...lines, errors].join("\n"));
    return {
      connections: Number(lines.at(-1)?.replace("connections ", "")),
      logged: lines.filter((line) => line.startsWith("logged ")),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers.splice(0)) peer.close();
    await this.#server[Symbol.asyncDispose]();
  }
}

/**
 * Defines the tests of a port without file descriptors.
 *
 * @param name The name of the reactor's class.
 * @param module The URL of the module that exports the class.
 */
export function overloadTests(name: string, module: string): void {
  Deno.test(`${name}: StreamPort without file descriptors logs it, and serves all clients later`, async () => {
    // Without read permission, the port has no spare descriptor, and waits as long as it takes.
    await using overload = await Overload.start(module, name, "--deny-read=/dev/null");
    const mayLeave = Promise.withResolvers<void>();
    let greeted = 0;
    const visits = Array.from({ length: CLIENTS }, async () => {
      const peer = await overload.connect();
      assertEquals(await peer.readText(5), "hello");
      greeted++;
      await mayLeave.promise;
      await peer.conn.closeWrite();
    });
    await overload.short();
    assert(
      greeted < DESCRIPTORS,
      `${greeted} clients were greeted with ${DESCRIPTORS} descriptors`,
    );
    mayLeave.resolve();
    await Promise.all(visits);
    const { connections, logged } = await overload.end();
    assertEquals(connections, CLIENTS);
    assertEquals(logged.length <= 2, true, logged.join("\n"));
  });

  Deno.test(`${name}: StreamPort without file descriptors for a second rejects clients`, async () => {
    await using overload = await Overload.start(module, name);
    const served: RawPeer[] = [];
    let turnedAway = 0;
    await Promise.all(Array.from({ length: CLIENTS }, async () => {
      const peer = await overload.connect();
      const greeting = peer.readText(5);
      if (await endingOf(greeting) === "end") served.push(peer);
      else turnedAway++;
    }));
    assert(served.length < DESCRIPTORS, `${served.length} clients were served`);
    for (const peer of served) await peer.conn.closeWrite();
    // The server has closed these connections.
    for (const peer of served) assertEquals(await peer.ending(), "end");
    assertEquals(await (await overload.connect()).readText(5), "hello");
    const [, count] = await overload.line(/^logged Accepting .* again .* turned away: (\d+)$/);
    assertEquals(Number(count), turnedAway);
    const { connections, logged } = await overload.end();
    assertEquals(connections, CLIENTS - turnedAway + 1);
    assertEquals(logged.length, 2, logged.join("\n"));
  });
}
