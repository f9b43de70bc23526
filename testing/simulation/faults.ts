/**
 * The faults of a simulation: their rates, and the faults themselves as lines of text.
 *
 * A fault is either timed, such as a partition from one moment to another, or it concerns a single
 * occurrence, such as the third connection attempt from one host to another. Both can be written as
 * one line, so that a list of lines reproduces a failure without its seed.
 *
 * @module
 */

import { checkString } from "../../internal/validation.ts";
import { SECOND } from "./schedule.ts";

/** A fault that concerns one occurrence. */
export type OccurrenceKind =
  | "delay"
  | "split"
  | "loss"
  | "duplicate"
  | "reorder"
  | "reset"
  | "half-open"
  | "refuse"
  | "ignore"
  | "full queue"
  | "short write"
  | "short read"
  | "slow read"
  | "late read"
  | "lookup failure"
  | "lookup delay"
  | "lookup change"
  | "lookup omission"
  | "lookup order"
  | "handshake failure";

/** The faults that concern one occurrence, with the meaning of their value. */
export const OCCURRENCES: Readonly<Record<OccurrenceKind, "s" | "bytes" | "">> = {
  /** A segment or datagram arrives later, by seconds. */
  delay: "s",
  /** A segment is cut after a number of bytes. */
  split: "bytes",
  /** A segment is lost and sent again; a datagram is lost. */
  loss: "",
  /** A datagram arrives twice, the second time later by seconds. */
  duplicate: "s",
  /** A datagram arrives later by seconds, and later ones may overtake it. */
  reorder: "s",
  /** The connection of a segment is reset, and the segment is lost. */
  reset: "",
  /** From a segment on, no segment of its connection arrives in either direction. */
  "half-open": "",
  /** A connection attempt is refused. */
  refuse: "",
  /** A connection attempt gets no answer. */
  ignore: "",
  /** The queue of a listening socket is full for seconds: connection attempts get no answer. */
  "full queue": "s",
  /** A write takes only a number of bytes. */
  "short write": "bytes",
  /** A read delivers only a number of bytes. */
  "short read": "bytes",
  /** A program reads later, by seconds, although bytes have arrived. */
  "slow read": "s",
  /** A read that was pending when reading stopped still delivers, as in Deno. */
  "late read": "",
  /** A name lookup fails. */
  "lookup failure": "",
  /** A name lookup takes longer, by seconds. */
  "lookup delay": "s",
  /** A name lookup returns addresses without a host before the right ones. */
  "lookup change": "",
  /** A name lookup does not return the first of the right addresses. */
  "lookup omission": "",
  /** A name lookup returns the right addresses in reverse order. */
  "lookup order": "",
  /** A TLS handshake fails. */
  "handshake failure": "",
};

/** A fault that lasts from one moment to another. */
export type TimedKind =
  | "partition"
  | "one-way partition"
  | "clog"
  | "clock jump"
  | "pause"
  | "crash"
  | "crash losing data"
  | "kill";

/**
 * The rates of the faults. The rate of an occurrence is its probability, from 0 to 1. The rate of a
 * timed fault is the number expected in a virtual minute, in the whole network. `skew` is the
 * probability that the clock of a host is wrong. An absent rate is 0.
 */
export type FaultRates = {
  readonly [K in OccurrenceKind | TimedKind | "skew"]?: number | undefined;
};

/** The rates that `simulate` uses unless its options name others. */
export const DEFAULT_FAULTS: FaultRates = {
  delay: 0.1,
  split: 0.05,
  loss: 0.005,
  duplicate: 0.01,
  reorder: 0.02,
  reset: 0.0005,
  "half-open": 0.0001,
  refuse: 0.02,
  ignore: 0.01,
  "full queue": 0.005,
  "short write": 0.02,
  "short read": 0.02,
  "slow read": 0.005,
  "late read": 0.2,
  "lookup failure": 0.02,
  "lookup delay": 0.05,
  "lookup change": 0.01,
  "lookup omission": 0.01,
  "lookup order": 0.02,
  "handshake failure": 0.01,
  partition: 0.5,
  "one-way partition": 0.5,
  clog: 1,
  "clock jump": 0.2,
  pause: 1,
  crash: 0.2,
  "crash losing data": 0.2,
  kill: 0.2,
  skew: 0.3,
};

/**
 * Rates of faults that only delay or divide what is sent. A connection must survive them, unless a
 * timeout is shorter than the delay.
 */
export const HARMLESS_FAULTS: FaultRates = {
  delay: 0.1,
  split: 0.05,
  loss: 0.005,
  duplicate: 0.01,
  reorder: 0.02,
  "short write": 0.05,
  "short read": 0.05,
  "late read": 0.2,
  skew: 0.3,
};

