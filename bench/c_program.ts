/**
 * Programs in C, compiled when a benchmark needs them.
 *
 * @module
 */

/**
 * Compiles a program into a temporary folder, which is removed when this process ends.
 *
 * @param source The source file, relative to this folder.
 * @returns The path of the executable.
 * @throws {Error} If there is no C compiler, or it fails.
 */
export async function compileC(source: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "bench-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const path = `${folder}/${source.replace(/^.*\/|\.c$/g, "")}`;
  const { pathname } = new URL(source, import.meta.url);
  try {
    const args = ["-O2", "-Wall", "-o", path, pathname];
    const { success, stderr } = await new Deno.Command("cc", { args }).output();
    if (success) return path;
    throw new Error(`Cannot compile ${source}: ${new TextDecoder().decode(stderr)}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`Cannot compile ${source}: there is no C compiler (\`apt install gcc\`)`);
  }
}
