/**
 * The load of the servers, from a process in C. Linux only.
 *
 * @module
 */

import { compileC } from "./c_program.ts";
import { onProcessor, type ServerProcess } from "./server_process.ts";

const PROCESSOR = 1;

/** Connections that exchange messages of `size` bytes. */
export interface Exchange {
  readonly connections: number;
  readonly size: number;
}

/** What a load has measured: units per second, and microseconds. */
export type Measured = Record<string, number>;

/** Generates loads, each in a process of its own. */
export class LoadGenerator {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Compiles the program.
   *
   * @throws {Error} If there is no C compiler.
   */
  static async create(): Promise<LoadGenerator> {
    return new LoadGenerator(await compileC("load/load_generator.c"));
  }

  /** Keeps messages in flight, `ahead` on each connection. */
  exchange(
    server: ServerProcess,
    { connections, size, ahead }: Exchange & { readonly ahead: number },
    seconds: number,
  ): Promise<Measured> {
    return this.#run("exchange", server, connections, size, ahead, seconds);
  }

  /** Sends messages at fixed times, whenever the answers come. */
  rate(
    server: ServerProcess,
    { connections, size, perSecond }: Exchange & { readonly perSecond: number },
    seconds: number,
  ): Promise<Measured> {
    return this.#run("rate", server, connections, size, perSecond, seconds);
  }

  /** Connects and reads until the server closes, again and again. */
  greet(server: ServerProcess, connections: number, seconds: number): Promise<Measured> {
    return this.#run("greet", server, connections, seconds);
  }

  /** Starts a process that holds connections open. */
  hold(server: ServerProcess): HeldConnections {
    const [command, ...args] = onProcessor(PROCESSOR, [this.#path, "hold", `${server.port}`]);
    const options = { args, stdin: "piped", stdout: "piped" } as const;
    return new HeldConnections(new Deno.Command(command, options).spawn());
  }

  async #run(mode: string, server: ServerProcess, ...numbers: number[]): Promise<Measured> {
    const all = [mode, server.port, server.pid, ...numbers].map(String);
    const [command, ...args] = onProcessor(PROCESSOR, [this.#path, ...all]);
    const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
    if (success) return JSON.parse(new TextDecoder().decode(stdout));
    throw new Error(`${all.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
  }
}

/** Idle connections, held open by another process. */
export class HeldConnections implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;

  constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#input = process.stdin.getWriter();
    this.#output = process.stdout.getReader();
  }

  /** Opens more connections. Returns when the server has accepted them. */
  async open(count: number): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${count}\n`));
    const { done } = await this.#output.read();
    if (done) throw new Error(`Cannot open ${count} connections: the load generator has failed`);
  }

  /** Closes all connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close();
    await this.#output.cancel();
    await this.#process.status;
  }
}
