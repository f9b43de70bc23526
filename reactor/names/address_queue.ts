import type { IPFamily } from "../interfaces/mod.ts";

/**
 * Addresses to be tried, of both families in turns (RFC 8305 section 4, with a First Address Family Count of 1). Within a family the
 * resolver's order stays.
 */
export class AddressQueue {
  readonly #waiting: Record<IPFamily, string[]> = { IPv6: [], IPv4: [] };
  readonly #known = new Set<string>();
  // So that IPv6 is first.
  #last: IPFamily = "IPv4";

  /** Adds what a resolver found, each address once. */
  add(family: IPFamily, addresses: Iterable<string>): void {
    for (const address of addresses) {
      if (this.#known.has(address)) continue;
      this.#known.add(address);
      this.#waiting[family].push(address);
    }
  }

  /** Whether an address of that family waits. */
  has(family: IPFamily): boolean {
    return this.#waiting[family].length > 0;
  }

  /** The next one: of the other family than the last, if there is one. */
  take(): string | undefined {
    const other = this.#last === "IPv6" ? "IPv4" : "IPv6";
    if (this.has(other)) this.#last = other;
    return this.#waiting[this.#last].shift();
  }
}
