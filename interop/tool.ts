/**
 * Programs of other projects as the opposite end of a connection.
 *
 * @module
 */

import { DenoReactor, type IReactor } from "../reactor/mod.ts";
import { Program } from "../testing/fixtures/program.ts";
import { SocketFixture, socketTest } from "../testing/fixtures/socket_fixture.ts";

/** A program, and how to install it. */
export interface Tool {
  /** The name of the program. */
  readonly command: string;
  /** Arguments for a check whether the program is installed: it then exits with code 0. */
  readonly check: readonly string[];
  /** A file that the program needs and that may be missing, such as a module of another package. */
  readonly file?: string | undefined;
  /** The Debian package with the program. */
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
/** The load generator of nghttp2, which also speaks HTTP/1.1. */
export const H2LOAD: Tool = { command: "h2load", check: ["--version"], package: "nghttp2-client" };
/** A load generator for HTTP/1.1. */
export const WRK: Tool = {
  // Its option for the version does not succeed.
  command: "/usr/bin/env",
  check: ["sh", "-c", "command -v wrk"],
  package: "wrk",
};
/** HAProxy. */
export const HAPROXY: Tool = { command: "haproxy", check: ["-v"], package: "haproxy" };
/** nginx. Its module for TCP is a package of its own. */
export const NGINX = {
  command: "nginx",
  check: ["-v"],
  file: "/usr/lib/nginx/modules/ngx_stream_module.so",
  package: "libnginx-mod-stream",
} as const satisfies Tool;
/** The client of the finger protocol. */
export const FINGER: Tool = {
  command: "finger",
  // It has no option that only prints: without an argument, it lists who is logged in.
  check: [],
  package: "finger",
};
/** A small SOCKS 5 server. */
export const MICROSOCKS: Tool = {
  // It has no option that only prints and succeeds.
  command: "/usr/bin/env",
  check: ["sh", "-c", "command -v microsocks"],
  package: "microsocks",
};
/** memcached. */
export const MEMCACHED: Tool = {
  command: "memcached",
  check: ["--version"],
  package: "memcached",
};
/** The command line of Redis. Its package also has the benchmark. */
export const REDIS_CLI: Tool = {
  command: "redis-cli",
  check: ["--version"],
  package: "redis-tools",
};
/** The server of Redis. */
export const REDIS_SERVER: Tool = {
  command: "redis-server",
  check: ["--version"],
  package: "redis-server",
};
/** The server of NATS. */
export const NATS_SERVER: Tool = {
  command: "nats-server",
  check: ["--version"],
  package: "nats-server",
};
/** Chromium. */
export const CHROMIUM: Tool = {
  command: "chromium",
  check: ["--version"],
  package: "chromium",
};
/** Debian's Python, which has Twisted. Another Python earlier in the path may not. */
export const TWISTED: Tool = {
  command: "/usr/bin/python3",
  check: ["-c", "import twisted.internet.reactor, OpenSSL, service_identity"],
  package: "python3-twisted",
};

/** A fixture with a program at the opposite end. */
export class InteropFixture extends SocketFixture {
  readonly #tool: Tool;

  constructor(tool: Tool, ...rest: ConstructorParameters<typeof SocketFixture>) {
    super(...rest);
    this.#tool = tool;
  }

  /** Starts the tool, and ends it with the test. */
  start(...args: string[]): Program {
    return this.program(this.#tool.command, args);
  }

  /** Starts the tool, with its standard error among its output. */
  startAloud(...args: string[]): Program {
    return this.programAloud(this.#tool.command, args);
  }

  /** Starts a program, with its standard error among its output. */
  programAloud(command: string, args: string[]): Program {
    return this.program("sh", ["-c", 'exec "$0" "$@" 2>&1', command, ...args]);
  }

  /** Returns a path for a socket that is removed after the test. */
  path(name: string): string {
    return `${this.folder()}/${name}`;
  }

  /** Returns a folder that is removed after the test. */
  folder(): string {
    const folder = Deno.makeTempDirSync();
    this.after(() => Deno.removeSync(folder, { recursive: true }));
    return folder;
  }

  /** Starts a program, and ends it with the test. */
  program(command: string, args: string[]): Program {
    const program = new Program(args, { command, input: true });
    this.after(() => program[Symbol.asyncDispose]());
    return program;
  }
}

/** Defines a test with a tool. */
export type InteropTest = (
  claim: string,
  f: (fixture: InteropFixture) => void | Promise<void>,
) => void;

/**
 * Returns a function that defines tests with a tool. If the tool is not installed, it prints a
 * notice and defines none. The gate sets `CI`, installs all tools, and treats a missing one as an
 * error.
 *
 * @param tool The tool.
 * @param others Further tools that the tests need.
 * @throws {Error} If `CI` is set and a tool is not installed.
 */
export function interopTest(tool: Tool, ...others: readonly Tool[]): InteropTest {
  return interopTestOn(() => new DenoReactor(), tool, ...others);
}

/** Does the same as {@linkcode interopTest}, with the reactors that a function makes. */
export function interopTestOn(
  makeReactor: () => IReactor,
  tool: Tool,
  ...others: readonly Tool[]
): InteropTest {
  const absent = [tool, ...others].find((each) => !isInstalled(each));
  if (absent === undefined) {
    const define = socketTest(
      tool.package,
      (errors) => new InteropFixture(tool, makeReactor(), errors),
    );
    return (claim, f) => Deno.test(define(claim, f));
  }
  const missing = `${absent.package} is not installed: nothing is tested against it`;
  if (Deno.env.get("CI")) throw new Error(missing);
  console.warn(missing);
  return () => {};
}

function isInstalled({ command, check, file }: Tool): boolean {
  try {
    if (file !== undefined) Deno.statSync(file);
    return new Deno.Command(command, { args: [...check], stdin: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
