/**
 * What a reactor and the things around it can do, as interfaces: small ones, so that a fake need only supply what is used.
 *
 * The names and the contracts are Twisted's (`twisted.internet.interfaces`). This is the ground floor: it imports nothing but the type of
 * a Deferred. A file for each capability is in `interfaces/`.
 *
 * @module
 */

import type { IReactorCore } from "./interfaces/core.ts";
import type { IReactorPluggableNameResolver } from "./interfaces/name_resolver.ts";
import type { IReactorProcess } from "./interfaces/process.ts";
import type { IReactorSocket } from "./interfaces/socket.ts";
import type { IReactorStdio } from "./interfaces/stdio.ts";
import type { IReactorSurroundings } from "./interfaces/surroundings.ts";
import type { IReactorTCP } from "./interfaces/tcp.ts";
import type { IReactorThreads } from "./interfaces/threads.ts";
import type { IReactorTime } from "./interfaces/time.ts";
import type { IReactorTLS } from "./interfaces/tls.ts";
import type { IReactorMulticast, IReactorUDP } from "./interfaces/udp.ts";
import type { IReactorUNIX } from "./interfaces/unix.ts";
import type { IReactorUNIXDatagram } from "./interfaces/unix_datagram.ts";

export type * from "./interfaces/address.ts";
export type * from "./interfaces/core.ts";
export type * from "./interfaces/datagram.ts";
export type * from "./interfaces/name_resolver.ts";
export type * from "./interfaces/process.ts";
export type * from "./interfaces/producer.ts";
export type * from "./interfaces/protocol.ts";
export type * from "./interfaces/socket.ts";
export type * from "./interfaces/stdio.ts";
export type * from "./interfaces/stream.ts";
export type * from "./interfaces/surroundings.ts";
export type * from "./interfaces/tcp.ts";
export type * from "./interfaces/threads.ts";
export type * from "./interfaces/time.ts";
export type * from "./interfaces/tls.ts";
export type * from "./interfaces/transport.ts";
export type * from "./interfaces/udp.ts";
export type * from "./interfaces/unix.ts";
export type * from "./interfaces/unix_datagram.ts";

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
    IReactorSurroundings,
    IReactorProcess,
    IReactorStdio,
    IReactorThreads {}
