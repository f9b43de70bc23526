import { ProcessExitedAlready } from "../reactor/errors.ts";
import type { IProcessTransport } from "../reactor/interfaces/mod.ts";

/**
 * Kills a child process and closes its pipes. A process that has exited is not killed, even if its
 * exit has not been reported yet.
 *
 * @param process The child process.
 */
export function killProcess(
  process: Pick<IProcessTransport, "signalProcess" | "loseConnection">,
): void {
  try {
    process.signalProcess("KILL");
  } catch (error) {
    if (!(error instanceof ProcessExitedAlready)) throw error;
  }
  // The pipes are closed, because child processes of the program may keep them open after it has
  // exited.
  process.loseConnection();
}
