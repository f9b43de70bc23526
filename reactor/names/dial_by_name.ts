import { isInstance, messageOf } from "../../internal/foreign_value.ts";
import { Deferred } from "../../defer/mod.ts";
import type { Dial } from "../stream/dial.ts";
import { ConnectError, DNSLookupError } from "../errors.ts";
import { connectToHost } from "./happy_eyeballs.ts";
import type { IHostnameResolver, IReactorTime } from "../interfaces/mod.ts";
import type { StreamDriver } from "../stream/stream_driver.ts";

/**
 * A dial to a name, by a resolver: its addresses race ({@linkcode connectToHost}). How long all that may take is the connector's affair.
 *
 * @param clock Tells the time.
 * @param resolver Finds the addresses.
 * @param host The name.
 * @param port The port number.
 * @param dialAddress Makes the dial to one address.
 */
export function dialByName(
  clock: IReactorTime,
  resolver: IHostnameResolver,
  host: string,
  port: number,
  dialAddress: (address: string) => Dial,
): Dial {
  return (sink) => {
    // The race itself, and each attempt until nothing of it is left.
    let held = 1;
    const release = () => {
      if (--held === 0) sink.released();
    };
    const attempt = (address: string) => {
      held++;
      return attemptBy(dialAddress(address), release);
    };
    const course = { clock, resolver, families: ["IPv6", "IPv4"] as const, attempt };
    const racing = connectToHost(host, port, course, { timeout: Infinity });
    racing.addCallbacks(
      (driver) => sink.connected(driver),
      (error) => sink.failed(asConnectError(error, host)),
    ).addCallback(release);
    return () => racing.cancel();
  };
}

/** A dial as a Deferred. */
function attemptBy(dial: Dial, released: () => void): Deferred<StreamDriver> {
  let cancel = () => {};
  const attempt = new Deferred<StreamDriver>(() => cancel());
  cancel = dial({
    connected: (driver) => {
      // It may have been cancelled in the moment in which it was connected.
      if (attempt.called) driver.abort();
      else attempt.callback(driver);
    },
    failed: (reason) => {
      if (!attempt.called) attempt.errback(reason);
    },
    released,
  });
  return attempt;
}

/** What is no name cannot be connected to, either. */
function asConnectError(error: Error, host: string): ConnectError {
  if (isInstance(error, ConnectError)) return error;
  return new DNSLookupError(`Cannot connect to ${host}: ${messageOf(error)}`, {
    syscall: "getaddrinfo",
    address: host,
    cause: error,
  });
}
