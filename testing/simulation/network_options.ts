/**
 * The options of a simulated network.
 *
 * @module
 */

import { checkDelay, checkInteger, quote } from "../../internal/validation.ts";
import { isIPAddress, isIPv6Address } from "../../reactor/addresses.ts";
import type { FaultRates } from "./faults.ts";
import type { TaskModules } from "./simulated_threads.ts";

/** Seconds, or the least and the greatest number of seconds. */
export type Latency = number | readonly [least: number, most: number];

/** Options of `SimulatedNetwork`. */
export interface SimulatedNetworkOptions {
  /**
   * Decides all random numbers.
   *
   * @default {1}
   */
  seed?: number | string | undefined;
  /**
   * The rates of the faults.
   *
   * @default {{}} No faults; those of `DEFAULT_FAULTS` in `simulate()`, `explore()` and `replay()`.
   */
  faults?: FaultRates | undefined;
  /**
   * The faults that happen, in place of random ones. The rates are then ignored. Each fault is a
   * line, as `SimulatedNetwork.faults` and `SimulationResult.faults` contain:
   *
   * - `crash server 2 s to 4 s`, `partition alice,bob | carol 5 s to 9.5 s`: from one time to
   *   another.
   * - `refuse alice->bob #3`, `delay alice->bob #17 0.012 s`, `split alice->bob #2 3 bytes`: the
   *   third connection attempt, the 17th and the second segment from one host to another.
   * - `short write alice #1 3 bytes`: the first write of a host.
   * - `skew alice 0.25 s 40 ppm`: the error of a clock, and that of its rate in millionths.
   *
   * @default {undefined}
   */
  script?: readonly string[] | undefined;
  /**
   * The time that a packet needs between two hosts, in seconds; or the least and the greatest time,
   * between which the seed decides for each direction of each link.
   *
   * @default {0.001}
   */
  latency?: Latency | undefined;
  /**
   * Whether to keep a trace, which costs time and memory.
   *
   * @default {false}
   */
  trace?: boolean | undefined;
  /**
   * The modules of the tasks that programs run in threads, by their URLs. The threads of a
   * simulation are stand-ins in the same thread, and cannot wait for an import.
   *
   * @default {{}}
   */
  taskModules?: TaskModules | undefined;
  /**
   * Values of parameters, in place of those that the scenario gives to
   * `SimulatedNetwork.parameter()`.
   *
   * @default {{}}
   */
  parameters?: Readonly<Record<string, number>> | undefined;
}

/** A parameter of a scenario, which a search for a smaller failure may reduce. */
export interface Parameter {
  /** The value. */
  readonly value: number;
  /** The least value with which the scenario works. */
  readonly least: number;
}

/** Options of `SimulatedNetwork.addHost()`. */
export interface HostOptions {
  /**
   * The IP addresses of the host.
   *
   * @default {["10.0.0.1", "fd00::1"]} for the first host, and so on.
   */
  addresses?: readonly string[] | undefined;
}

/** The state of one link, which a test may change at any time. */
export interface LinkOptions {
  /** The time that a packet needs, in seconds. */
  latency?: number | undefined;
  /**
   * The longest additional time of a packet, in seconds. It is random for each packet. The bytes of
   * a connection arrive in their order, but datagrams may overtake each other.
   */
  jitter?: number | undefined;
  /** Bytes per second; Infinity for no limit. */
  bandwidth?: number | undefined;
}

/** Throws an error that names the option and the value, unless all options are valid. */
export function checkNetworkOptions(options: SimulatedNetworkOptions): void {
  const { seed = 1, latency = 0, script, trace = false, taskModules = {}, parameters = {} } =
    options;
  if (typeof seed !== "string" && (typeof seed !== "number" || Number.isNaN(seed))) {
    throw new TypeError(`seed must be a number or a string, got ${quote(seed)}`);
  }
  checkLatency(latency);
  if (script !== undefined && !Array.isArray(script)) {
    throw new TypeError(`script must be an array of fault lines, got ${quote(script)}`);
  }
  if (typeof trace !== "boolean") {
    throw new TypeError(`trace must be a boolean, got ${quote(trace)}`);
  }
  checkObject("taskModules", taskModules);
  checkObject("parameters", parameters);
  for (const [name, value] of Object.entries(parameters)) {
    const { MIN_SAFE_INTEGER, MAX_SAFE_INTEGER } = Number;
    checkInteger(`parameters.${name}`, value, MIN_SAFE_INTEGER, MAX_SAFE_INTEGER);
  }
}

/** The longest latency, in seconds: a range must not have more values than a random number. */
const MOST_LATENCY = 3600;

function checkLatency(latency: unknown): void {
  const limits: readonly unknown[] = Array.isArray(latency) ? latency : [latency, latency];
  const [least, most] = limits;
  // A value that is not a number gets the error of the check.
  checkDelay("latency", least as number);
  checkDelay("latency", most as number);
  if (limits.length === 2 && Number(least) <= Number(most) && Number(most) <= MOST_LATENCY) return;
  throw new RangeError(
    `latency must be seconds up to ${MOST_LATENCY}, or [least, most], got ${quote(latency)}`,
  );
}

function checkObject(name: string, value: unknown): void {
  if (typeof value === "object" && value !== null) return;
  throw new TypeError(`${name} must be an object, got ${quote(value)}`);
}

/** Throws an error that names the parameter and the value, unless all values are IP addresses. */
export function checkAddresses(name: string, addresses: unknown): void {
  if (!Array.isArray(addresses) || addresses.length === 0) {
    throw new RangeError(`${name} must be an array of IP addresses, got ${quote(addresses)}`);
  }
  const isAddress = (each: unknown) =>
    typeof each === "string" && (isIPAddress(each) || isIPv6Address(each));
  const wrong: unknown = addresses.find((each) => !isAddress(each));
  if (wrong === undefined) return;
  throw new RangeError(`${name} must contain only IP addresses, got ${quote(wrong)}`);
}
