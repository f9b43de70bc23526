/**
 * What a reactor and the things around it can do, as interfaces: small ones, so that a fake need only supply what is used.
 *
 * The names and the contracts are Twisted's (`twisted.internet.interfaces`). This is the ground floor: it imports nothing but the type of
 * a Deferred. A file for each capability is in `interfaces/`.
 *
 * @module
 */

import type { IReactorCore } from "./core.ts";
import type { IReactorPluggableNameResolver } from "./name_resolver.ts";
import type { IReactorProcess } from "./process.ts";
import type { IReactorSocket } from "./socket.ts";
import type { IReactorStdio } from "./stdio.ts";
import type { IReactorHostEnvironment } from "./host_environment.ts";
import type { IReactorTCP } from "./tcp.ts";
import type { IReactorThreads } from "./threads.ts";
import type { IReactorTime } from "./time.ts";
import type { IReactorTLS } from "./tls.ts";
import type { IReactorMulticast, IReactorUDP } from "./udp.ts";
import type { IReactorUNIX } from "./unix.ts";
import type { IReactorUNIXDatagram } from "./unix_datagram.ts";

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
export type * from "./transport.ts";
export type * from "./udp.ts";
export type * from "./unix.ts";
export type * from "./unix_datagram.ts";

/** A reactor for programs: life, time, TCP, TLS, UDP, UNIX sockets, adopted ones, names of hosts, child processes, standard streams and threads. */
export interface IReactor
  extends
    IReactorCore,
    IReactorTime,
    IReactorTCP,
    IReactorTLS,
    IReactorUDP,
    IReactorMulticast,
    IReactorUNIX,
    IReactorUNIXDatagram,
    IReactorSocket,
    IReactorPluggableNameResolver,
    IReactorHostEnvironment,
    IReactorProcess,
    IReactorStdio,
    IReactorThreads {}
