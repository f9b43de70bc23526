import { logRejection } from "../defer/guarded_call.ts";
import { checkFunction, quote } from "../internal/validation.ts";
import type { EventPhase, SystemEventTriggerID } from "../reactor/interfaces/mod.ts";
import { type EventHooks, SystemEvent } from "../reactor/lifecycle/system_event.ts";

/** A call that a {@linkcode MemoryReactor} will make. */
export interface RecordedCall {
  /** The function. */
  readonly f: (...args: never[]) => unknown;
  /** The arguments. */
  readonly args: readonly unknown[];
}

/** A trigger that was added to a {@linkcode MemoryReactor} and has neither run nor been removed. */
export interface RecordedTrigger extends RecordedCall, SystemEventTriggerID {}

type TriggerMethod = "addSystemEventTrigger" | "callWhenRunning";

interface AddedTrigger {
  readonly method: TriggerMethod;
  readonly trigger: RecordedTrigger;
}

/** The system events of a `MemoryReactor`: real events whose pending triggers can be listed. */
export class RecordedTriggers {
  readonly #events = new Map<string, SystemEvent>();
  readonly #pending = new Map<SystemEventTriggerID, AddedTrigger>();

  /** Returns the pending triggers that a method has added, in their order. */
  list(method: TriggerMethod): RecordedTrigger[] {
    return [...this.#pending.values()].filter((each) => each.method === method)
      .map(({ trigger }) => trigger);
  }

  /** Adds a trigger. */
  add<A extends unknown[]>(
    method: TriggerMethod,
    phase: EventPhase,
    eventType: string,
    f: (...args: A) => unknown,
    args: A,
  ): SystemEventTriggerID {
    checkFunction(`${method}() callable`, f);
    const run = (): unknown => {
      this.#pending.delete(id);
      return f(...args);
    };
    const id = this.#event(eventType).add(phase, run, []);
    // The cast is safe: a caller of the record can only compare the function.
    const recorded = f as RecordedCall["f"];
    this.#pending.set(id, { method, trigger: { phase, eventType, f: recorded, args } });
    return id;
  }

  /**
   * Removes a trigger.
   *
   * @throws {RangeError} If the trigger is not pending.
   */
  remove(id: SystemEventTriggerID): void {
    const event = this.#events.get(id?.eventType);
    if (event === undefined) {
      throw new RangeError(
        `Cannot remove the trigger ${quote(id)}: this reactor has no such event`,
      );
    }
    event.remove(id);
    this.#pending.delete(id);
  }

  /** Fires an event. */
  fire(eventType: string, hooks: EventHooks): void {
    this.#event(eventType).fire(hooks);
  }

  /** Cancels a firing that waits for a `before` trigger. */
  abandon(eventType: string): void {
    this.#events.get(eventType)?.abandon();
  }

  #event(eventType: string): SystemEvent {
    const event = this.#events.get(eventType) ?? new SystemEvent(eventType);
    this.#events.set(eventType, event);
    return event;
  }
}

/** Makes a call at once. Its error goes to the caller; the rejection of a promise is logged. */
export function callAtOnce<A extends unknown[]>(
  method: string,
  f: (...args: A) => unknown,
  args: A,
): void {
  checkFunction(`${method}() callable`, f);
  logRejection(f(...args), `Error while making a call of ${method}()`);
}
