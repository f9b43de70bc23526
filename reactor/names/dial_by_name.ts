import { Deferred } from "../../defer/mod.ts";
import type { Dial } from "../stream/dial.ts";
import { asConnectError } from "./connect_failure.ts";
import { raceAddresses } from "./happy_eyeballs.ts";
import type { IHostnameResolver, IReactorTime } from "../interfaces/mod.ts";
import type { StreamDriver } from "../stream/stream_driver.ts";

/**
 * Creates a dial to a host name. A resolver looks the name up, and its addresses race: see
 * {@linkcode raceAddresses}. The timeout is the connector's.
 *
 * @param clock The clock of the race.
 * @param resolver The resolver that finds the addresses.
 * @param host The host name.
 * @param port The port number, from 1 to 65535.
 * @param dialAddress Creates the dial to one address.
 * @returns The dial.
 */
export function dialByName(
  clock: IReactorTime,
  resolver: IHostnameResolver,
  host: string,
  port: number,
  dialAddress: (address: string) => Dial,
): Dial {
  return (sink) => {
    // Counts the holders of the dial: the race, and each attempt until it is released. The dial is
    // released when no holder is left.
    let held = 1;
    const release = () => {
      if (--held === 0) sink.released();
    };
    const attempt = (address: string) => {
      held++;
      return attemptBy(dialAddress(address), release);
    };
    const race = { clock, resolver, families: ["IPv6", "IPv4"] as const, attempt };
    const racing = raceAddresses(host, port, race, { timeout: Infinity });
    racing.addCallbacks(
      (driver) => sink.connected(driver),
      (error) => sink.failed(asConnectError(error, `Cannot connect to ${host}`, host)),
    ).addCallback(release);
    return () => racing.cancel();
  };
}

/** Starts a dial, and returns its result as a Deferred. */
function attemptBy(dial: Dial, released: () => void): Deferred<StreamDriver> {
  let cancel = () => {};
  const attempt = new Deferred<StreamDriver>(() => cancel());
  cancel = dial({
    connected: (driver) => {
      // The attempt may have been cancelled just before the connection was made. No owner is left
      // then, so the connection is aborted.
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
