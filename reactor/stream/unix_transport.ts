/**
 * The way from any transport to that of a UNIX connection.
 *
 * @module
 */

import type { ITransport, IUNIXTransport } from "../interfaces/mod.ts";

/** The key of {@linkcode UNIXTransportSource}' property: no transport has it by accident. */
export const unixTransportKey: unique symbol = Symbol("unixTransport");

/** A transport that is, or may stand before, the transport of a UNIX connection. */
export interface UNIXTransportSource extends ITransport {
  /** The transport of the UNIX connection; `null` if there is none. */
  readonly [unixTransportKey]: IUNIXTransport | null;
}

/**
 * Returns the transport of a UNIX connection, which sends file descriptors and knows the process of
 * the peer. Twisted's `IUNIXTransport(transport, None)`.
 *
 * @param transport The transport of a protocol: a connection, or a wrapper around one.
 * @returns The transport of the connection; `null` if it is not a UNIX connection, or if the
 *   reactor does not have its file descriptor, as `DenoReactor`.
 *
 * @example Serve only processes of one's own user
 * ```ts no-eval
 * import { Factory, Protocol } from "@torsion/reactor";
 * import { EpollReactor } from "@torsion/reactor/epoll";
 * import { unixTransport } from "@torsion/reactor/reactor";
 *
 * class Control extends Protocol {
 *   override connectionMade() {
 *     const peer = unixTransport(this.transport)?.getPeerCredentials();
 *     if (peer?.uid !== Deno.uid()) this.transport.abortConnection();
 *   }
 * }
 *
 * const reactor = new EpollReactor();
 * reactor.listenUNIX("/run/chat/control", Factory.forProtocol(Control));
 * await reactor.run();
 * ```
 */
export function unixTransport(transport: ITransport): IUNIXTransport | null {
  return isSource(transport) ? transport[unixTransportKey] : null;
}

function isSource(transport: ITransport): transport is UNIXTransportSource {
  return unixTransportKey in transport;
}
