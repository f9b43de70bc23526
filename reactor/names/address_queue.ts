import type { IPFamily } from "../interfaces/mod.ts";

/**
 * The addresses to try, of both families alternately (RFC 8305 section 4, with a First Address
 * Family Count of 1). Within a family the resolver's order is kept.
 */
export class AddressQueue {
  readonly #waiting: Record<IPFamily, string[]> = { IPv6: [], IPv4: [] };
  readonly #known = new Set<string>();
  // The families alternate. The initial value makes the first address an IPv6 address.
  #last: IPFamily = "IPv4";

  /** Adds the addresses that a resolver has found, each of them once. */
  add(family: IPFamily, addresses: Iterable<string>): void {
    for (const address of addresses) {
      if (this.#known.has(address)) continue;
      this.#known.add(address);
      this.#waiting[family].push(address);
    }
  }

  /** Returns whether an address of this family is left. */
  has(family: IPFamily): boolean {
    return this.#waiting[family].length > 0;
  }

  /** Removes and returns the next address: of the family that was not used last, if it has one. */
  take(): string | undefined {
    const other = this.#last === "IPv6" ? "IPv4" : "IPv6";
    if (this.has(other)) this.#last = other;
    return this.#waiting[this.#last].shift();
  }
}
