// The range of port numbers for temporary use (RFC 6335 section 6).
const FIRST = 49152;
const LAST = 65535;

/** The free port numbers of one machine, in turn, so that a number is not soon used again. */
export class PortNumbers {
  #next = FIRST;

  /**
   * Returns the next free port number.
   *
   * @param isTaken Returns whether a number is in use.
   * @returns The number; `null` if all are in use.
   */
  take(isTaken: (port: number) => boolean): number | null {
    for (let tries = FIRST; tries <= LAST; tries++) {
      const port = this.#next;
      this.#next = port === LAST ? FIRST : port + 1;
      if (!isTaken(port)) return port;
    }
    return null;
  }
}
