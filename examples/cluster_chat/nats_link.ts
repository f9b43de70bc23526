/** A connection to NATS with JetStream, which numbers and keeps the messages. */

import { Deferred, fail } from "@torsion/reactor";
import {
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  type StreamInfo,
  type StreamState,
} from "@nats-io/jetstream";
import { InvalidArgumentError, RequestError } from "@nats-io/nats-core/internal";
import { HEARTBEAT, type Link, TIMEOUT } from "./broker_bus.ts";
import { KEPT, MAX_TEXT, type Message, NotPublished } from "./bus.ts";
import { NATSTransport } from "./nats_transport.ts";

/** The stream of messages, and the subject on which they are published. */
const ROOM = "room";
// A character has up to 3 bytes. Without the limit, a stranger could fill the memory of the nodes.
const STREAM = { name: ROOM, subjects: [ROOM], max_msgs: KEPT, max_msg_size: 3 * MAX_TEXT };

const timeout = TIMEOUT * 1000;
const OPTIONS = {
  timeout,
  pingInterval: HEARTBEAT.interval * 1000,
  maxPingOut: HEARTBEAT.maxMissed,
};

/**
 * Returns whether NATS has answered that it does not keep the message, or that no stream does; or
 * the client has not sent it, because it is longer than the `max_payload` of NATS.
 */
function isRefusal(error: unknown): boolean {
  if (error instanceof JetStreamApiError || error instanceof InvalidArgumentError) return true;
  return error instanceof Error && error.cause instanceof RequestError &&
    error.cause.isNoResponders();
}

/** Creates the stream, unless it exists. */
async function openStream(manager: JetStreamManager): Promise<StreamInfo> {
  try {
    return await manager.streams.add(STREAM);
  } catch (cause) {
    // Another program may have a stream of that name, or nodes whose KEPT is another one.
    const settings = JSON.stringify(STREAM);
    const reason = cause instanceof Error ? cause.message : `${cause}`;
    throw new Error(`Cannot use the stream "${ROOM}" of NATS with ${settings}: ${reason}`, {
      cause,
    });
  }
}

/** A connection to NATS. */
export class NATSLink extends NATSTransport implements Link {
  readonly #lost: () => void;
  #jetstream: JetStreamClient | null = null;
  /** The number of a message minus its sequence number in the stream. */
  #offset = 0;

  /** @param lost Called when the connection is lost. */
  constructor(lost: () => void) {
    super();
    this.#lost = lost;
  }

  publish(text: string): Deferred<number> {
    if (this.#jetstream === null) return fail(new NotPublished(false));
    return Deferred.fromPromise(this.#jetstream.publish(ROOM, text, { timeout })).addCallbacks(
      ({ seq }) => this.#offset + seq,
      (error) => {
        throw new NotPublished(!isRefusal(error), { cause: error });
      },
    );
  }

  async follow(last: number, received: (message: Message) => void): Promise<number> {
    const client = await this.startClient(OPTIONS);
    const manager = await jetstreamManager(client, { timeout });
    const { created, state } = await openStream(manager);
    // A new stream starts with the time in milliseconds. So a NATS that has lost its data does not
    // use a number again.
    this.#offset = Date.parse(created);
    this.#jetstream = manager.jetstream();
    await this.#consume(this.#jetstream, this.#missed(last, state), state.last_seq, received);
    return state.messages === 0 ? 0 : this.#offset + state.last_seq;
  }

  override connectionLost(reason: Error): void {
    super.connectionLost(reason);
    this.#lost();
  }

  /** Returns the sequence number of the first message that the node has missed. */
  #missed(last: number, { first_seq, last_seq }: StreamState): number {
    const next = last + 1 - this.#offset;
    return next >= first_seq && next <= last_seq + 1 ? next : Math.max(first_seq, 1);
  }

  /** Receives the messages from the number `first` on, and waits for those up to `last`. */
  async #consume(
    jetstream: JetStreamClient,
    first: number,
    last: number,
    received: (message: Message) => void,
  ): Promise<void> {
    const caughtUp = Promise.withResolvers<void>();
    const consumer = await jetstream.consumers.get(ROOM, {
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: first,
    });
    const messages = await consumer.consume({
      abort_on_missing_resource: true,
      callback: (message) => {
        received({ number: this.#offset + message.seq, text: message.string() });
        if (message.seq >= last) caughtUp.resolve();
      },
    });
    if (first > last) caughtUp.resolve();
    // Without the subscription, the node would miss messages. It ends if the stream is deleted.
    messages.closed().then((error) => {
      caughtUp.reject(
        error ?? new Error("Cannot follow the messages: NATS has ended the subscription"),
      );
      this.transport.abortConnection();
    });
    await caughtUp.promise;
  }
}
