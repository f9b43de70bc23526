/**
 * The process's reactor: a convenience for programs. No module of this library reaches for it; everything takes its reactor
 * as a parameter.
 *
 * @module
 */

import { DenoReactor } from "./drivers/deno/reactor.ts";
import { ReactorAlreadyInstalledError } from "./errors.ts";
import type { IReactor } from "./interfaces/mod.ts";

/** A reactor that can be the process's: it knows whether it has been used. Every reactor of this library does. */
export interface InstallableReactor extends IReactor {
  /** Whether anything was ever asked of it. */
  readonly used: boolean;
}

/**
 * The process's reactor: a `DenoReactor`, unless {@linkcode installReactor} put another in its place. A live binding: it
 * is always the one that is installed.
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
 * Makes `replacement` the process's reactor. To be called before the current one is used.
 *
 * @throws {ReactorAlreadyInstalledError} when the current one has been used.
 */
export function installReactor(replacement: InstallableReactor): void {
  if (reactor.used) throw new ReactorAlreadyInstalledError();
  reactor = replacement;
}
