import { ProcessExitedAlready } from "../reactor/errors.ts";
import type { IProcessTransport } from "../reactor/interfaces/mod.ts";

/**
 * Kills a child, unless it has exited. Its `pid` does not tell that for sure: between its exit and the news of it lies a moment.
 *
 * @param process The child.
 */
export function killProcess(process: Pick<IProcessTransport, "signalProcess">): void {
  try {
    process.signalProcess("KILL");
  } catch (error) {
    if (!(error instanceof ProcessExitedAlready)) throw error;
  }
}
