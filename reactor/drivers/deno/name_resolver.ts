import { codeOf } from "../../../internal/foreign_value.ts";
import type { DNSLookupError } from "../../errors.ts";
import type { IHostnameResolver, ResolveHostNameOptions } from "../../interfaces/mod.ts";
import { type LookupOptions, LookupQueue } from "../../names/lookup_queue.ts";
import { lookupError } from "./lookup_error.ts";

/**
 * Resolves names with the C library's `getaddrinfo`, as other programs of the system do: it uses
 * `/etc/hosts` and the other configured sources, and sorts addresses by RFC 6724.
 * (`Deno.resolveDns` only queries name servers.)
 *
 * The function comes from `node:dns`, which is loaded with the first lookup. Needs `--allow-net`
 * for the name. A running lookup cannot be aborted: it keeps the process alive until it
 * completes, even if its result is no longer needed. So at most 16 run at once in a process.
 * Further lookups wait, and equal ones share one result.
 */
export class DenoNameResolver implements IHostnameResolver {
  resolveHostName(hostName: string, options: ResolveHostNameOptions): Promise<string[]> {
    return lookups.resolve(hostName, options);
  }
}

// Half of the 32 threads that Deno has for blocking work. The other half remains for file access
// and UDP addresses.
const MAX_LOOKUPS = 16;

// All reactors share one queue, because Deno's threads belong to the whole process.
const lookups = new LookupQueue(startLookup, MAX_LOOKUPS);

async function startLookup(
  hostName: string,
  { family, port }: LookupOptions,
): Promise<string[]> {
  const { lookup } = await import("node:dns");
  const { promise, resolve, reject } = Promise.withResolvers<string[]>();
  // Deno accepts the option `port`, which node's types lack. With a port, a network permission for
  // `host:port` is enough for the lookup.
  const options = { family: family === "IPv6" ? 6 : 4, all: true, port } as const;
  lookup(hostName, options, (error, answers) => {
    if (error === null || error === undefined) {
      resolve(answers.map(({ address }) => address));
      return;
    }
    const failure = failureOf(hostName, port, error);
    // The name does not exist, or has no address of this family: getaddrinfo reports both as
    // ENOTFOUND.
    if (failure.code === "ENOTFOUND") resolve([]);
    else reject(failure);
  });
  return promise;
}

function failureOf(name: string, port: number, cause: Error): DNSLookupError {
  const code = codeOf(cause);
  const why = code === "EPERM"
    ? `it needs the permission --allow-net=${name}${port === 0 ? "" : `:${port}`}`
    : cause.message;
  return lookupError(`look up ${name}`, { code, address: name, cause }, why);
}
