import { Deferred } from "../../defer/mod.ts";
import { Fifo } from "../../defer/fifo.ts";
import { follow, isInstance } from "../../internal/foreign_value.ts";
import type { CommandResult } from "./command_table.ts";

/** The outcome of a command. */
export type Outcome =
  | { readonly failed: false; readonly value: CommandResult }
  | { readonly failed: true; readonly error: unknown };

/** A command whose reply has not been sent. */
interface Pending {
  outcome: Outcome | null;
  readonly result: PromiseLike<CommandResult> | null;
}

/** The owner of a {@linkcode ReplyQueue}. */
export interface ReplyQueueOwner {
  /** Sends a reply. It must not throw. */
  send(outcome: Outcome): void;
  /** Called after one or more late replies have been sent. */
  settled(): void;
  /** Called with an error of a handler that finished after {@linkcode ReplyQueue.cancel}. */
  dropped(error: unknown): void;
}

/**
 * The replies of one connection that have not been sent, in the order of their commands. A reply
 * that comes early waits for those before it.
 */
export class ReplyQueue {
  readonly #owner: ReplyQueueOwner;
  #pending = new Fifo<Pending>();
  #isCancelled = false;

  constructor(owner: ReplyQueueOwner) {
    this.#owner = owner;
  }

  /** The number of commands whose replies have not been sent. */
  get length(): number {
    return this.#pending.length;
  }

  /** Sends a reply as soon as those before it have been sent. */
  add(outcome: Outcome): void {
    if (this.length === 0) this.#owner.send(outcome);
    else this.#pending.push({ outcome, result: null });
  }

  /** Sends the reply that a Deferred or a promise will have. */
  addLater(result: PromiseLike<CommandResult>): void {
    const pending: Pending = { outcome: null, result };
    this.#pending.push(pending);
    const succeeded = (value: unknown): void => {
      // The cast is safe: this is the value of the promise or Deferred.
      this.#settle(pending, { failed: false, value: value as CommandResult });
    };
    const failed = (error: unknown): void => this.#settle(pending, { failed: true, error });
    if (isInstance(result, Deferred)) result.addCallbacks(succeeded, failed);
    else follow(result, succeeded, failed);
  }

  /** Drops all replies, and cancels the Deferreds of those that are missing. */
  cancel(): void {
    const dropped = this.#pending.list();
    this.#isCancelled = true;
    this.#pending = new Fifo();
    for (const { outcome, result } of dropped) {
      if (outcome === null && isInstance(result, Deferred)) result.cancel();
    }
  }

  #settle(pending: Pending, outcome: Outcome): void {
    pending.outcome = outcome;
    if (this.#isCancelled) {
      if (outcome.failed) this.#owner.dropped(outcome.error);
      return;
    }
    if (this.#pending.first !== pending) return;
    for (let next = this.#firstOutcome(); next !== null; next = this.#firstOutcome()) {
      this.#pending.shift();
      this.#owner.send(next);
    }
    this.#owner.settled();
  }

  #firstOutcome(): Outcome | null {
    return this.#pending.first?.outcome ?? null;
  }
}
