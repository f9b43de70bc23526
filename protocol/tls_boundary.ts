import type { ITransport } from "../reactor/interfaces/mod.ts";

/**
 * Prevents bytes that arrived before TLS from being passed on as if they had arrived over TLS
 * (CVE-2011-0411 and its kind): an attacker on the network path can insert them.
 */
export class TLSBoundary {
  /** Whether the buffered bytes arrived over TLS; `undefined` before any bytes arrived. */
  #cameOverTLS: boolean | undefined;

  /**
   * Records whether a chunk that is about to be buffered arrived over TLS.
   *
   * @param transport The connection.
   * @param kept The number of bytes in the buffer.
   * @returns Whether the chunk may be buffered. If not, the connection is being aborted.
   */
  arriving(transport: ITransport, kept: number): boolean {
    if (kept > 0) return this.allows(transport, kept);
    this.#cameOverTLS = transport.tlsStarted;
    return true;
  }

  /**
   * Returns whether the buffered bytes may be passed on. Aborts the connection if not.
   *
   * @param transport The connection.
   * @param kept The number of bytes in the buffer.
   */
  allows(transport: ITransport, kept: number): boolean {
    this.#cameOverTLS ??= transport.tlsStarted;
    if (kept === 0 || this.#cameOverTLS === transport.tlsStarted) return true;
    transport.abortConnection(
      new Error(
        `Cannot start TLS with ${transport.getPeer()}: the receive buffer contains ` +
          `${kept} bytes that arrived before TLS; ` +
          "clear the buffer, or pass the bytes to startTLS() as received",
      ),
    );
    return false;
  }
}
