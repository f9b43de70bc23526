/**
 * What a server sends about subscriptions: a push of RESP3, or an array of RESP2.
 *
 * @module
 */

import { asText, UnexpectedReply } from "./reply_readers.ts";
import type { RESPValue } from "./resp_value.ts";
import type { SubscriptionKind } from "./subscription.ts";

/** The commands, and the first words of the messages, of each kind of subscription. */
export const VERBS = {
  channel: { add: "subscribe", remove: "unsubscribe", message: "message" },
  pattern: { add: "psubscribe", remove: "punsubscribe", message: "pmessage" },
  shard: { add: "ssubscribe", remove: "sunsubscribe", message: "smessage" },
} as const;

/** A message, or the confirmation that a subscription has begun or ended. */
export type PubSubEvent =
  | {
    readonly type: "message";
    readonly kind: SubscriptionKind;
    /** The channel or the pattern of the subscription. */
    readonly name: string;
    readonly channel: string;
    readonly bytes: Uint8Array;
  }
  | {
    readonly type: "add" | "remove";
    readonly kind: SubscriptionKind;
    readonly name: string;
    /** The command that it confirms: `subscribe:news`. */
    readonly confirmation: string;
  };

/** The kind and the type of a message, by its first word. */
const MEANINGS: ReadonlyMap<string, [kind: SubscriptionKind, type: PubSubEvent["type"]]> = new Map(
  (["channel", "pattern", "shard"] as const).flatMap((kind) =>
    (["add", "remove", "message"] as const).map((type) => [VERBS[kind][type], [kind, type]])
  ),
);

/** Returns the first word of a push or an array; `""` if it does not begin with a string. */
export function verbOf(values: readonly RESPValue[]): string {
  return textIn(values, 0);
}

/** Whether a push or an array is about subscriptions. */
export function isPubSubEvent(values: readonly RESPValue[]): boolean {
  return MEANINGS.has(verbOf(values));
}

/**
 * Reads a push or an array that is about subscriptions.
 *
 * @throws {UnexpectedReply} when it is not, or a message has no data.
 */
export function pubSubEventIn(values: RESPValue[]): PubSubEvent {
  const verb = verbOf(values);
  const [kind, type] = MEANINGS.get(verb) ?? [];
  if (kind === undefined || type === undefined) throw new UnexpectedReply("a message", values);
  const name = textIn(values, 1);
  if (type !== "message") return { type, kind, name, confirmation: `${verb}:${name}` };
  const [channel, bytes] = kind === "pattern" ? [textIn(values, 2), values[3]] : [name, values[2]];
  if (bytes instanceof Uint8Array) return { type, kind, name, channel, bytes };
  throw new UnexpectedReply("a message", values);
}

/** Returns an element that should be a string; `""` if it is not. */
function textIn(values: readonly RESPValue[], index: number): string {
  const value = values[index];
  return typeof value === "string" || value instanceof Uint8Array ? asText(value) : "";
}
