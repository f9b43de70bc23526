/**
 * Twisted's side of a comparison: a script for Debian's Python.
 *
 * @module
 */

const PYTHON = "/usr/bin/python3";

/** Reports whether Twisted is installed. Prints a notice if it is not. */
export async function isTwistedInstalled(): Promise<boolean> {
  const isInstalled = await canImport("twisted");
  if (!isInstalled) console.log(`Twisted is left out: ${PYTHON} has no package twisted`);
  return isInstalled;
}

/** Reports whether Debian's Python has a module. */
export async function canImport(module: string): Promise<boolean> {
  try {
    const command = new Deno.Command(PYTHON, { args: ["-c", `import ${module}`], stderr: "null" });
    return (await command.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Runs a script with a file of input.
 *
 * @param script The path of the script, relative to this folder.
 * @param input The contents of the file.
 * @param args The arguments of the script; `FILE` stands for the path of the file.
 * @returns The lines of its output, each as numbers.
 */
export async function runTwisted(
  script: string,
  input: Uint8Array,
  args: string[],
): Promise<number[][]> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeFile(file, input);
    const path = new URL(script, import.meta.url).pathname;
    const { success, stdout, stderr } = await new Deno.Command(PYTHON, {
      args: [path, ...args.map((arg) => arg === "FILE" ? file : arg)],
    }).output();
    if (!success) throw new Error(`Twisted failed: ${new TextDecoder().decode(stderr)}`);
    return new TextDecoder().decode(stdout).trim().split("\n")
      .map((line) => line.split(" ").map(Number));
  } finally {
    await Deno.remove(file);
  }
}
