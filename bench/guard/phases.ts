/**
 * The load of the guarded server, in phases: each does the same again and again, one step after
 * another, so that its counts do not depend on the speed of the machine.
 *
 * @module
 */

/** The file name in the system call that ends a phase. */
export const MARK = "/the-end-of-a-phase";
/** The message that ends a phase: `!`. */
export const PHASE_END = 0x21;

/** The steps of a phase: messages, or connections. */
export const STEPS = 480;
const CONNECTIONS = 16;
const HOST = { hostname: "127.0.0.1" };
const message = new Uint8Array(64).fill(120);

/** The phases, in their order. Each runs several times: the first time warms up. */
export const PHASES = ["echo on 1 connection", "echo on 16 connections", "hello and close"];
/** How often each phase runs. */
export const REPEATS = 4;

/** A phase that has run: its name, and the bytes that were allocated during it. */
export interface Phase {
  readonly name: string;
  readonly bytes: number;
}

/** Connections to a guarded server. */
export class GuardClient implements Disposable {
  readonly #helloPort: number;
  readonly #conns: readonly Deno.TcpConn[];
  readonly #buffer = new Uint8Array(65536);

  private constructor(conns: readonly Deno.TcpConn[], helloPort: number) {
    this.#conns = conns;
    this.#helloPort = helloPort;
  }

  /** Connects. */
  static async connect(echoPort: number, helloPort: number): Promise<GuardClient> {
    const conns: Deno.TcpConn[] = [];
    for (let i = 0; i < CONNECTIONS; i++) {
      conns.push(await Deno.connect({ ...HOST, port: echoPort }));
    }
    return new GuardClient(conns, helloPort);
  }

  /** Runs all phases. Returns them in the order in which they ran; the first one is the start. */
  async run(): Promise<Phase[]> {
    const phases: Phase[] = [];
    let before = await this.#endPhase();
    phases.push({ name: "start", bytes: NaN });
    for (const name of PHASES) {
      for (let i = 0; i < REPEATS; i++) {
        await this.#load(name);
        const now = await this.#endPhase();
        phases.push({ name, bytes: now - before });
        before = now;
      }
    }
    return phases;
  }

  async #load(phase: string): Promise<void> {
    const [first, ...others] = this.#conns;
    switch (phase) {
      case PHASES[0]:
        for (let i = 0; i < STEPS; i++) await this.#exchange(first, message);
        return;
      case PHASES[1]:
        for (let i = 0; i < STEPS; i += CONNECTIONS) {
          await Promise.all([first, ...others].map((conn) => this.#exchange(conn, message)));
        }
        return;
      default:
        for (let i = 0; i < STEPS; i++) await this.#greeted();
    }
  }

  /** Sends a message, and receives an answer of its length. Returns the answer's text. */
  async #exchange(conn: Deno.TcpConn | undefined, bytes: Uint8Array, end = 0): Promise<string> {
    if (conn === undefined) throw new Error("Cannot exchange a message: there is no connection");
    await conn.write(bytes);
    let text = "";
    while (end === 0 ? text.length < bytes.length : text.charCodeAt(text.length - 1) !== end) {
      const read = await conn.read(this.#buffer);
      if (read === null) throw new Error("The guarded server has closed a connection");
      text += new TextDecoder().decode(this.#buffer.subarray(0, read));
    }
    return text;
  }

  async #greeted(): Promise<void> {
    using conn = await Deno.connect({ ...HOST, port: this.#helloPort });
    while (await conn.read(this.#buffer) !== null);
  }

  /** Ends a phase. Returns the size of the heap. */
  async #endPhase(): Promise<number> {
    return Number(await this.#exchange(this.#conns[0], Uint8Array.of(PHASE_END), 10));
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    for (const conn of this.#conns) conn.close();
  }
}
