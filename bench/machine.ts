/**
 * Describes the machine of a run.
 *
 * @module
 */

import { canImport, PYTHON } from "./python.ts";
import type { Machine } from "./results.ts";
import { isInstalled, isPinned } from "./server_process.ts";

/** The commands that print a version. */
const COMMANDS: Record<string, readonly [string, ...string[]]> = {
  Node: ["node", "--version"],
  Bun: ["bun", "--version"],
  gcc: ["cc", "-dumpfullversion"],
  redis: ["redis-server", "--version"],
  memcached: ["memcached", "--version"],
};

/** The packages of Python. */
const MODULES: Record<string, string> = {
  Twisted: "twisted",
  uvloop: "uvloop",
  hiredis: "hiredis",
};

/** Describes this machine. */
export async function thisMachine(): Promise<Machine> {
  const processor = /^model name\s*: (.*)$/m.exec(read("/proc/cpuinfo"))?.[1] ?? Deno.build.arch;
  const { total } = Deno.systemMemoryInfo();
  return {
    processor,
    processors: navigator.hardwareConcurrency,
    memory: `${Math.round(total / 2 ** 30)} GiB`,
    kernel: `Linux ${Deno.osRelease()}`,
    system: /^PRETTY_NAME="(.*)"$/m.exec(read("/etc/os-release"))?.[1] ?? "unknown",
    isPinned: isPinned(),
    versions: await versions(),
  };
}

async function versions(): Promise<Record<string, string>> {
  const found: Record<string, string> = { Deno: Deno.version.deno, V8: Deno.version.v8 };
  for (const [name, [command, ...args]] of Object.entries(COMMANDS)) {
    if (isInstalled(command)) found[name] = await versionOf(command, args);
  }
  for (const [name, module] of Object.entries(MODULES)) {
    if (!(await canImport(module))) continue;
    const script = `import ${module}; print(${module}.__version__)`;
    found[name] = await versionOf(PYTHON, ["-c", script]);
  }
  if (found.Twisted !== undefined) found.Python = await versionOf(PYTHON, ["--version"]);
  return found;
}

async function versionOf(command: string, args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(command, { args }).output();
  const text = new TextDecoder().decode(stdout).trim();
  return /\d+(\.\d+)+/.exec(text)?.[0] ?? text;
}

function read(path: string): string {
  return Deno.readTextFileSync(path);
}
