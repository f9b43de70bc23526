import type { Deferred } from "../defer/mod.ts";
import type { IReactorTime, ITransport } from "../reactor/interfaces/mod.ts";
import { LoopingCall } from "../task/mod.ts";

/** Seconds between two checks, as in Twisted. */
const INTERVAL = 0.01;

/**
 * Waits until the connections of all given protocols are closed, for tests on real sockets.
 * Twisted's `waitUntilAllDisconnected`.
 *
 * @param clock The clock of the checks, which are 0.01 seconds apart: the reactor.
 * @param protocols The protocols, whose connections have been made.
 * @returns A Deferred that fires when no transport is connected. Cancelling it ends the wait.
 *
 * @example
 * ```ts
 * import { Protocol } from "@torsion/reactor/protocol";
 * import { Clock } from "@torsion/reactor/task";
 * import { StringTransport, waitUntilAllDisconnected } from "@torsion/reactor/testing";
 *
 * const clock = new Clock(); // in a test on real sockets: the reactor
 * const protocol = new Protocol();
 * const transport = new StringTransport();
 * protocol.makeConnection(transport);
 * waitUntilAllDisconnected(clock, [protocol]).addCallback(() => console.log("closed"));
 * transport.abortConnection();
 * clock.advance(0.01); // closed
 * ```
 */
export function waitUntilAllDisconnected(
  clock: Pick<IReactorTime, "seconds" | "callLater">,
  protocols: Iterable<{ readonly transport: Pick<ITransport, "connected"> }>,
): Deferred<void> {
  const waited = [...protocols];
  const checking = new LoopingCall(() => {
    if (!waited.some(({ transport }) => transport.connected)) checking.stop();
  });
  return checking.start(INTERVAL, { clock }).addCallback(() => {});
}
