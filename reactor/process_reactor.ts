/**
 * The process's reactor: a convenience for programs. The library itself does not use it, but
 * receives its reactor as a parameter everywhere.
 *
 * @module
 */

import { DenoReactor } from "./drivers/deno/reactor.ts";
import { ReactorAlreadyInstalledError } from "./errors.ts";
import type { IReactor, IReactorObservability } from "./interfaces/mod.ts";

/** A reactor that can be installed as the process's reactor. Every reactor of this library can. */
export interface InstallableReactor extends IReactor, IReactorObservability {
  /**
   * Whether a method that changes the reactor has been called, such as `callLater` or `listenTCP`.
   */
  readonly used: boolean;
}

/**
 * The process's reactor: a `DenoReactor`, unless {@linkcode installReactor} has replaced it. The
 * export is a live binding, so importers always see the installed reactor.
 *
 * @example
 * ```ts no-eval
 * import { reactor } from "@torsion/reactor";
 *
 * reactor.callLater(4, () => reactor.stop());
 * await reactor.run();
 * ```
 */
export let reactor: InstallableReactor = new DenoReactor();

/**
 * Replaces the process's reactor. Call it before the current reactor is used.
 *
 * @param replacement The reactor to install.
 * @throws {ReactorAlreadyInstalledError} If the current reactor has been used.
 */
export function installReactor(replacement: InstallableReactor): void {
  if (reactor.used) throw new ReactorAlreadyInstalledError();
  reactor = replacement;
}
