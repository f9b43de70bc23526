/**
 * The event loop: reactors with their lifecycle, timed calls, system events and signals;
 * transports, addresses and errors of connections; and threads.
 *
 * @module
 */

export * from "./addresses.ts";
export { ReactorBase, type ReactorBaseOptions } from "./lifecycle/reactor_base.ts";
export { DriverReactor, type DriverReactorOptions } from "./lifecycle/driver_reactor.ts";
export type { HostSockets } from "./lifecycle/host_sockets.ts";
export { clockTimer } from "./time/clock_timer.ts";
export type { LoopTimer, MakeLoopTimer } from "./time/loop_timer.ts";
export type { DatagramDriver, DatagramDriverSink, UDPDriver } from "./datagram/datagram_driver.ts";
export { DelayedCall } from "./time/delayed_call.ts";
export {
  AlreadyTryingToLockError,
  DeferredFilesystemLock,
} from "./drivers/deno/deferred_filesystem_lock.ts";
export { FilesystemLock, isLocked } from "./drivers/deno/filesystem_lock.ts";
export { type AdoptingSockets, HostReactor } from "./drivers/deno/host_reactor.ts";
export { DenoReactor } from "./drivers/deno/reactor.ts";
export { startDenoThread } from "./drivers/deno/thread.ts";
export { DenoNameResolver } from "./drivers/deno/name_resolver.ts";
export * from "./errors.ts";
export type { HappyEyeballsOptions } from "./names/happy_eyeballs.ts";
export type * from "./interfaces/mod.ts";
export { type InstallableReactor, installReactor, reactor } from "./process_reactor.ts";
export type {
  nextResource,
  previousResource,
  ReactorResource,
  ReactorResources,
} from "./lifecycle/open_resources.ts";
export type { SignalSource } from "./lifecycle/signals.ts";
export type { Dial, DialSink } from "./stream/dial.ts";
export type { OptionalMethodsForwarder, supportsMethod } from "./stream/protocol_capabilities.ts";
export type { StreamAcceptor, StreamAcceptorSink } from "./stream/stream_acceptor.ts";
export type { StreamDriver, StreamDriverSink } from "./stream/stream_driver.ts";
export { unixTransport } from "./stream/unix_transport.ts";
export type {
  TLSContext,
  TLSEngine,
  TLSEngineSink,
  TLSProvider,
  TLSSession,
} from "./tls/tls_engine.ts";
export { AddressBlocks, isGlobalAddress } from "./names/address_blocks.ts";
export { TableNameResolver } from "./names/table_name_resolver.ts";
export * from "./threads/mod.ts";