/** A fault of one occurrence: the `n`th occurrence of its kind at a place. */
export interface OccurrenceFault {
  /** The kind of the fault. */
  readonly kind: OccurrenceKind;
  /** The place: a host (`alice`), or a link (`alice->bob`). */
  readonly place: string;
  /** The number of the occurrence at this place, from 1. */
  readonly n: number;
  /** Microseconds or bytes; 0 if the kind has no value. */
  readonly value: number;
}

/** A fault that lasts from one moment to another. */
export interface TimedFault {
  /** The kind of the fault. */
  readonly kind: TimedKind;
  /** The hosts that are cut off, clogged, paused or crashed. */
  readonly hosts: readonly string[];
  /** The hosts from which a partition cuts `hosts` off; empty for the other kinds. */
  readonly from: readonly string[];
  /** The moment at which the fault begins, in microseconds. */
  readonly at: number;
  /** The moment at which the fault ends, in microseconds. */
  readonly until: number;
  /** The microseconds by which a wall clock jumps, and jumps back; 0 for the other kinds. */
  readonly by: number;
}

/** A constant error of the clock of a host. */
export interface SkewFault {
  /** The kind of the fault. */
  readonly kind: "skew";
  /** The name of the host. */
  readonly host: string;
  /** The error of the wall clock, in microseconds. */
  readonly offset: number;
  /** The error of the clock's rate, in millionths. */
  readonly drift: number;
}

/** A fault of any kind. */
export type Fault = OccurrenceFault | TimedFault | SkewFault;

const TIMED: readonly TimedKind[] = [
  "partition",
  "one-way partition",
  "clog",
  "clock jump",
  "pause",
  "crash",
  "crash losing data",
  "kill",
];

/** The kinds of all faults. */
export const FAULT_KINDS: readonly (OccurrenceKind | TimedKind | "skew")[] = [
  // Object.keys() of a constant object returns its keys.
  ...Object.keys(OCCURRENCES) as OccurrenceKind[],
  ...TIMED,
  "skew",
];

/** The kinds in the order in which a line is compared: "crash losing data" begins with "crash". */
const LONGEST_FIRST = FAULT_KINDS.toSorted((a, b) => b.length - a.length);

/** Returns whether a fault lasts from one moment to another. */
export function isTimed(fault: Fault): fault is TimedFault {
  return (TIMED as readonly string[]).includes(fault.kind);
}

/** Returns the names of the hosts of a fault. */
export function hostsOfFault(fault: Fault): string[] {
  if ("place" in fault) return fault.place.split("->");
  return "host" in fault ? [fault.host] : [...fault.hosts, ...fault.from];
}

/**
 * Returns a fault as a line of text.
 *
 * @param fault The fault.
 * @returns The line, which {@linkcode parseFault} reads: `refuse alice->bob #3`,
 *   `delay alice->bob #17 0.012 s`, `partition alice,bob | carol 5 s to 9.5 s`,
 *   `crash server 2 s to 4 s`, `clock jump alice 2 s to 4 s by -30 s`,
 *   `skew alice 0.25 s 40 ppm`.
 */
export function formatFault(fault: Fault): string {
  if (fault.kind === "skew") {
    return `skew ${fault.host} ${inSeconds(fault.offset)} s ${fault.drift} ppm`;
  }
  if (isTimed(fault)) {
    const sides = [fault.hosts, fault.from].filter((side) => side.length > 0)
      .map((side) => side.join(",")).join(" | ");
    const by = fault.kind === "clock jump" ? ` by ${inSeconds(fault.by)} s` : "";
    return `${fault.kind} ${sides} ${inSeconds(fault.at)} s to ${inSeconds(fault.until)} s${by}`;
  }
  const unit = OCCURRENCES[fault.kind];
  const value = unit === "s" ? inSeconds(fault.value) : fault.value;
  return `${fault.kind} ${fault.place} #${fault.n}${unit && ` ${value} ${unit}`}`;
}

/**
 * Reads a line of {@linkcode formatFault}.
 *
 * @param line The line.
 * @returns The fault.
 * @throws {SyntaxError} If the line is not a fault. The message names the line and the kinds.
 */
