import type { ITransport } from "../reactor/interfaces/mod.ts";

/**
 * Keeps bytes that came before TLS from being handed over as if they had come over TLS (CVE-2011-0411 and its kind): whoever is between the
 * two sides can put them there.
 */
export class TLSBoundary {
  /** Whether what is kept has come over TLS; `undefined` before anything came. */
  #cameOverTLS: boolean | undefined;

  /**
   * Notes where a chunk comes from that is about to be kept.
   *
   * @param kept How many bytes are kept already.
   * @returns Whether it may be kept. The connection is being aborted otherwise.
   */
  arriving(transport: ITransport, kept: number): boolean {
    if (kept > 0) return this.allows(transport, kept);
    this.#cameOverTLS = transport.tlsStarted;
    return true;
  }

  /**
   * Returns whether what is kept may be handed over. Aborts the connection otherwise.
   *
   * @param kept How many bytes are kept.
   */
  allows(transport: ITransport, kept: number): boolean {
    this.#cameOverTLS ??= transport.tlsStarted;
    if (kept === 0 || this.#cameOverTLS === transport.tlsStarted) return true;
    transport.abortConnection(
      new Error(
        `Cannot start TLS with ${transport.getPeer()}: ${kept} bytes that came before it were left in the buffer; clear it, or pass them to startTLS() as received`,
      ),
    );
    return false;
  }
}
