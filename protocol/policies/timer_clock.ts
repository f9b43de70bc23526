import type { IReactorTime, ITransport } from "../../reactor/interfaces/mod.ts";

/** A clock that makes timed calls: a reactor, or the `Clock` of a test. */
export type TimerClock = Pick<IReactorTime, "callLater" | "seconds">;

/** Options of a policy that needs time. */
export interface TimedPolicyOptions {
  /**
   * The clock: a reactor, or the `Clock` of a test.
   *
   * @default {undefined} The clock of the reactor to which each connection belongs.
   */
  clock?: TimerClock | null | undefined;
}

/**
 * Returns the clock of a protocol or a policy.
 *
 * @param doing The verb and its object for the error message, such as `set a timeout of Echo`.
 * @param clock The clock that was given; `null` or `undefined` for that of the connection.
 * @param transport The connection; `null` before it is made.
 * @returns The clock.
 * @throws {Error} when there is none.
 */
export function timerClock(
  doing: string,
  clock: TimerClock | null | undefined,
  transport: ITransport | null,
): TimerClock {
  const found = clock ?? transport?.clock;
  if (found !== undefined) return found;
  const why = transport === null
    ? "its connection has not been made"
    : `its transport, of class ${transport.constructor.name}, has no clock`;
  throw new Error(`Cannot ${doing}: ${why}, and no clock was given; set \`clock\``);
}
