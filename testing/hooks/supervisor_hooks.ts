/**
 * The functions that a `Supervisor` takes.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Supervisor, type SupervisorOptions } from "../../endpoints/supervisor/mod.ts";
import { MemoryReactorClock } from "../memory_reactor_clock.ts";
import type { Hook, Refusal } from "./hook.ts";

const program = { executable: "serve" };

/**
 * Starts a worker, which writes a line and ends, and checks that the supervisor starts it again
 * within a minute, or has given up.
 */
function supervise(options: SupervisorOptions, starts = 2): void {
  const reactor = new MemoryReactorClock();
  const supervisor = new Supervisor(reactor, program, { workers: 1, ...options });
  supervisor.startService();
  const [worker] = reactor.processes;
  worker?.output(1, "a line\n");
  worker?.exit(1);
  reactor.advance(60);
  assertEquals(reactor.processes.length, starts);
  supervisor.stopService();
  for (const process of reactor.processes.slice(1)) process.exit(0);
  assertEquals(reactor.getDelayedCalls(), []);
}

/** Returns the check of an option that must be a function. */
function refused(option: keyof SupervisorOptions, allowsNull: boolean): Refusal {
  return {
    option,
    allowsNull,
    give: (value) => new Supervisor(new MemoryReactorClock(), program, { [option]: value }),
  };
}

export const SUPERVISOR_HOOKS: readonly Hook[] = [
  {
    name: "isReady",
    documented: ["SupervisorOptions.isReady"],
    answers: true,
    run: (test) => supervise({ isReady: test.act }),
    refuses: refused("isReady", true),
  },
  {
    name: "lineReceived",
    documented: ["SupervisorOptions.lineReceived"],
    run: (test) => supervise({ lineReceived: test.act }),
    refuses: refused("lineReceived", true),
  },
  {
    name: "retryPolicy",
    where: "of a Supervisor",
    documented: ["SupervisorOptions.retryPolicy"],
    answers: true,
    run: (test) => supervise({ retryPolicy: test.act }),
    refuses: refused("retryPolicy", false),
  },
  {
    name: "gaveUp",
    documented: ["SupervisorOptions.gaveUp"],
    run: (test) => supervise({ gaveUp: test.act, maxRestarts: 0 }, 1),
    refuses: refused("gaveUp", true),
  },
];
