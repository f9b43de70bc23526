/**
 * What a reactor lends to whatever it has open.
 *
 * @module
 */

import type { MicrotaskQueue } from "../lifecycle/microtask_queue.ts";
import type { IReactorCore, IReactorTime } from "../interfaces/mod.ts";
import type { ReactorResources } from "../lifecycle/open_resources.ts";
import type { TLSProvider } from "../tls/tls_engine.ts";

/** What connections, ports and connectors need of their reactor. */
export interface ConnectionContext {
  /** Its clock and its life. */
  readonly reactor: IReactorTime & Pick<IReactorCore, "callWhenRunning">;
  /** Where they note that they are open. */
  readonly resources: ReactorResources;
  /** Where their tasks wait for the running code to return. */
  readonly microtasks: MicrotaskQueue;
  /** What does TLS, where there is any. */
  readonly tls?: TLSProvider;
}
