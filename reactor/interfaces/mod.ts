/**
 * What a reactor and the things around it can do, as interfaces: small ones, so that a fake need only supply what is used.
 *
 * The names and the contracts are Twisted's (`twisted.internet.interfaces`). This is the ground floor: it imports nothing but the type of
 * a Deferred.
 *
 * @module
 */

export type * from "./address.ts";
export type * from "./core.ts";
export type * from "./datagram.ts";
export type * from "./name_resolver.ts";
export type * from "./process.ts";
export type * from "./producer.ts";
export type * from "./protocol.ts";
export type * from "./socket.ts";
export type * from "./stdio.ts";
export type * from "./stream.ts";
export type * from "./host_environment.ts";
export type * from "./tcp.ts";
export type * from "./threads.ts";
export type * from "./time.ts";
export type * from "./tls.ts";
export type * from "./tls_reactor.ts";
export type * from "./transport.ts";
export type * from "./udp.ts";
export type * from "./unix.ts";
export type * from "./unix_datagram.ts";
export type * from "./reactor.ts";
