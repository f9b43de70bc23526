/**
 * The host environment: variables, files and the process.
 *
 * @module
 */

import type { IHostEnvironment } from "../../interfaces/mod.ts";

/**
 * Environment variables, files and the process itself, through Deno. Needs `--allow-read` for the
 * paths and `--allow-env` for the names of the variables.
 */
export class DenoHostEnvironment implements IHostEnvironment {
  get pid(): number {
    return Deno.pid;
  }

  getEnvironment(name: string): string | undefined {
    return Deno.env.get(name);
  }

  readTextFile(path: string): Promise<string> {
    return Deno.readTextFile(path);
  }

  async readDirectory(path: string): Promise<string[]> {
    const entries = await Array.fromAsync(Deno.readDir(path));
    return entries.filter((entry) => !entry.isDirectory).map(({ name }) => name);
  }
}

/**
 * Exits the process at once, even if resources are still open.
 *
 * @param code The exit status.
 */
export function exitProcess(code: number): void {
  Deno.exit(code);
}
