/**
 * TCP through `Deno.listen` and `Deno.connect`.
 *
 * @module
 */

import { internetAddress } from "../../addresses.ts";
import type { Dial } from "../../stream/dial.ts";
import type { IInternetAddress } from "../../interfaces/mod.ts";
import { addressOf } from "./address_of.ts";
import type { StreamAcceptor } from "../../stream/stream_acceptor.ts";
import { TCPConnDriver } from "./conn_driver.ts";
import { ListenerAcceptor } from "./listener_acceptor.ts";
import { cannotListen } from "../../stream/system_error.ts";
import { connectOrLookupError } from "./lookup_error.ts";

/**
 * Binds a TCP port.
 *
 * @throws {CannotListenError} If the address cannot be bound.
 */
export function bindTCP(
  hostname: string,
  port: number,
  backlog: number,
): StreamAcceptor<IInternetAddress> {
  let listener: Deno.TcpListener;
  try {
    listener = Deno.listen({ transport: "tcp", hostname, port, tcpBacklog: backlog });
  } catch (error) {
    throw cannotListen(internetAddress("TCP", hostname, port), error);
  }
  return new ListenerAcceptor(
    listener,
    addressOf(listener.addr),
    (conn) => new TCPConnDriver(conn),
  );
}

/** Returns a dial to a TCP port. Deno resolves the name and races its addresses (RFC 8305). */
export function dialTCP(hostname: string, port: number): Dial {
  const destination = internetAddress("TCP", hostname, port);
  return (sink) => {
    const abort = new AbortController();
    const signal = withoutThrowing(abort.signal);
    Deno.connect({ transport: "tcp", hostname, port, signal }).then((conn) => {
      // The application may have cancelled the attempt at the moment when it succeeded. The
      // connection then has no owner.
      if (signal.aborted) conn.close();
      else sink.connected(new TCPConnDriver(conn));
    }, (error: unknown) => {
      // The error of an aborted attempt also arrives here. It has no effect, because the connector
      // has already failed.
      sink.failed(connectOrLookupError(destination, error));
    }).finally(() => sink.released());
    return () => abort.abort();
  };
}

/**
 * Prepares a signal that aborts `Deno.connect`.
 *
 * Deno checks the signal again once the connection is open, and throws if it was aborted at that
 * moment. The open connection would then leak. With a signal that does not throw, `Deno.connect`
 * returns the connection, and the caller closes it.
 */
function withoutThrowing(signal: AbortSignal): AbortSignal {
  return Object.assign(signal, { throwIfAborted: () => {} });
}
