import { ProcessExitedAlready } from "../reactor/errors.ts";
import type { IProcessTransport } from "../reactor/interfaces/mod.ts";

/**
 * Kills a child process. Does nothing if it has exited, even if its exit has not been reported yet.
 *
 * @param process The child process.
 */
export function killProcess(process: Pick<IProcessTransport, "signalProcess">): void {
  try {
    process.signalProcess("KILL");
  } catch (error) {
    if (!(error instanceof ProcessExitedAlready)) throw error;
  }
}
