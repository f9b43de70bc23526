/**
 * The event loop: lifecycle, timers, system events, signals, connections, threads, and the reactors themselves.
 *
 * @module
 */

export * from "./addresses.ts";
export { ReactorBase, type ReactorBaseOptions } from "./base.ts";
export { DelayedCall } from "./time/delayed_call.ts";
export { DenoReactor } from "./deno/reactor.ts";
export { startDenoThread } from "./deno/thread.ts";
export { DenoNameResolver } from "./deno/name_resolver.ts";
export * from "./errors.ts";
export type { HappyEyeballsOptions } from "./names/happy_eyeballs.ts";
export type * from "./interfaces.ts";
export { type InstallableReactor, installReactor, reactor } from "./reactor.ts";
export type { ReactorResource, ReactorResources } from "./resources.ts";
export type { SignalSource } from "./signals.ts";
export { TableNameResolver } from "./names/table_name_resolver.ts";
export * from "./threads/mod.ts";
