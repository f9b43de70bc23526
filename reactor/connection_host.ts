/**
 * What a reactor lends to whatever it has open.
 *
 * @module
 */

import type { EndOfTurn } from "./end_of_turn.ts";
import type { IReactorCore, IReactorTime } from "./interfaces.ts";
import type { ReactorResources } from "./resources.ts";
import type { TlsProvider } from "./tls/tls_engine.ts";

/** What connections, ports and connectors need of their reactor. */
export interface ConnectionHost {
  /** Its clock and its life. */
  readonly reactor: IReactorTime & Pick<IReactorCore, "callWhenRunning">;
  /** Where they note that they are open. */
  readonly resources: ReactorResources;
  /** Where their tasks wait for the running code to return. */
  readonly endOfTurn: EndOfTurn;
  /** What does TLS, where there is any. */
  readonly tls?: TlsProvider;
}
