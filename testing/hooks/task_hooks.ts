/**
 * The hooks of `LoopingCall`, `Cooperator`, `react` and `TimerService`.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { TimerService } from "../../endpoints/mod.ts";
import { DenoReactor } from "../../reactor/drivers/deno/reactor.ts";
import { Clock, Cooperator, LoopingCall, react, type TaskIterator } from "../../task/mod.ts";
import { type Case, type Hook, hostTurn } from "./hook.ts";

/** Runs a loop in virtual time until it stops, or for two calls. */
async function loop(test: Case, looping: LoopingCall): Promise<void> {
  const clock = new Clock();
  looping.clock = clock;
  looping.start(1).addErrback(test.received);
  clock.advance(1);
  await hostTurn();
  assertEquals(looping.running, !test.wrong.fails);
  if (looping.running) looping.stop();
  assertEquals(clock.getDelayedCalls(), []);
}

/** Runs an iterator in virtual time. */
async function work(
  { received }: Case,
  iterator: TaskIterator,
  how: { stops?: boolean; predicate?: () => () => boolean; scheduler?: () => never } = {},
): Promise<void> {
  const clock = new Clock();
  const schedule = (round: () => void): { cancel(): void } => clock.callLater(0, round);
  const cooperator = new Cooperator({
    scheduler: how.scheduler ?? schedule,
    ...how.predicate === undefined ? {} : { terminationPredicateFactory: how.predicate },
  });
  let isStopped = false;
  try {
    const task = cooperator.cooperate(iterator);
    task.whenDone().addErrback((error) => {
      if (!isStopped) received(error);
    });
    clock.advance(0);
    if (how.stops) {
      isStopped = true;
      task.stop();
    }
    clock.advance(0);
  } catch (error) {
    received(error);
  }
  await hostTurn();
  isStopped = true;
  cooperator.stop();
  assertEquals(clock.getDelayedCalls(), []);
}

function* steps(): Generator<void> {
  yield;
  yield;
}

/** Runs a program, and checks its exit code. */
async function runProgram(main: () => PromiseLike<unknown>, exit: () => void): Promise<void> {
  const reactor = new DenoReactor();
  // A main that never completes is stopped from outside, as by Ctrl-C.
  let timer: ReturnType<typeof setTimeout> | undefined;
  reactor.callLater(0, () => {
    timer = setTimeout(() => reactor.running && reactor.stop(), 1);
  });
  try {
    await react(main, [], { reactor, exit });
  } finally {
    clearTimeout(timer);
  }
}

export const TASK_HOOKS: readonly Hook[] = [
  {
    name: "LoopingCall",
    documented: ["new LoopingCall(f)"],
    reports: "caller",
    run: (test) => loop(test, new LoopingCall(test.act)),
    refuses: { option: "LoopingCall() callable", give: (f) => new LoopingCall(f) },
  },
  {
    name: "LoopingCall.withCount()",
    documented: ["LoopingCall.withCount(f)"],
    reports: "caller",
    run: (test) => loop(test, LoopingCall.withCount(test.act)),
    refuses: { option: "withCount() callable", give: (f) => LoopingCall.withCount(f) },
  },
  {
    name: "next",
    where: "of an iterator",
    documented: ["TaskIterator.next"],
    reports: "caller",
    run: (test) => work(test, { next: test.act }),
  },
  {
    name: "return",
    where: "of an iterator whose task is stopped",
    documented: ["TaskIterator.return"],
    calledBy: "iterator",
    run: (test) =>
      work(test, { next: () => new Promise(() => {}), return: test.act }, { stops: true }),
  },
  {
    name: "terminationPredicateFactory",
    documented: ["CooperatorOptions.terminationPredicateFactory"],
    answers: true,
    run: (test) => work(test, steps(), { predicate: test.act }),
    refuses: {
      option: "terminationPredicateFactory",
      give: (f) => new Cooperator({ terminationPredicateFactory: f }),
    },
  },
  {
    name: "terminationPredicateFactory",
    where: "the predicate",
    documented: [],
    answers: true,
    run: (test) => work(test, steps(), { predicate: () => test.act }),
  },
  {
    name: "scheduler",
    documented: ["CooperatorOptions.scheduler"],
    reports: "caller",
    answers: true,
    run: (test) => work(test, steps(), { scheduler: test.act }),
    refuses: { option: "scheduler", give: (scheduler) => new Cooperator({ scheduler }) },
  },
  {
    name: "main",
    where: "of react()",
    documented: ["react(main)"],
    run: ({ act }) => runProgram(act, () => {}),
  },
  {
    name: "exit",
    where: "of react()",
    documented: ["ReactOptions.exit"],
    reports: "either",
    run: ({ act, received }) =>
      runProgram(() => Promise.resolve(), act).catch((error: unknown) => received(error)),
    refuses: {
      option: "exit",
      give: (exit) => react(() => Promise.resolve(), [], { reactor: new DenoReactor(), exit }),
    },
  },
  {
    name: "TimerService",
    documented: ["new TimerService(callable)"],
    run: async ({ act }) => {
      const clock = new Clock();
      const service = new TimerService(1, act);
      service.clock = clock;
      service.startService();
      await hostTurn();
      service.stopService();
      assertEquals(clock.getDelayedCalls(), []);
    },
    refuses: { option: "TimerService() callable", give: (f) => new TimerService(1, f) },
  },
];
