import type { SpawnProcessOptions } from "../../reactor/interfaces/mod.ts";

/** A program that a {@linkcode Supervisor} runs. */
export interface SupervisedProgram
  extends Pick<SpawnProcessOptions, "args" | "env" | "path" | "uid" | "gid"> {
  /** The program: a path, or a name that is looked up in `PATH`. */
  executable: string;
}

/** How `spawnProcess` starts a program. */
interface Spawn {
  readonly executable: string;
  readonly options: SpawnProcessOptions;
}

// The shell moves the socket from standard input to descriptor 3, where a program with socket
// activation expects the first socket, and tells the program its process ID, as sd_listen_fds(3)
// requires. Deno can pass a descriptor only as standard input, output or error, and knows the
// process ID only when the program runs already. `exec` keeps the process ID.
const PASS_SOCKET =
  'export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=worker; exec "$0" "$@" 3<&0 0</dev/null';

/**
 * Returns how to start a program, with pipes for its output.
 *
 * @param program The program.
 * @param socket The listening socket that the program inherits, or `null`.
 */
export function spawnOf(program: SupervisedProgram, socket: number | null): Spawn {
  const { executable, ...options } = program;
  if (socket === null) return { executable, options: { ...options, childFDs: { 1: "r", 2: "r" } } };
  const args = ["-c", PASS_SOCKET, executable, ...program.args ?? []];
  const childFDs = { 0: socket, 1: "r", 2: "r" } as const;
  return { executable: "/bin/sh", options: { ...options, args, childFDs } };
}
