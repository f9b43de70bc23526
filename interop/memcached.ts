/**
 * A memcached server for tests.
 *
 * @module
 */

import { Program } from "../testing/fixtures/program.ts";
import { freePort } from "./proxy.ts";

/** Where a server listens, as the options of its command line. */
export interface MemcachedAddress {
  readonly options: readonly string[];
}

/** Returns the address of a free port of this host. */
export function memcachedPort(): MemcachedAddress & { readonly port: number } {
  const port = freePort();
  return { port, options: ["-l", "127.0.0.1", "-p", `${port}`] };
}

/** Returns the address of a UNIX socket. */
export function memcachedSocket(path: string): MemcachedAddress {
  return { options: ["-s", path] };
}

/**
 * Starts memcached, and waits until it listens.
 *
 * @param address Where it listens.
 * @param options Further options of its command line.
 * @returns The program. Dispose of it to end it.
 */
export async function startMemcached(
  address: MemcachedAddress,
  ...options: string[]
): Promise<Program> {
  // memcached refuses to run as root unless -u names the user. With -vv it reports on standard
  // error that it listens.
  const args = ["-u", "root", "-vv", ...address.options, ...options];
  const program = new Program(["-c", 'exec memcached "$@" 2>&1', "sh", ...args], { command: "sh" });
  try {
    await program.line(/server listening/);
  } catch (error) {
    await program[Symbol.asyncDispose]();
    throw error;
  }
  // memcached prints every request from now on. If its output were not read, the pipe would fill,
  // and memcached would wait.
  void program.end();
  return program;
}
