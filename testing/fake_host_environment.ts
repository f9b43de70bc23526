import type { IHostEnvironment } from "../reactor/interfaces/mod.ts";

/**
 * Files and environment variables for the endpoint strings of a test.
 *
 * @example
 * ```ts
 * import { FakeHostEnvironment } from "@torsion/reactor/testing";
 *
 * const host = new FakeHostEnvironment();
 * host.variables.set("LISTEN_PID", "4711");
 * host.files.set("/etc/key.pem", "-----BEGIN PRIVATE KEY-----");
 * console.log(await host.readDirectory("/etc")); // [ "key.pem" ]
 * ```
 */
export class FakeHostEnvironment implements IHostEnvironment {
  /** The process id. */
  pid = 4711;
  /** The environment variables. */
  readonly variables: Map<string, string> = new Map();
  /** The files: their texts by their paths. */
  readonly files: Map<string, string> = new Map();

  getEnvironment(name: string): string | undefined {
    return this.variables.get(name);
  }

  /** Returns a promise for the text of a file in {@linkcode files}. */
  readTextFile(path: string): Promise<string> {
    const text = this.files.get(path);
    return text === undefined
      ? Promise.reject(missing("read the file", path))
      : Promise.resolve(text);
  }

  /** Returns a promise for the names of the files in a directory of {@linkcode files}. */
  readDirectory(path: string): Promise<readonly string[]> {
    const folder = path.endsWith("/") ? path : `${path}/`;
    const inside = [...this.files.keys()].filter((each) => each.startsWith(folder));
    if (inside.length === 0) return Promise.reject(missing("read the directory", path));
    const names = inside.map((each) => each.slice(folder.length).split("/")[0] ?? "");
    return Promise.resolve([...new Set(names)]);
  }
}

function missing(action: string, path: string): Error {
  return new Deno.errors.NotFound(
    `Cannot ${action} ${JSON.stringify(path)}: the FakeHostEnvironment does not have it`,
  );
}
