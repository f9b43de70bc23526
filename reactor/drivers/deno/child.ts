/**
 * Child processes through `Deno.Command`.
 *
 * `node:child_process` in Deno supports descriptors above 2, but it reports the signal that was
 * sent instead of the way in which the child exited, closes the child's input on any signal,
 * changes the arguments of a child that is Deno itself, and needs `--allow-env` (checked on 2.9.6).
 *
 * @module
 */

import { codeOf } from "../../../internal/foreign_value.ts";
import { ProcessAddress } from "../../addresses.ts";
import type { ChildDriver, ChildPipe, ChildStatus } from "../../process/child_driver.ts";
import { SpawnError, UnsupportedError } from "../../errors.ts";
import type { ChildFD, SpawnProcessOptions } from "../../interfaces/mod.ts";
import { quote } from "../../../internal/validation.ts";
import { PipeReader, PipeWriter } from "./child_pipes.ts";

type Stdio = NonNullable<Deno.CommandOptions["stdin"]>;

/**
 * Starts a program.
 *
 * @param executable The path of the program.
 * @param options Arguments, environment, working directory and descriptors.
 * @returns The driver of the running child process.
 * @throws {SpawnError} If the program cannot be started.
 * @throws {UnsupportedError} If Deno does not support an option.
 */
export function spawnChild(executable: string, options: SpawnProcessOptions): ChildDriver {
  const { args = [], env = {}, path, uid, gid, usePTY = false } = options;
  const { childFDs = { 0: "w", 1: "r", 2: "r" } } = options;
  if (usePTY) {
    throw new UnsupportedError(
      `Cannot spawn ${quote(executable)} with usePTY: ` +
        `Deno has no pseudo-terminals; the program "script" can provide one`,
    );
  }
  const unknown = Object.keys(childFDs).find((fd) => !/^[012]$/.test(fd));
  if (unknown !== undefined) {
    throw new UnsupportedError(
      `Cannot spawn ${quote(executable)} with descriptor ${unknown}: ` +
        "Deno supports 0, 1 and 2 only; a shell can open others",
    );
  }
  const command: Deno.CommandOptions = {
    args: [...args],
    stdin: stdio(executable, 0, childFDs[0]),
    stdout: stdio(executable, 1, childFDs[1]),
    stderr: stdio(executable, 2, childFDs[2]),
    clearEnv: env !== null,
    env: env ?? {},
    ...(path === undefined ? {} : { cwd: path }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  };
  try {
    return new DenoChild(executable, command, new Deno.Command(executable, command).spawn());
  } catch (error) {
    throw new SpawnError(executable, { code: codeOf(error), cause: error });
  }
}

/** Converts an entry of `childFDs` to Deno's option. */
function stdio(executable: string, childFD: 0 | 1 | 2, value: ChildFD | undefined): Stdio {
  if (value === undefined) return "null";
  if (value === (childFD === 0 ? "w" : "r")) return "piped";
  if (value === childFD) return "inherit";
  if (typeof value === "number") {
    // The cast is needed because Deno accepts descriptor numbers here, although its types do not.
    // (Deno uses them for node:child_process; checked on 2.9.6.)
    return value as unknown as Stdio;
  }
  throw new UnsupportedError(
    `Cannot spawn ${quote(executable)} with ${quote(value)} for descriptor ${childFD}: ` +
      'Deno supports "w" for 0, and "r" for 1 and 2',
  );
}

class DenoChild implements ChildDriver {
  readonly pipes: readonly ChildPipe[];
  readonly #child: Deno.ChildProcess;

  constructor(
    executable: string,
    { stdin, stdout, stderr }: Deno.CommandOptions,
    child: Deno.ChildProcess,
  ) {
    this.#child = child;
    const address = new ProcessAddress(executable, child.pid);
    const pipes: ChildPipe[] = [];
    if (stdin === "piped") {
      pipes.push({ childFD: 0, isWritable: true, driver: new PipeWriter(address, child.stdin) });
    }
    if (stdout === "piped") {
      pipes.push({ childFD: 1, isWritable: false, driver: new PipeReader(address, child.stdout) });
    }
    if (stderr === "piped") {
      pipes.push({ childFD: 2, isWritable: false, driver: new PipeReader(address, child.stderr) });
    }
    this.pipes = pipes;
  }

  get pid(): number {
    return this.#child.pid;
  }

  attach(exited: (status: ChildStatus) => void): void {
    this.#child.status.then(exited);
  }

  kill(signal: Deno.Signal | number): boolean {
    // The cast is needed because Deno also accepts signal numbers, although its types do not
    // (checked on 2.9.6).
    return this.#isThere(() => this.#child.kill(signal as Deno.Signal));
  }

  ref(): void {
    this.#isThere(() => this.#child.ref());
  }

  unref(): void {
    this.#isThere(() => this.#child.unref());
  }

  /**
   * Calls a function that uses the child.
   *
   * @returns `false` if the child has already exited, even if its status has not arrived yet.
   */
  #isThere(f: () => void): boolean {
    try {
      f();
      return true;
    } catch (error) {
      // Deno throws a TypeError both for an exited child and for an unknown signal. The two cases
      // differ only in the message.
      const hasEnded = error instanceof Deno.errors.BadResource ||
        error instanceof TypeError && error.message.includes("already terminated");
      if (hasEnded) return false;
      throw error;
    }
  }
}
