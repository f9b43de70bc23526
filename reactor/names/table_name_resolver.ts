import { type Deferred, succeed } from "../../defer/mod.ts";
import { isIPAddress, isIPv6Address } from "../addresses.ts";
import type { IHostnameResolver, ResolveHostNameOptions } from "../interfaces/mod.ts";

/**
 * A name resolver with a fixed table, which answers at once: for tests, and for programs whose
 * hosts are configured. A name that is not in the table has no addresses.
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
   * Makes a resolver with a table.
   *
   * @param table The addresses of each name, of both families, in the order in which to try them. A
   *   name with characters outside ASCII must be in its IDNA form.
   * @throws {RangeError} when an address is neither IPv4 nor IPv6.
   */
  constructor(table: Readonly<Record<string, readonly string[]>>) {
    for (const [name, addresses] of Object.entries(table)) {
      const wrong = addresses.find((each) => !isIPAddress(each) && !isIPv6Address(each));
      if (wrong !== undefined) {
        throw new RangeError(
          `Cannot add ${
            JSON.stringify(wrong)
          } to the addresses of ${name}: it is not an IPv4 or IPv6 address`,
        );
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
