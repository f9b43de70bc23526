import type { IHostEnvironment } from "../../interfaces/mod.ts";

/** Files and variables, by Deno: `--allow-read` for the paths, `--allow-env` for the variables' names. */
export class DenoHostEnvironment implements IHostEnvironment {
  /** See {@linkcode IHostEnvironment.pid}. */
  get pid(): number {
    return Deno.pid;
  }

  /** See {@linkcode IHostEnvironment.getEnvironment}. */
  getEnvironment(name: string): string | undefined {
    return Deno.env.get(name);
  }

  /** See {@linkcode IHostEnvironment.readTextFile}. */
  readTextFile(path: string): Promise<string> {
    return Deno.readTextFile(path);
  }

  /** See {@linkcode IHostEnvironment.readDirectory}. */
  async readDirectory(path: string): Promise<string[]> {
    const entries = await Array.fromAsync(Deno.readDir(path));
    return entries.filter((entry) => !entry.isDirectory).map(({ name }) => name);
  }
}
