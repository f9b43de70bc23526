/**
 * Performs an operation of `shortage_operations.ts` without and then with free file descriptors. A test starts this program with a low
 * limit. Argument: the name of the operation. Prints the log, the outcome of each attempt, and finally `stopped`.
 *
 * @module
 */

import { err, startLogging } from "../../log/mod.ts";
import { DenoReactor } from "../deno/reactor.ts";
import { operations, type Table } from "./shortage_operations.ts";

/** Takes descriptors by opening the same file repeatedly. */
class OpenedTable implements Table {
  readonly #taken: Deno.FsFile[] = [];

  fill(leave = 0): void {
    try {
      for (;;) this.#taken.push(Deno.openSync("/dev/null"));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EMFILE")) throw error;
    }
    for (let i = 0; i < leave; i++) this.#taken.pop()?.close();
  }

  free(): void {
    for (const file of this.#taken.splice(0)) file.close();
  }
}

const [name = ""] = Deno.args;
const prepare = operations[name];
if (prepare === undefined) throw new Error(`There is no operation "${name}"`);

startLogging(Deno.stdout);
const folder = Deno.makeTempDirSync({ prefix: "shortage-" });
const table = new OpenedTable();
const reactor = new DenoReactor();
const running = reactor.run({ installSignalHandlers: false });
try {
  const attempt = await prepare({ reactor, folder, table });
  for (const when of ["full", "free"]) {
    if (when === "full") table.fill();
    else table.free();
    try {
      await attempt();
      console.log(`${when}: done`);
    } catch (error) {
      err(error, `Cannot ${name}`);
      const { code } = error as { code?: string };
      console.log(`${when}: ${code}`);
    }
  }
} finally {
  Deno.removeSync(folder, { recursive: true });
}
reactor.stop();
await running;
console.log("stopped");
