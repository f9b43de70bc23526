/**
 * What the guarded server may cost, for each step of a phase: a message, or a connection.
 *
 * @module
 */

/** The expected counts of a phase. */
export interface Expected {
  /**
   * System calls, by name: the number, or the least and the greatest one. Those that are not named
   * are not made for each step.
   */
  readonly calls: Readonly<Record<string, number | readonly [least: number, greatest: number]>>;
  /**
   * Bytes that the interpreter allocates; left out where they vary. The epoll reactor allocates a
   * promise when it waits in a thread, which depends on the time that the client takes.
   */
  readonly bytes?: number;
}

/**
 * How far a number of calls for each step may be from the expected one. A call more for each step
 * would add 1. A phase itself has two calls more in 480 steps, and the engine makes some of its own
 * now and then.
 */
export const CALL_TOLERANCE = 0.1;

/**
 * How far the allocated bytes for each step may be from the expected ones. The least value of
 * several runs varies by less than a byte. A closure has 64 bytes, and a promise 48.
 */
export const BYTE_TOLERANCE = 24;

/** The version of Deno for which the bytes hold: another engine has other objects. */
export const DENO_VERSION = "2.9.6";

/** The expected counts, by reactor and phase. */
export const EXPECTED: Readonly<Record<string, Readonly<Record<string, Expected>>>> = {
  deno: {
    "echo on 1 connection": { calls: { recvfrom: 1, sendto: 1 }, bytes: 2576 },
    "echo on 16 connections": { calls: { recvfrom: 1, sendto: 1 }, bytes: 2532 },
    "hello and close": {
      calls: {
        accept4: 2,
        epoll_ctl: 2,
        getsockname: 1,
        getpeername: 1,
        sendto: 1,
        shutdown: 1,
        close: 1,
      },
    },
  },
  epoll: {
    "echo on 1 connection": { calls: { recvfrom: 1, sendto: 1 } },
    "echo on 16 connections": { calls: { recvfrom: 1, sendto: 1 } },
    // An accept that finds no connection ends a turn, which may handle several.
    "hello and close": { calls: { accept4: [1, 2], sendto: 1, close: 1 } },
  },
};
