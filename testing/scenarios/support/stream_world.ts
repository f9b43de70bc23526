/**
 * What the hosts of the scenario of streams share.
 *
 * @module
 */

import type { SimulatedHost, SimulatedNetwork } from "../../simulation/mod.ts";
import { WatchedConnections } from "./watched_connections.ts";
import { Flow } from "./forwarded_session.ts";

/** How a client ends a session. */
export type StreamEnding = "close" | "cancel" | "abort" | "dispose";

const ENDINGS: readonly StreamEnding[] = [
  "close",
  "close",
  "close",
  "close",
  "cancel",
  "abort",
  "dispose",
];
const SIZES = [0, 100, 5000, 50_000, 300_000];

/** One connection of a client. */
export interface StreamSession {
  /** What the client writes, and reads again. */
  readonly echo: Flow;
  readonly ending: StreamEnding;
  /** Returns whether the server's process has died since the session began. */
  hasDied(): boolean;
}

/** What is checked. */
export class StreamWorld {
  readonly network: SimulatedNetwork;
  readonly connections: WatchedConnections;
  readonly #sessions: StreamSession[] = [];
  readonly #open = new Set<unknown>();

  /** @param network The network of the hosts. */
  constructor(network: SimulatedNetwork) {
    this.network = network;
    this.connections = new WatchedConnections(network);
  }

  /** Whether all sessions and all servers of them have ended. */
  get isOver(): boolean {
    return this.#open.size === 0 && this.connections.isAllLost;
  }

  /** Makes a session. */
  begin(client: SimulatedHost, server: SimulatedHost): StreamSession {
    const { random } = client;
    const bytes = new Uint8Array(random.between(0, random.pick(SIZES)));
    for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + (i >> 8) * 13) & 255;
    const { reactor } = server;
    const session: StreamSession = {
      echo: new Flow(this.network, `of session ${this.#sessions.length + 1}`, bytes, "half-close"),
      ending: random.pick(ENDINGS),
      hasDied: () => !server.isUp || server.reactor !== reactor,
    };
    this.#sessions.push(session);
    this.#open.add(session);
    return session;
  }

  /** Records the end of a session. */
  end(session: StreamSession): void {
    this.#open.delete(session);
    this.network.sometimes("a session is complete", session.echo.isComplete);
  }

  /** Checks that all sessions are complete that were not cancelled. */
  checkComplete(): void {
    for (const { echo, ending } of this.#sessions) {
      if (ending !== "close" || echo.isComplete) continue;
      this.network.fail(`the stream ${echo} is incomplete, although nothing disturbed it`);
    }
  }
}