export function parseFault(line: string): Fault {
  checkString("a fault", line);
  const kind = LONGEST_FIRST.find((each) => line.startsWith(`${each} `));
  if (kind === undefined) {
    throw new SyntaxError(
      `Cannot read the fault ${JSON.stringify(line)}: it must begin with one of ` +
        FAULT_KINDS.join(", "),
    );
  }
  const rest = line.slice(kind.length + 1);
  const fault = kind === "skew"
    ? parseSkew(rest)
    : isOccurrence(kind)
    ? parseOccurrence(kind, rest)
    : parseTimed(kind, rest);
  if (fault === null) {
    throw new SyntaxError(
      `Cannot read the fault ${JSON.stringify(line)}: it must have the form ${
        JSON.stringify(FORMS[formOf(kind)])
      }, ${isOccurrence(kind) ? "count from 1" : "and not end before it begins"}`,
    );
  }
  return fault;
}

const FORMS = {
  skew: "skew alice 0.25 s 40 ppm",
  partition: "partition alice,bob | carol 5 s to 9.5 s",
  jump: "clock jump alice 5 s to 9.5 s by -30 s",
  timed: "crash alice 5 s to 9.5 s",
  s: "delay alice->bob #17 0.012 s",
  bytes: "split alice->bob #17 3 bytes",
  "": "refuse alice->bob #3",
} as const;

function formOf(kind: OccurrenceKind | TimedKind | "skew"): keyof typeof FORMS {
  if (kind === "skew") return "skew";
  if (isOccurrence(kind)) return OCCURRENCES[kind];
  if (kind === "clock jump") return "jump";
  return kind.includes("partition") ? "partition" : "timed";
}

function isOccurrence(kind: string): kind is OccurrenceKind {
  return Object.hasOwn(OCCURRENCES, kind);
}

function parseSkew(rest: string): SkewFault | null {
  const match = /^(\S+) (-?\d+(?:\.\d{1,6})?) s (-?\d+) ppm$/.exec(rest);
  if (match === null) return null;
  const [, host = "", offset = "", drift] = match;
  return { kind: "skew", host, offset: parseSigned(offset), drift: Number(drift) };
}

function parseOccurrence(kind: OccurrenceKind, rest: string): OccurrenceFault | null {
  const unit = OCCURRENCES[kind];
  const match = /^(\S+) #(\d+)(?: (\d+(?:\.\d{1,6})?) (s|bytes))?$/.exec(rest);
  if (match === null || (match[4] ?? "") !== unit) return null;
  const [, place = "", n, value = "0"] = match;
  const size = unit === "s" ? parseSeconds(value) : Number(value);
  if (Number(n) < 1 || !Number.isInteger(size)) return null;
  return { kind, place, n: Number(n), value: size };
}

/** The hosts, the other hosts, the times, and the seconds of a jump. */
const TIMED_REST = new RegExp(
  String.raw`^(\S+)(?: \| (\S+))? (\d+(?:\.\d{1,6})?) s to (\d+(?:\.\d{1,6})?) s` +
    String.raw`(?: by (-?\d+(?:\.\d{1,6})?) s)?$`,
);

function parseTimed(kind: TimedKind, rest: string): TimedFault | null {
  const match = TIMED_REST.exec(rest);
  if (match === null || (match[2] !== undefined) !== kind.includes("partition")) return null;
  if ((match[5] !== undefined) !== (kind === "clock jump")) return null;
  const [, hosts = "", from, at = "", until = "", by = "0"] = match;
  const fault = {
    kind,
    hosts: hosts.split(","),
    from: from?.split(",") ?? [],
    at: parseSeconds(at),
    until: parseSeconds(until),
    by: parseSigned(by),
  };
  return fault.until < fault.at ? null : fault;
}

/** Returns the microseconds of a text of {@linkcode inSeconds}, exactly. */
function parseSeconds(text: string): number {
  const [whole = "", rest = ""] = text.split(".");
  return Number(whole) * SECOND + Number(rest.padEnd(6, "0"));
}

function parseSigned(text: string): number {
  return text.startsWith("-") ? -parseSeconds(text.slice(1)) : parseSeconds(text);
}

/** Returns microseconds as seconds, without an exponent. */
export function inSeconds(microseconds: number): string {
  if (microseconds < 0) return `-${inSeconds(-microseconds)}`;
  const whole = Math.floor(microseconds / SECOND);
  const rest = String(microseconds % SECOND).padStart(6, "0").replace(/0+$/, "");
  return rest === "" ? String(whole) : `${whole}.${rest}`;
}

/** Returns seconds as a text without an exponent, to the microsecond. */
export function formatSeconds(seconds: number): string {
  return inSeconds(inMicroseconds(seconds));
}

/** Returns seconds as whole microseconds. */
export function inMicroseconds(seconds: number): number {
  return Math.round(seconds * SECOND);
}
