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

  /**
   * Returns a promise for the names of the files in a directory of {@linkcode files}. As on a real
   * host, it rejects with an error with the code `ENOTDIR` for a file, and with `ENOENT` for an
   * unknown path.
   */
  readDirectory(path: string): Promise<readonly string[]> {
    const action = "read the directory";
    if (this.files.has(path)) return Promise.reject(notADirectory(action, path));
    const folder = path.endsWith("/") ? path : `${path}/`;
    const inside = [...this.files.keys()].filter((each) => each.startsWith(folder));
    if (inside.length === 0) return Promise.reject(missing(action, path));
    const names = inside.map((each) => each.slice(folder.length).split("/")[0] ?? "");
    return Promise.resolve([...new Set(names)]);
  }
}

function missing(action: string, path: string): Error {
  const why = "the FakeHostEnvironment does not have it";
  const error = new Deno.errors.NotFound(`Cannot ${action} ${JSON.stringify(path)}: ${why}`);
  return Object.assign(error, { code: "ENOENT" });
}

function notADirectory(action: string, path: string): Error {
  const why = "in the FakeHostEnvironment it is a file";
  const error = new Deno.errors.NotADirectory(`Cannot ${action} ${JSON.stringify(path)}: ${why}`);
  return Object.assign(error, { code: "ENOTDIR" });
}
