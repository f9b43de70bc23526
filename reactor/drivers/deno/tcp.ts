/**
 * TCP by `Deno.listen` and `Deno.connect`.
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
import { cannotListen, connectError } from "./system_error.ts";

/**
 * Binds a TCP port.
 *
 * @throws {CannotListenError} when the address cannot be had.
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

/** A dial to a TCP port. Deno resolves the name and races the addresses it finds (RFC 8305). */
export function dialTCP(hostname: string, port: number): Dial {
  const destination = internetAddress("TCP", hostname, port);
  return (sink) => {
    const abort = new AbortController();
    const signal = withoutThrowing(abort.signal);
    Deno.connect({ transport: "tcp", hostname, port, signal }).then((conn) => {
      // It may have been ended in the moment in which it was connected.
      if (signal.aborted) conn.close();
      else sink.connected(new TCPConnDriver(conn));
    }, (error: unknown) => {
      // When it was this side that ended the attempt, the connector has failed already and does not
      // listen.
      sink.failed(connectError(destination, error));
    }).finally(() => sink.released());
    return () => abort.abort();
  };
}

/**
 * The signal, for a `Deno.connect` that it is to end and nothing else.
 *
 * Deno looks at the signal once more when the connection is there already, and throws if it was
 * aborted in just that moment: the connection is then nobody's, and stays open for as long as the
 * program runs. As this signal does not throw, the connection comes out all the same, for the
 * caller to close.
 */
function withoutThrowing(signal: AbortSignal): AbortSignal {
  return Object.assign(signal, { throwIfAborted: () => {} });
}
