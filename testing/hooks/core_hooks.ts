/**
 * The hooks of a reactor: timed calls, triggers, signal handlers, calls from threads.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { DenoReactor } from "../../reactor/drivers/deno/reactor.ts";
import type { EventPhase } from "../../reactor/interfaces/mod.ts";
import { ReactorResources } from "../../reactor/lifecycle/open_resources.ts";
import { Clock } from "../../task/mod.ts";
import { InMemoryReactor } from "../mod.ts";
import { type Case, type Hook, hostTurn } from "./hook.ts";

/** Runs a reactor for one turn. */
async function run(prepare: (reactor: DenoReactor) => void): Promise<void> {
  const reactor = new DenoReactor();
  prepare(reactor);
  const running = reactor.run({ installSignalHandlers: false });
  await hostTurn();
  reactor.callLater(0, () => reactor.stop());
  await running;
  assertEquals(reactor.getDelayedCalls(), []);
}

/** Adds a trigger, and fires its event. */
async function trigger({ act, wrong }: Case, phase: EventPhase, event: string): Promise<void> {
  const reactor = new DenoReactor();
  let later = 0;
  reactor.addSystemEventTrigger(phase, event, act);
  reactor.addSystemEventTrigger("after", event, () => void later++);
  const waits = phase === "before" && !wrong.fails;
  if (event === "custom") {
    reactor.fireSystemEvent(event);
    await hostTurn();
    assertEquals(later, waits ? 0 : 1);
    return;
  }
  const running = reactor.run({ installSignalHandlers: false });
  await hostTurn();
  if (waits && event === "startup") {
    // As documented, the reactor waits forever; `stop()` ends the wait.
    reactor.stop();
    await running;
    return;
  }
  reactor.stop();
  await hostTurn();
  // As documented, the reactor waits until a second signal.
  if (waits) reactor.sigInt();
  await running;
  assertEquals(later, 1);
}

function triggerHook(phase: EventPhase, event: string): Hook {
  const documented = ["IReactorCore", "ReactorBase"].map((owner) =>
    `${owner}.addSystemEventTrigger(f)`
  );
  return {
    name: `${phase} trigger of the event "${event}"`,
    documented,
    run: (test) => trigger(test, phase, event),
    refuses: {
      option: "addSystemEventTrigger() callable",
      give: (value) => new DenoReactor().addSystemEventTrigger(phase, event, value),
    },
  };
}

/** Delivers a signal to a handler that fails, and to a second handler. */
async function deliver({ act }: Case): Promise<void> {
  const clock = new Clock();
  const reactor = new InMemoryReactor(clock);
  let handled = 0;
  reactor.addSignalHandler("SIGHUP", act);
  reactor.addSignalHandler("SIGHUP", () => handled++);
  reactor.run();
  clock.advance(0);
  assertEquals(reactor.deliverSignal("SIGHUP"), true);
  await null;
  assertEquals(handled, 1);
  reactor.stop();
  clock.advance(0);
  assertEquals(reactor.deliverSignal("SIGHUP"), false);
}

/** Advances a clock over a call that fails, and a second call. */
function advance({ act, received }: Case): void {
  const clock = new Clock();
  let made = 0;
  clock.callLater(1, act);
  clock.callLater(2, () => made++);
  try {
    clock.advance(1);
  } catch (error) {
    received(error);
  }
  clock.advance(1);
  assertEquals([made, clock.getDelayedCalls()], [1, []]);
}

/** Shuts down or unrefs a resource that fails, and a second resource. */
async function closeResources(test: Case, method: "shutDown" | "unref"): Promise<void> {
  const resources = new ReactorResources();
  let calls = 0;
  const last = { shutDown: () => void calls++, unref: () => void calls++ };
  const first = { shutDown: () => {}, unref: () => {}, [method]: test.act };
  resources.add(first);
  resources.add(last);
  try {
    resources[method]();
  } catch (error) {
    test.received(error);
  }
  await null;
  assertEquals(calls, 1, "the other resource was not called");
}

export const CORE_HOOKS: readonly Hook[] = [
  {
    name: "callLater()",
    documented: ["IReactorTime.callLater(f)", "ReactorBase.callLater(f)"],
    run: ({ act }) => run((reactor) => void reactor.callLater(0, act)),
    refuses: { option: "callLater() callable", give: (f) => new DenoReactor().callLater(0, f) },
  },
  {
    name: "callFromThread()",
    documented: ["IReactorThreads.callFromThread(f)", "ReactorBase.callFromThread(f)"],
    run: ({ act }) => run((reactor) => reactor.callFromThread(act)),
    refuses: {
      option: "callFromThread() callable",
      give: (f) => new DenoReactor().callFromThread(f),
    },
  },
  {
    name: "callWhenRunning()",
    where: "of a reactor that runs",
    documented: ["IReactorCore.callWhenRunning(f)", "ReactorBase.callWhenRunning(f)"],
    reports: "either",
    run: ({ act, received }) =>
      run((reactor) =>
        void reactor.callLater(0, () => {
          try {
            reactor.callWhenRunning(act);
          } catch (error) {
            received(error);
          }
        })
      ),
    refuses: {
      option: "callable",
      give: (f) => new DenoReactor().callWhenRunning(f),
    },
  },
  ...(["startup", "shutdown", "custom"].flatMap((event) =>
    (["before", "during", "after"] as const).map((phase) => triggerHook(phase, event))
  )),
  {
    name: "SIGHUP",
    where: "a signal handler",
    documented: ["IReactorCore.addSignalHandler(handler)", "ReactorBase.addSignalHandler(handler)"],
    run: deliver,
    refuses: {
      option: "addSignalHandler() handler",
      give: (handler) => new DenoReactor().addSignalHandler("SIGHUP", handler),
    },
  },
  {
    name: "callLater()",
    where: "of a Clock, which throws the errors of calls",
    documented: ["Clock.callLater(f)"],
    reports: "either",
    run: advance,
    refuses: { option: "callLater() callable", give: (f) => new Clock().callLater(1, f) },
  },
  ...(["shutDown", "unref"] as const).map((method): Hook => ({
    name: method,
    where: "of a resource",
    documented: [`ReactorResource.${method}`],
    reports: "either",
    run: (test) => closeResources(test, method),
  })),
  {
    name: "whenEmpty()",
    documented: ["ReactorResources.whenEmpty(f)"],
    reports: "either",
    run: ({ act, received }) => {
      try {
        new ReactorResources().whenEmpty(act);
      } catch (error) {
        received(error);
      }
    },
  },
];
