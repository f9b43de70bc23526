/**
 * A server that runs out of file descriptors: a process of its own with a low limit.
 *
 * @module
 */

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

  /** Starts a server on the reactor that `module` exports as `name`, with more permissions or fewer. */
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
        `^logged Cannot accept connections on ${where}, accepting pauses: Too many open files`,
      ),
    );
  }

  /** Connects. */
  async connect(): Promise<RawPeer> {
    const peer = new RawPeer(await Deno.connect({ hostname: "127.0.0.1", port: this.#port }));
    this.#peers.push(peer);
    return peer;
  }

  /** Stops the server. @returns The number of connections that it had, and what it logged. */
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
 * Defines the tests.
 *
 * @param name The name of the reactor's class.
 * @param module The URL of the module that exports it.
 */
export function overloadTests(name: string, module: string): void {
  Deno.test(`${name}: a port without file descriptors logs it, and serves all clients later`, async () => {
    // Without a spare descriptor, however long it takes.
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
    assert(greeted < DESCRIPTORS, `${greeted} were greeted with ${DESCRIPTORS} descriptors`);
    mayLeave.resolve();
    await Promise.all(visits);
    const { connections, logged } = await overload.end();
    assertEquals(connections, CLIENTS);
    assertEquals(logged.length <= 2, true, logged.join("\n"));
  });

  Deno.test(`${name}: a port without file descriptors for a second turns clients away`, async () => {
    await using overload = await Overload.start(module, name);
    const served: RawPeer[] = [];
    let turnedAway = 0;
    await Promise.all(Array.from({ length: CLIENTS }, async () => {
      const peer = await overload.connect();
      const greeting = peer.readText(5);
      if (await endingOf(greeting) === "end") served.push(peer);
      else turnedAway++;
    }));
    assert(served.length < DESCRIPTORS, `${served.length} were served`);
    for (const peer of served) await peer.conn.closeWrite();
    // At their ends the server has closed its own.
    for (const peer of served) assertEquals(await peer.ending(), "end");
    assertEquals(await (await overload.connect()).readText(5), "hello");
    const [, count] = await overload.line(/^logged Accepting .* again .* turned away: (\d+)$/);
    assertEquals(Number(count), turnedAway);
    const { connections, logged } = await overload.end();
    assertEquals(connections, CLIENTS - turnedAway + 1);
    assertEquals(logged.length, 2, logged.join("\n"));
  });
}
