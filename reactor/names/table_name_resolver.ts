import { type Deferred, succeed } from "../../defer/mod.ts";
import { isIPAddress, isIPv6Address } from "../addresses.ts";
import type { IHostnameResolver, ResolveHostNameOptions } from "../interfaces/mod.ts";

/**
 * A resolver that knows what it was made with, and answers at once: for tests, and for programs whose hosts are in their configuration.
 * Any other name has no address.
 *
 * @example
 * ```ts
 * import { reactor } from "@torsion/reactor";
 * import { TableNameResolver } from "@torsion/reactor/reactor";
 *
 * reactor.installNameResolver(new TableNameResolver({ "db.example": ["::1", "127.0.0.1"] }));
 * ```
 */
export class TableNameResolver implements IHostnameResolver {
  readonly #addresses = new Map<string, readonly string[]>();

  /**
   * Makes a resolver.
   *
   * @param table The addresses of each name, of both families, in the order in which they are best tried. Names with other characters than
   *   ASCII's stand there by their IDNA form.
   * @throws {RangeError} for what is no address.
   */
  constructor(table: Readonly<Record<string, readonly string[]>>) {
    for (const [name, addresses] of Object.entries(table)) {
      const wrong = addresses.find((each) => !isIPAddress(each) && !isIPv6Address(each));
      if (wrong !== undefined) {
        throw new RangeError(`Not an address of ${name}: ${JSON.stringify(wrong)}`);
      }
      this.#addresses.set(name.toLowerCase(), addresses);
    }
  }

  resolveHostName(
    hostName: string,
    { family }: Pick<ResolveHostNameOptions, "family">,
  ): Deferred<readonly string[]> {
    const known = this.#addresses.get(hostName.toLowerCase()) ?? [];
    return succeed(known.filter(family === "IPv6" ? isIPv6Address : isIPAddress));
  }
}
