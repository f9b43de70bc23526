/**
 * The servers that the tables compare: those on this library, and the same servers by other
 * authors' means.
 *
 * @module
 */

import { compileC } from "./c_program.ts";
import { HOST_REACTORS } from "./host_reactors.ts";
import { messageOf, type TableRecorder } from "./measure.ts";
import { denoProgram, isInstalled, ServerProcess, type ServerProgram } from "./server_process.ts";
import { canImport, PYTHON } from "./python.ts";

/** What a server does: send back what it receives, or greet and close. */
export type Mode = "echo" | "hello";

/** The names with which tables compare. */
export const LOOP = "Deno.listen loop";
export const C_EPOLL = "C epoll";

/** A server under test. */
export interface Server {
  readonly name: string;
  /** Whether the kernel may refuse it. */
  readonly mayBeRefused?: boolean;
  /** Returns the program; the reason why it cannot run as a string. */
  program(mode: Mode): Promise<ServerProgram | string>;
}

/** A server on another runtime, or in another language. */
function peer(
  name: string,
  needs: string,
  isThere: () => boolean | Promise<boolean>,
  command: string,
  file: string,
): Server {
  return {
    name,
    async program(mode): Promise<ServerProgram | string> {
      if (!(await isThere())) return `${needs} is not installed`;
      const path = new URL(`servers/${file}`, import.meta.url).pathname;
      return { command, args: [path, "0", ...argumentsOf(mode)] };
    },
  };
}

function inDeno(name: string, file: string, first: string[] = [], flags: string[] = []): Server {
  return {
    name,
    program: (mode) =>
      Promise.resolve(denoProgram(`servers/${file}`, [...first, ...argumentsOf(mode)], flags)),
  };
}

function inC(name: string, source: string): Server {
  return {
    name,
    async program(mode): Promise<ServerProgram | string> {
      const command = await compileC(`servers/${source}`);
      return { command, args: ["0", ...argumentsOf(mode)] };
    },
  };
}

const argumentsOf = (mode: Mode): string[] => mode === "hello" ? ["hello"] : [];

/** Returns the name of a server on this library. The default reactor is not named. */
export function torsionName(reactor: string): string {
  return reactor === HOST_REACTORS[0] ? "Torsion" : `Torsion on ${reactor}`;
}

/** The servers on this library, with `dataReceived`. */
export const TORSION: readonly Server[] = HOST_REACTORS.map((name) =>
  inDeno(torsionName(name), "torsion_server.ts", [name])
);

/** The echo servers on this library that provide their memory. */
export const BUFFERED: readonly Server[] = HOST_REACTORS.map((name) =>
  inDeno(`${torsionName(name)}, bufferUpdated`, "torsion_server.ts", [name, "buffered"])
);

/** A server with a small young generation, for idle connections. */
export const SMALL_YOUNG_GENERATION = inDeno(
  "Torsion, small young generation",
  "torsion_server.ts",
  HOST_REACTORS.slice(0, 1),
  ["--v8-flags=--max-semi-space-size=1"],
);

export const PEERS: readonly Server[] = [
  inDeno(LOOP, "deno_loop.ts"),
  inDeno("node:net on Deno", "node_net.mjs"),
  peer("node:net on Node", "node", () => isInstalled("node"), "node", "node_net.mjs"),
  peer("Bun.listen", "bun", () => isInstalled("bun"), "bun", "bun_listen.ts"),
  peer("Twisted", "python3-twisted", () => canImport("twisted"), PYTHON, "twisted_server.py"),
  peer("uvloop", "python3-uvloop", () => canImport("uvloop"), PYTHON, "uvloop_server.py"),
  inC(C_EPOLL, "epoll_server.c"),
  // Containers often forbid io_uring.
  { ...inC("C io_uring", "uring_server.c"), mayBeRefused: true },
];

/** A running server under test. */
export interface RunningServer {
  readonly name: string;
  readonly process: ServerProcess;
}

/**
 * Starts a server.
 *
 * @returns The server; `null` if it cannot run here or fails, for which the reason is recorded.
 */
export async function startServer(
  server: Server,
  mode: Mode,
  recorder: TableRecorder,
): Promise<RunningServer | null> {
  const { name, mayBeRefused = false } = server;
  try {
    const program = await server.program(mode);
    if (typeof program !== "string") return { name, process: await ServerProcess.start(program) };
    recorder.missing.push(`${name}: ${program}`);
  } catch (error) {
    const reasons = mayBeRefused ? recorder.missing : recorder.failures;
    reasons.push(`${name}: ${messageOf(error)}`);
  }
  return null;
}

/** Servers that run at the same time. They are idle while another one is measured. */
export class RunningServers implements AsyncDisposable {
  readonly all: readonly RunningServer[];

  private constructor(all: readonly RunningServer[]) {
    this.all = all;
  }

  /** Starts all that can run here, and records the others. */
  static async start(
    servers: readonly Server[],
    mode: Mode,
    recorder: TableRecorder,
  ): Promise<RunningServers> {
    const all: RunningServer[] = [];
    for (const server of servers) {
      const running = await startServer(server, mode, recorder);
      if (running !== null) all.push(running);
    }
    return new RunningServers(all);
  }

  /** Kills all. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { process } of this.all) await process[Symbol.asyncDispose]();
  }
}
