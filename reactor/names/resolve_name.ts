import { Deferred, execute } from "../../defer/mod.ts";
import { codeOf, messageOf, quote } from "../../internal/foreign_value.ts";
import { checkString, checkTimeout } from "../../internal/validation.ts";
import { isIPAddress, isIPv6Address } from "../addresses.ts";
import { DNSLookupError } from "../errors.ts";
import type { IHostnameResolver, IReactorTime } from "../interfaces/mod.ts";
import { encodeHostname } from "./hostname.ts";

/** Seconds for a lookup. Twisted's default: the sum of `(1, 3, 11, 45)`. */
const DEFAULT_TIMEOUT = 60;

/**
 * Looks up the first IPv4 address of a host name: see `IReactorPluggableNameResolver.resolve`.
 *
 * @param clock The clock of the timeout.
 * @param resolver The resolver.
 * @param name A host name or an IP address; `""` for all addresses of this host.
 * @param timeout Seconds, or parts of which the sum counts.
 * @returns A Deferred that fires with the address.
 * @throws {RangeError | TypeError} If the name or the timeout is not valid.
 */
export function resolveName(
  clock: Pick<IReactorTime, "callLater">,
  resolver: IHostnameResolver,
  name: string,
  timeout: number | readonly number[] = DEFAULT_TIMEOUT,
): Deferred<string> {
  checkString("resolve() name", name);
  const seconds = secondsOf(timeout);
  if (name === "") return fired("0.0.0.0");
  if (isIPAddress(name) || isIPv6Address(name)) return fired(name);
  const hostName = encodeHostname(name);
  const aborting = new AbortController();
  const { signal } = aborting;
  const result = new Deferred<string>(() => aborting.abort());
  const timer = seconds === Infinity ? null : clock.callLater(seconds, () => {
    aborting.abort();
    const why = `the lookup took longer than ${seconds} s`;
    result.errback(lookupError(name, why, { code: "ETIMEDOUT" }));
  });
  result.addBoth((outcome) => {
    if (timer?.active()) timer.cancel();
    if (outcome instanceof Error) throw outcome;
    return outcome;
  });
  execute(() => resolver.resolveHostName(hostName, { family: "IPv4", port: 0, signal }))
    .addCallback((addresses) => firstAddress(name, addresses))
    .addCallbacks(
      (address) => {
        if (!result.called) result.callback(address);
      },
      (error) => {
        if (result.called) return;
        const known = error instanceof DNSLookupError;
        result.errback(
          known ? error : lookupError(name, messageOf(error), {
            code: codeOf(error) ?? undefined,
            cause: error,
          }),
        );
      },
    );
  return result;
}

function fired(address: string): Deferred<string> {
  const result = new Deferred<string>();
  result.callback(address);
  return result;
}

function secondsOf(timeout: number | readonly number[]): number {
  if (typeof timeout === "number") {
    checkTimeout("resolve() timeout", timeout);
    return timeout;
  }
  for (const part of timeout) checkTimeout("resolve() timeout", part);
  // Twisted takes an empty sequence for its default.
  return timeout.length === 0 ? DEFAULT_TIMEOUT : timeout.reduce((sum, part) => sum + part, 0);
}

function firstAddress(name: string, addresses: readonly string[]): string {
  const [first] = addresses;
  if (first === undefined) {
    throw lookupError(name, "the name has no IPv4 address", { code: "ENOTFOUND" });
  }
  if (!isIPAddress(first)) {
    throw lookupError(name, `the resolver returned ${quote(first)}, which is not an IPv4 address`);
  }
  return first;
}

function lookupError(
  name: string,
  why: string,
  details: { code?: string | undefined; cause?: unknown } = {},
): DNSLookupError {
  return new DNSLookupError(`Cannot resolve ${name}: ${why}`, {
    syscall: "getaddrinfo",
    address: name,
    ...details,
  });
}
