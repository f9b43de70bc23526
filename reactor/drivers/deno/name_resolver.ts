import type { DNSLookupError } from "../../errors.ts";
import type { IHostnameResolver, ResolveHostNameOptions } from "../../interfaces/mod.ts";
import { codeOf, lookupError } from "./system_error.ts";

/**
 * Finds addresses as all programs of the system do: by the C library's `getaddrinfo`, and so by
 * `/etc/hosts` and whatever else the system is set up with, in the order of RFC 6724.
 * (`Deno.resolveDns` asks name servers alone.)
 *
 * It is reached by `node:dns`, which is loaded with the first question. Needs `--allow-net` for the
 * name. The system cannot be told to stop: a question whose answer nobody waits for any more still
 * keeps the process until it is answered.
 */
export class DenoNameResolver implements IHostnameResolver {
  async resolveHostName(
    hostName: string,
    { family, port }: ResolveHostNameOptions,
  ): Promise<string[]> {
    const { lookup } = await import("node:dns");
    const { promise, resolve, reject } = Promise.withResolvers<string[]>();
    // The port is Deno's own addition, and unknown to node's types: with it, a permission for the
    // name and that port is enough.
    const options = { family: family === "IPv6" ? 6 : 4, all: true, port } as const;
    lookup(hostName, options, (error, answers) => {
      if (error === null || error === undefined) {
        resolve(answers.map(({ address }) => address));
        return;
      }
      const failure = failureOf(hostName, port, error);
      // No such name, or none of its addresses is of that family: getaddrinfo does not tell them
      // apart.
      if (failure.code === "ENOTFOUND") resolve([]);
      else reject(failure);
    });
    return promise;
  }
}

function failureOf(name: string, port: number, cause: Error): DNSLookupError {
  const code = codeOf(cause);
  const why = code === "EPERM"
    ? `it needs the permission --allow-net=${name}${port === 0 ? "" : `:${port}`}`
    : cause.message;
  return lookupError(`look up ${name}`, { code, address: name, cause }, why);
}
