/**
 * The states of a client service and the transitions between them. Twisted has the same machine in
 * `twisted/application/_client_service.py`, written with `automat`.
 *
 * | state         | there is                     | start      | stop          | connected | over       | retry      |
 * | ------------- | ---------------------------- | ---------- | ------------- | --------- | ---------- | ---------- |
 * | init          | nothing                      | connecting | stopped       |           |            |            |
 * | connecting    | an attempt                   |            | disconnecting | connected | waiting    |            |
 * | connected     | an attempt, with connection  |            | disconnecting |           | waiting    |            |
 * | waiting       | a timed call                 |            | stopped       |           |            | connecting |
 * | disconnecting | an attempt that is ending    | restarting |               |           | stopped    |            |
 * | restarting    | an attempt that is ending    |            | disconnecting |           | connecting |            |
 * | stopped       | nothing                      | connecting | stopped       |           |            |            |
 *
 * In an empty field the event is ignored. The events:
 *
 * - `start`, `stop`: the service's methods were called.
 * - `connected`: the attempt has a connection, which has been prepared.
 * - `over`: the attempt failed, or its connection was lost; no connection is left.
 * - `retry`: the wait between attempts is over.
 *
 * There is never more than one attempt, and a new one starts only when the last one is over, even
 * if a rejected connection takes time to close. (In Twisted a rejected connection stays open. Its
 * machine has no transition, and raises `NoTransition`, for a connection that is lost while it is
 * prepared, for one that is made in spite of a stop, and for an attempt that fails after a
 * restart.)
 *
 * @module
 */

/** The state after each event, by the state before it. */
const lifecycle = {
  init: { start: "connecting", stop: "stopped" },
  connecting: { stop: "disconnecting", connected: "connected", over: "waiting" },
  connected: { stop: "disconnecting", over: "waiting" },
  waiting: { stop: "stopped", retry: "connecting" },
  disconnecting: { start: "restarting", over: "stopped" },
  restarting: { stop: "disconnecting", over: "connecting" },
  stopped: { start: "connecting", stop: "stopped" },
} as const satisfies Record<string, Partial<Record<ClientEvent, string>>>;

/** The state of a client service. */
export type ClientState = keyof typeof lifecycle;

/** An event that triggers a transition. */
export type ClientEvent = "start" | "stop" | "connected" | "over" | "retry";

/** Returns the state after an event, or `undefined` if the event is ignored. */
export function nextState(state: ClientState, event: ClientEvent): ClientState | undefined {
  const row: Partial<Record<ClientEvent, ClientState>> = lifecycle[state];
  return row[event];
}
