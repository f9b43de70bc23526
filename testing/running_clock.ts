import type { IReactorTime } from "../reactor/interfaces/mod.ts";
import type { ConnectionContext } from "../reactor/stream/connection_context.ts";

/**
 * Returns the parts of a reactor that connections use for their time: a reactor that always runs,
 * on a clock.
 */
export function runningClock(
  clock: IReactorTime,
): Pick<ConnectionContext, "reactor" | "timeout"> {
  return {
    reactor: {
      seconds: () => clock.seconds(),
      callLater: (delay, f, ...args) => clock.callLater(delay, f, ...args),
      getDelayedCalls: () => clock.getDelayedCalls(),
      callWhenRunning: (f, ...args) => {
        f(...args);
        return null;
      },
    },
    timeout: (delay, f) => {
      const call = clock.callLater(delay, f);
      return () => {
        if (call.active()) call.cancel();
      };
    },
  };
}
