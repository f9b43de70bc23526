/**
 * The reactor that programs use: all capabilities in one interface.
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
import type { IReactorTLS } from "./tls_reactor.ts";
import type { IReactorMulticast, IReactorUDP } from "./udp.ts";
import type { IReactorUNIX } from "./unix.ts";
import type { IReactorUNIXDatagram } from "./unix_datagram.ts";

/**
 * A reactor for programs, with every capability: lifecycle, timed calls, TCP, TLS, UDP, UNIX
 * sockets, inherited sockets, name resolution, child processes, standard streams and threads.
 */
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
