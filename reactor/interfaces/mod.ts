/**
 * The interfaces of reactors, transports, protocols and factories, one small interface per
 * capability.
 *
 * A test double needs to implement only the interface that the code under test uses. Names and
 * contracts are those of `twisted.internet.interfaces`. The modules of this folder import only each
 * other and the type of `Deferred`. Those of endpoints, in `endpoint.ts`, are exported by the entry
 * point of the endpoints.
 *
 * @module
 */

export type * from "./address.ts";
export type * from "./core.ts";
export type * from "./datagram.ts";
export type * from "./name_resolver.ts";
export type * from "./observability.ts";
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
