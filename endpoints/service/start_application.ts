import type { IReactorCore } from "../../reactor/interfaces/mod.ts";
import type { IService } from "./interfaces.ts";
import { startInFull } from "./service_calls.ts";

/**
 * Ties a service to a reactor's life: starts it now, and stops it before the reactor's shutdown, which waits for that. Twisted's
 * `twisted.application.app.startApplication`.
 *
 * So a signal stops the services in order, and a second one does not wait for them (see `IReactorCore.run`). What goes wrong in
 * stopping is logged.
 *
 * Call it before `reactor.run()`: then what a service throws, because its port is taken, say, ends the program before it has begun.
 *
 * A program that gives up privileges in between does what this does itself: `privilegedStartService()`, `process.setuid()`,
 * `startService()`, and a trigger `"before"` the event `"shutdown"` that calls `stopService()`. In Twisted, `twistd` does the first two.
 *
 * @param reactor Whose life it is.
 * @param application The service; mostly a `MultiService`.
 * @throws {unknown} What the service throws. It is stopped with the reactor all the same: part of it may have been started.
 *
 * @example
 * ```ts no-eval
 * import { reactor, startApplication, TimerService } from "@torsion/reactor";
 *
 * const ticker = new TimerService(1, () => console.log("tick"));
 * ticker.clock = reactor;
 * startApplication(reactor, ticker);
 * await reactor.run(); // ticks until Ctrl-C
 * ```
 */
export function startApplication(
  reactor: Pick<IReactorCore, "addSystemEventTrigger">,
  application: IService,
): void {
  reactor.addSystemEventTrigger("before", "shutdown", () => application.stopService());
  startInFull(application);
}
