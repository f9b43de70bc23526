/**
 * Requests, and what the programs of a simulation with request queues share.
 *
 * @module
 */

import type { Deferred } from "../../../defer/mod.ts";
import type { RequestQueueOptions } from "../../../protocol/mod.ts";
import type { SimulatedHost, SimulatedNetwork } from "../../simulation/mod.ts";
import type { WatchedConnections } from "./watched_connections.ts";

/** A queue under test, for lines of text. */
export interface TestedQueue {
  readonly inFlight: number;
  readonly waiting: number;
  request(
    request: Asked,
    options: { timeout?: number | undefined; signal?: AbortSignal | undefined },
  ): Deferred<string>;
  /** Passes on an answer. */
  received(line: string): void;
  connectionLost(reason: Error): void;
}

/** What a scenario says of its queue. */
export interface QueueUnderTest {
  /** Makes a queue that sends lines. */
  make(
    sendLine: (line: string) => void,
    host: SimulatedHost,
    options: RequestQueueOptions,
  ): TestedQueue;
  /**
   * Whether the answers come in the order of the requests. The requests that the peer has not
   * answered are then never more than `maxInFlight`.
   */
  readonly isOrdered: boolean;
}

/** A request, and how it has ended. */
export interface Asked {
  readonly number: number;
  readonly askedAt: number;
  /** The number that the queue of the client has as its limit. */
  readonly maxInFlight: number;
  isSent: boolean;
  isSettled: boolean;
  /** Whether the client has cancelled it. */
  isCancelled: boolean;
}

/** What all programs of one simulation share. */
export interface RequestWorld {
  readonly network: SimulatedNetwork;
  readonly connections: WatchedConnections;
  readonly queue: QueueUnderTest;
  /** The requests, by their numbers. */
  readonly asked: Asked[];
  /** The numbers of the requests that a server has received. */
  readonly served: Set<number>;
  /** When the latest request was made that was answered, for each client. */
  readonly answered: Map<string, number>;
  isHealed: boolean;
}

/** Returns the number of a request in a line of text. */
export function numberIn(line: string): number {
  return Number(line.split(" ").at(-1));
}

/** The number of all heartbeats. */
export const PING = 0;

/** The state of a new request. */
export const NEW = { isSent: false, isSettled: false, isCancelled: false };

/** The failure of a request that the server has refused. Its message is the request's number. */
export class Refused extends Error {}

/** Records that a queue sends a request. It is a violation if the request was abandoned before. */
export function markSent(asked: Asked, network: SimulatedNetwork): void {
  if (asked.isSettled) network.fail("an abandoned request was sent");
  asked.isSent = true;
}
