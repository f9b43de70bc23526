/**
 * The parts of a reactor that its connections, ports and connectors use.
 *
 * @module
 */

import type { MicrotaskQueue } from "../lifecycle/microtask_queue.ts";
import type { IReactorCore, IReactorTime } from "../interfaces/mod.ts";
import type { ReactorResources } from "../lifecycle/open_resources.ts";
import type { LoopTimer } from "../time/loop_timer.ts";
import type { TLSProvider } from "../tls/tls_engine.ts";

/** The parts of a reactor that its connections, ports and connectors use. */
export interface ConnectionContext {
  /** The reactor's timed calls, and its notification that it is running. */
  readonly reactor: IReactorTime & Pick<IReactorCore, "callWhenRunning">;
  /** The registry of the open ports, connections and other resources of the reactor. */
  readonly resources: ReactorResources;
  /** The queue of tasks that run when the running code has returned. */
  readonly microtasks: MicrotaskQueue;
  /** Calls a function after a delay, even if the reactor has stopped by then. */
  readonly timeout: LoopTimer["timeout"];
  /** The TLS implementation; absent on a reactor without TLS. */
  readonly tls?: TLSProvider;
}
