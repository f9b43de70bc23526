/**
 * Counts the system calls in the output of strace.
 *
 * @module
 */

import { MARK } from "./phases.ts";

/**
 * Calls whose number depends on the time that the client takes, or on garbage collection: waits and
 * their timers, locks and memory.
 */
const NOT_COUNTED: ReadonlySet<string> = new Set([
  ...["epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "io_uring_enter"],
  "timerfd_settime",
  ...["restart_syscall", "futex", "sched_yield", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn"],
  ...["mmap", "munmap", "mremap", "mprotect", "madvise", "brk"],
]);

/**
 * A thread that wakes another one moves eight bytes through an eventfd, as often as it sleeps.
 * io_uring wakes an idle reactor by one byte. Data is moved by other calls.
 */
const WAKE_UP = /^\d+ +(?:read|write)\(\d+, (?:.*, )?[18][) ]/;

/**
 * Counts the calls of each phase.
 *
 * @param trace The output of `strace -f`.
 * @returns The calls by name, for each phase in turn.
 */
export function callsOfPhases(trace: string): Map<string, number>[] {
  let calls = new Map<string, number>();
  const phases: Map<string, number>[] = [];
  for (const line of trace.split("\n")) {
    // A call that another thread interrupts has a second line, which begins in another way.
    const name = /^\d+ +(\w+)\(/.exec(line)?.[1];
    if (name === undefined || NOT_COUNTED.has(name) || WAKE_UP.test(line)) continue;
    if (line.includes(MARK)) {
      phases.push(calls);
      calls = new Map();
    } else {
      calls.set(name, (calls.get(name) ?? 0) + 1);
    }
  }
  return phases;
}
