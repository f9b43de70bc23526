import type { IReactorCore } from "../../reactor/interfaces/mod.ts";
import type { IService } from "./interfaces.ts";
import { startInFull } from "./service_calls.ts";

/**
 * Ties a service to the life of a reactor: starts it now, and stops it before the reactor's
 * shutdown, which waits for it. Twisted's `twisted.application.app.startApplication`.
 *
 * A signal therefore stops the services in order; a second signal does not wait for them (see
 * `IReactorCore.run`). Errors of stopping are logged.
 *
 * Call it before `reactor.run()`: an error of a service, such as a port in use, then ends the
 * program before the reactor runs.
 *
 * A program that drops privileges calls these steps itself instead: `privilegedStartService()`,
 * `process.setuid()`, `startService()`, and `addSystemEventTrigger("before", "shutdown", ...)` with
 * a trigger that calls `stopService()`. In Twisted, `twistd` does the first two.
 *
 * @param reactor The reactor.
 * @param application The service, usually a `MultiService`.
 * @throws {unknown} The error of a service that could not be started. The application is still
 *   stopped with the reactor, because part of it may have been started.
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
