/**
 * Programs that nobody here wrote, as the other end of a connection.
 *
 * @module
 */

import { DenoReactor } from "../reactor/mod.ts";
import { Program } from "../testing/fixtures/program.ts";
import { SocketFixture, type SocketTest, socketTest } from "../testing/fixtures/socket_fixture.ts";

/** A program, and how it comes onto a machine. */
export interface Tool {
  /** What is run. */
  readonly command: string;
  /** What it prints when it is asked for: a program that is there exits with code 0. */
  readonly check: readonly string[];
  /** Debian's package. */
  readonly package: string;
}

/** OpenSSL's command line. */
export const OPENSSL: Tool = { command: "openssl", check: ["version"], package: "openssl" };
/** The netcat of OpenBSD. */
export const NETCAT: Tool = { command: "nc", check: ["-h"], package: "netcat-openbsd" };
/** socat. */
export const SOCAT: Tool = { command: "socat", check: ["-V"], package: "socat" };
/** curl. */
export const CURL: Tool = { command: "curl", check: ["--version"], package: "curl" };
/** Debian's Python with Twisted; another Python in front of it has none. */
export const TWISTED: Tool = {
  command: "/usr/bin/python3",
  check: ["-c", "import twisted.internet.reactor, OpenSSL, service_identity"],
  package: "python3-twisted",
};

/** A fixture with a program at the other end. */
export class InteropBed extends SocketFixture {
  readonly #tool: Tool;

  constructor(tool: Tool, ...rest: ConstructorParameters<typeof SocketFixture>) {
    super(...rest);
    this.#tool = tool;
  }

  /** Starts the tool. It is ended with the test. */
  start(...args: string[]): Program {
    return this.program(this.#tool.command, args);
  }

  /** Starts the tool, with what it says of itself among its output. */
  startAloud(...args: string[]): Program {
    return this.program("sh", ["-c", 'exec "$0" "$@" 2>&1', this.#tool.command, ...args]);
  }

  /** A path for a socket, gone after the test. */
  path(name: string): string {
    const folder = Deno.makeTempDirSync();
    this.after(() => Deno.removeSync(folder, { recursive: true }));
    return `${folder}/${name}`;
  }

  /** Starts a program. It is ended with the test. */
  program(command: string, args: string[]): Program {
    const program = new Program(args, { command, input: true });
    this.after(() => program[Symbol.asyncDispose]());
    return program;
  }
}

/**
 * What makes tests with a tool. Where the tool is not installed, says so and makes none; the gate,
 * which sets `CI`, installs all of them and takes a missing one for an error.
 *
 * @throws {Error} when `CI` is set and the tool is not installed.
 */
export function interopTest(tool: Tool): SocketTest<InteropBed> {
  if (isInstalled(tool)) {
    return socketTest(tool.package, (errors) => new InteropBed(tool, new DenoReactor(), errors));
  }
  const missing = `${tool.package} is not installed: nothing is tested against it`;
  if (Deno.env.get("CI")) throw new Error(missing);
  console.warn(missing);
  return () => {};
}

function isInstalled({ command, check }: Tool): boolean {
  try {
    return new Deno.Command(command, { args: [...check], stdin: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
