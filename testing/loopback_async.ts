import { asError } from "../defer/guarded_call.ts";
import { Deferred } from "../defer/mod.ts";
import type { IProtocol } from "../reactor/interfaces/mod.ts";
import { ConnectedPair, type ConnectedPairOptions } from "./connected_pair.ts";
import { loopOf } from "./io_pump.ts";
import { nextMacrotask } from "./next_macrotask.ts";
import type { ProtocolSource } from "./protocol_source.ts";

/** Options of {@linkcode loopbackAsync}. */
export type LoopbackOptions = Omit<ConnectedPairOptions, "greet" | "pump">;

/**
 * Connects two protocols in memory, and moves their bytes until the connection is lost. Twisted's
 * `loopbackAsync`.
 *
 * Bytes move in turns of the host's event loop, so protocols may wait for promises and timers. For
 * a synchronous test that moves the bytes itself, use {@linkcode connectedServerAndClient}. Where
 * Twisted has a pump policy, the option `chunkSize` decides how the bytes are cut.
 *
 * @param server The server's protocol: a factory, a class, a function that makes the protocol, or
 *   the protocol itself.
 * @param client The client's protocol, in the same forms.
 * @param options The chunks, capacity, clock and limits of the connections.
 * @returns A Deferred that fires when both protocols have lost the connection. It never fires if
 *   neither closes it. Cancelling it aborts the connection.
 * @throws {RangeError | TypeError} If a protocol or an option is not valid.
 *
 * @example
 * ```ts
 * import { Protocol } from "@torsion/reactor/protocol";
 * import { AccumulatingProtocol, loopbackAsync } from "@torsion/reactor/testing";
 *
 * class Greeter extends Protocol {
 *   override connectionMade() {
 *     this.transport.write("Hello");
 *     this.transport.loseConnection();
 *   }
 * }
 *
 * const client = new AccumulatingProtocol();
 * await loopbackAsync(new Greeter(), client);
 * console.log(client.text()); // Hello
 * ```
 */
export function loopbackAsync<S extends IProtocol, C extends IProtocol>(
  server: ProtocolSource<S>,
  client: ProtocolSource<C>,
  options: LoopbackOptions = {},
): Deferred<void> {
  const pair = new ConnectedPair(server, client, options);
  const loop = loopOf(pair.pump);
  const result = new Deferred<void>(() => {
    pair.serverTransport.abortConnection();
    pair.clientTransport.abortConnection();
  });
  let isScheduled = false;
  const runLater = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    void nextMacrotask().then(run);
  };
  const run = (): void => {
    isScheduled = false;
    try {
      if (pair.pump.pump()) runLater();
    } catch (error) {
      // A timed call of the application's clock has thrown.
      if (!result.called) result.errback(asError(error));
    }
    const isLost = pair.serverReason !== null && pair.clientReason !== null;
    if (isLost && !result.called) result.callback(undefined);
  };
  loop.onPending = runLater;
  runLater();
  return result;
}
