/**
 * System events with three phases. Twisted's `_ThreePhaseEvent`.
 *
 * @module
 */

import type { EventPhase, SystemEventTriggerID } from "../interfaces/mod.ts";
import {
  callLogged,
  isThenable,
  logRejection,
  logUserError,
  whenSettled,
} from "../../defer/guarded_call.ts";
import { quote } from "../../internal/validation.ts";

type AnyFunction = (...args: never[]) => unknown;

class Trigger implements SystemEventTriggerID {
  readonly eventType: string;
  readonly phase: EventPhase;
  readonly f: AnyFunction;
  readonly args: readonly unknown[];

  constructor(eventType: string, phase: EventPhase, f: AnyFunction, args: readonly unknown[]) {
    this.eventType = eventType;
    this.phase = phase;
    this.f = f;
    this.args = args;
  }
}

/** The reactor's own actions in an event. */
export interface EventHooks {
  /** Called when the `before` phase has completed, before the `during` triggers. */
  during?: () => void;
  /** Called when the last `after` trigger has run. */
  done?: () => void;
}

/** A system event with its triggers. Firing the event uses up the triggers. */
export class SystemEvent {
  readonly #type: string;
  readonly #triggers: Record<EventPhase, Trigger[]> = { before: [], during: [], after: [] };
  #proceed: (() => void) | null = null;
  #abandoned = 0;

  /** @param type The event's name. */
  constructor(type: string) {
    this.#type = type;
  }

  add(phase: EventPhase, f: AnyFunction, args: readonly unknown[]): SystemEventTriggerID {
    this.#checkPhase("add a trigger to", phase);
    const trigger = new Trigger(this.#type, phase, f, args);
    this.#triggers[phase].push(trigger);
    return trigger;
  }

  remove(id: SystemEventTriggerID): void {
    this.#checkPhase("remove a trigger from", id.phase);
    const list = this.#triggers[id.phase];
    const index = list.findIndex((trigger) => trigger === id);
    if (index < 0) {
      throw new RangeError(
        `Cannot remove the ${id.phase} trigger from the event ${
          quote(this.#type)
        }: it has fired or has been removed`,
      );
    }
    list.splice(index, 1);
  }

  /**
   * Runs the three phases. Returns when they have completed, or when the `before` phase waits for a
   * Deferred or promise.
   */
  fire(hooks?: EventHooks): void {
    let waiting = 1;
    let proceeded = false;
    const abandoned = this.#abandoned;
    const proceed = () => {
      if (proceeded || abandoned !== this.#abandoned) return;
      proceeded = true;
      this.#proceed = null;
      this.#call(hooks?.during);
      this.#run("during");
      this.#run("after");
      this.#call(hooks?.done);
    };
    const finished = () => {
      if (--waiting === 0) proceed();
    };
    this.#proceed = proceed;
    this.#run("before", (result, why) => {
      waiting++;
      whenSettled(result, finished, (error) => {
        logUserError(error, why);
        finished();
      });
    });
    finished();
  }

  /** Continues with the `during` phase without waiting for the pending `before` triggers. */
  forceClose(): void {
    this.#proceed?.();
  }

  /**
   * Cancels a firing that waits for a `before` trigger. The triggers that have not run are kept for
   * the next one.
   */
  abandon(): void {
    this.#abandoned++;
    this.#proceed = null;
  }

  /** Calls a hook. Its error is logged and must not prevent the rest of the event. */
  #call(hook: (() => void) | undefined): void {
    if (hook !== undefined) {
      callLogged(hook, [], `Error while firing the system event ${quote(this.#type)}`);
    }
  }

  #checkPhase(action: string, phase: EventPhase): void {
    if (Object.hasOwn(this.#triggers, phase)) return;
    throw new RangeError(
      `Cannot ${action} the event ${
        quote(this.#type)
      }: phase must be "before", "during" or "after", got ${quote(phase)}`,
    );
  }

  #run(phase: EventPhase, wait?: (result: PromiseLike<unknown>, why: string) => void): void {
    const list = this.#triggers[phase];
    // The loop takes triggers from the front of the list, because a running trigger may remove
    // others or add more. A trigger that is added to the current phase still runs.
    for (let trigger = list.shift(); trigger !== undefined; trigger = list.shift()) {
      const why = `Error while calling a ${phase} trigger of the event ${quote(this.#type)}`;
      try {
        // The cast is safe: the type of addSystemEventTrigger() has checked the arguments against
        // the function.
        const result = trigger.f(...trigger.args as never[]);
        if (wait !== undefined && isThenable(result)) wait(result, why);
        else logRejection(result, why);
      } catch (error) {
        logUserError(error, why);
      }
    }
  }
}
