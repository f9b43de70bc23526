import type { IHostEnvironment } from "../../interfaces/mod.ts";

/**
 * Files and variables, by Deno: `--allow-read` for the paths, `--allow-env` for the variables'
 * names.
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
