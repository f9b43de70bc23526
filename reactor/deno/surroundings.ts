import type { ISurroundings } from "../interfaces.ts";

/** Files and variables, by Deno: `--allow-read` for the paths, `--allow-env` for the variables' names. */
export class DenoSurroundings implements ISurroundings {
  /** See {@linkcode ISurroundings.pid}. */
  get pid(): number {
    return Deno.pid;
  }

  /** See {@linkcode ISurroundings.getEnvironment}. */
  getEnvironment(name: string): string | undefined {
    return Deno.env.get(name);
  }

  /** See {@linkcode ISurroundings.readTextFile}. */
  readTextFile(path: string): Promise<string> {
    return Deno.readTextFile(path);
  }

  /** See {@linkcode ISurroundings.readDirectory}. */
  async readDirectory(path: string): Promise<string[]> {
    const entries = await Array.fromAsync(Deno.readDir(path));
    return entries.filter((entry) => !entry.isDirectory).map(({ name }) => name);
  }
}
