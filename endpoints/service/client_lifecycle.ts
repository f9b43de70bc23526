/**
 * How far a client service is, and what makes it go on. Twisted draws the same machine with `automat`, in
 * `twisted/application/_client_service.py`.
 *
 * | state         | there is                    | start      | stop          | connected | over       | retry      |
 * | ------------- | --------------------------- | ---------- | ------------- | --------- | ---------- | ---------- |
 * | init          | nothing                     | connecting | stopped       |           |            |            |
 * | connecting    | an attempt                  |            | disconnecting | connected | waiting    |            |
 * | connected     | an attempt: its connection  |            | disconnecting |           | waiting    |            |
 * | waiting       | a timed call                |            | stopped       |           |            | connecting |
 * | disconnecting | an attempt that is to end   | restarting |               |           | stopped    |            |
 * | restarting    | an attempt that is to end   |            | disconnecting |           | connecting |            |
 * | stopped       | nothing                     | connecting | stopped       |           |            |            |
 *
 * An empty field: nothing happens. The events:
 *
 * - `start`, `stop`: the service's methods were called.
 * - `connected`: the attempt has got a connection, and that is prepared.
 * - `over`: nothing is left of the attempt. It failed, or its connection was lost.
 * - `retry`: the wait is over.
 *
 * So there is never more than one attempt, and a new one never begins before the last one is over: also when a connection is rejected and
 * takes its time to close. (In Twisted a rejected connection stays open; it has no transitions for a connection that is lost while it is
 * prepared, for one that is made in spite of a stop, or for an attempt that fails after a restart, and raises `NoTransition` then.)
 *
 * @module
 */

/** The table. */
const lifecycle = {
  init: { start: "connecting", stop: "stopped" },
  connecting: { stop: "disconnecting", connected: "connected", over: "waiting" },
  connected: { stop: "disconnecting", over: "waiting" },
  waiting: { stop: "stopped", retry: "connecting" },
  disconnecting: { start: "restarting", over: "stopped" },
  restarting: { stop: "disconnecting", over: "connecting" },
  stopped: { start: "connecting", stop: "stopped" },
} as const satisfies Record<string, Partial<Record<ClientEvent, string>>>;

/** How far it is. */
export type ClientState = keyof typeof lifecycle;

/** What makes it go on. */
export type ClientEvent = "start" | "stop" | "connected" | "over" | "retry";

/** The state that an event leads to, or `undefined` where it changes nothing. */
export function nextState(state: ClientState, event: ClientEvent): ClientState | undefined {
  const row: Partial<Record<ClientEvent, ClientState>> = lifecycle[state];
  return row[event];
}
