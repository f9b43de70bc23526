/**
 * The source of a simulation's faults: random numbers with rates, or a script.
 *
 * @module
 */

import { quote } from "../../internal/validation.ts";
import {
  type Fault,
  FAULT_KINDS,
  type FaultRates,
  formatFault,
  isTimed,
  type OccurrenceFault,
  type OccurrenceKind,
  OCCURRENCES,
  parseFault,
  type SkewFault,
  type TimedFault,
} from "./faults.ts";
import { type RandomStream, UINT32_RANGE } from "../random_stream.ts";

/** The faults of one kind at one place, by the number of the occurrence. */
type ScriptedOccurrences = ReadonlyMap<number, OccurrenceFault>;

const KINDS = Object.keys(OCCURRENCES) as OccurrenceKind[]; // the keys of a constant object
const INDEX = Object.fromEntries(KINDS.map((kind, index) => [kind, index])) as Record<
  OccurrenceKind,
  number // the entries are those of KINDS
>;

/** The faults that can happen between two sockets of one host: only times and sizes vary. */
const LOCAL: ReadonlySet<OccurrenceKind> = new Set<OccurrenceKind>(["delay", "split"]);

/** The greatest number of faults of a timed kind in a minute: one in each second. */
const MOST_PER_MINUTE = 60;

/** Decides for one host or link which occurrences have a fault. */
export class FaultSite {
  readonly #place: string;
  readonly #source: FaultSource;
  readonly #random: RandomStream;
  /** The probability of each kind, by its index: a threshold for random numbers of 32 bits. */
  readonly #thresholds: Float64Array;
  /** The number of occurrences so far, by the index of their kind. */
  readonly #counts = new Uint32Array(KINDS.length);
  /** The scripted occurrences of this place; `null` without a script. */
  readonly #script: ReadonlyMap<OccurrenceKind, ScriptedOccurrences> | null;

  /** Called by {@linkcode FaultSource.site}. */
  constructor(
    place: string,
    source: FaultSource,
    random: RandomStream,
    thresholds: Float64Array,
    script: ReadonlyMap<OccurrenceKind, ScriptedOccurrences> | null,
  ) {
    this.#place = place;
    this.#source = source;
    this.#random = random;
    this.#thresholds = thresholds;
    this.#script = script;
  }

  /**
   * Decides whether the next occurrence has a fault.
   *
   * @param kind The kind of fault.
   * @param least The least value of the fault; 1 for a kind without a value.
   * @param most The greatest value. If it is less than `least`, no fault is possible.
   * @returns The value of the fault, at least 1; 0 without a fault.
   */
  next(kind: OccurrenceKind, least = 1, most = 1): number {
    const index = INDEX[kind];
    // The index is in range, which the type of a typed array cannot express.
    const n = (this.#counts[index] as number) + 1;
    this.#counts[index] = n;
    if (this.#script !== null) return this.#nextOfScript(kind, n, least, most);
    const threshold = this.#thresholds[index] as number; // in range, as above
    if (threshold === 0 || most < least || this.#random.uint32() >= threshold) return 0;
    return this.#applied(kind, n, this.#random.between(least, most));
  }

  #nextOfScript(kind: OccurrenceKind, n: number, least: number, most: number): number {
    const fault = this.#script?.get(kind)?.get(n);
    if (fault === undefined || most < least || this.#source.isSilent) return 0;
    this.#source.used(fault);
    return this.#applied(kind, n, Math.min(Math.max(fault.value, least), most));
  }

  #applied(kind: OccurrenceKind, n: number, value: number): number {
    const hasValue = OCCURRENCES[kind] !== "";
    this.#source.applied({ kind, place: this.#place, n, value: hasValue ? value : 0 });
    return value;
  }
}

/** Decides which faults a simulation has, and remembers them. */
export class FaultSource {
  readonly #random: RandomStream;
  readonly #script: readonly Fault[] | null;
  readonly #thresholds = new Float64Array(KINDS.length);
  /** The thresholds between two sockets of one host. */
  readonly #localThresholds = new Float64Array(KINDS.length);
  #rates: FaultRates = {};
  /** The rates that {@linkcode setRates} cannot change; `null` if it can. */
  #fixed: FaultRates | null = null;
  readonly #applied: Fault[] = [];
  /** The lines of the first faults that have happened. */
  readonly #lines: string[] = [];
  /** The faults of the script that have happened. */
  readonly #used = new Set<Fault>();
  readonly #report: (fault: Fault) => void;
  /**
   * Whether the faults of the script do not happen, because the scenario has healed its network.
   */
  isSilent = false;

  /**
   * @param random The random numbers.
   * @param script The faults to apply; `null` to draw them.
   * @param report Called with each fault when it happens.
   * @throws {SyntaxError | TypeError} If the script contains a value that is not a fault.
   */
  constructor(random: RandomStream, script: readonly string[] | null, report: (f: Fault) => void) {
    this.#random = random;
    this.#script = script?.map(parseFault) ?? null;
    this.#report = report;
  }

  /** Whether a script decides the faults. */
  get isScripted(): boolean {
    return this.#script !== null;
  }

  /** The current rates. */
  get rates(): FaultRates {
    return this.#rates;
  }

  /** The faults that have happened. */
  get faults(): readonly Fault[] {
    return this.#applied;
  }

  /** The faults that have happened, one line each. */
  get lines(): readonly string[] {
    const lines = this.#lines;
    for (const fault of this.#applied.slice(lines.length)) lines.push(formatFault(fault));
    return lines;
  }

  /** The faults of the script that have not happened. */
  get unused(): readonly Fault[] {
    return this.#script?.filter((fault) => !this.#used.has(fault)) ?? [];
  }

  /** The timed faults of the script. */
  get timed(): readonly TimedFault[] {
    return this.#script?.filter(isTimed) ?? [];
  }

  /** Fixes the rates: later rates only switch kinds of faults off, and on again. */
  fixRates(): void {
    this.#fixed = this.#rates;
  }

  /**
   * Sets the rates of faults that happen from now on.
   *
   * @param rates The rates. An absent one is 0.
   * @throws {RangeError | TypeError} If a name or a rate is invalid.
   */
  setRates(rates: FaultRates): void {
    checkRates(rates);
    const entries = Object.entries(this.#fixed ?? rates);
    // The entries are those of one of the two, so their names are kinds of faults.
    const own = Object.fromEntries(
      entries.filter(([kind]) => (rates[kind as keyof FaultRates] ?? 0) > 0),
    ) as FaultRates;
    this.#rates = own;
    for (const [index, kind] of KINDS.entries()) {
      const threshold = Math.floor((own[kind] ?? 0) * UINT32_RANGE);
      this.#thresholds[index] = threshold;
      this.#localThresholds[index] = LOCAL.has(kind) ? threshold : 0;
    }
  }

  /**
   * Returns the site of a host or link.
   *
   * @param place The name of the host, or the two names of the link.
   * @param isLocal Whether it is the link of a host to itself, which loses nothing.
   */
  site(place: string, isLocal = false): FaultSite {
    return new FaultSite(
      place,
      this,
      this.#random.fork(place),
      isLocal ? this.#localThresholds : this.#thresholds,
      this.#scriptOf(place),
    );
  }

  /** Returns the error of the clock of a host; `null` if the clock is right. */
  skew(host: string): SkewFault | null {
    const skew = this.#script === null ? this.#drawSkew(host) : this.#script.find(
      (fault): fault is SkewFault => fault.kind === "skew" && fault.host === host,
    ) ?? null;
    if (skew === null || this.isSilent) return null;
    this.used(skew);
    this.applied(skew);
    return skew;
  }

  /** Records a fault that happens. */
  applied(fault: Fault): void {
    this.#applied.push(fault);
    this.#report(fault);
  }

  /** Records that a fault of the script happens. */
  used(fault: Fault): void {
    this.#used.add(fault);
  }

  #drawSkew(host: string): SkewFault | null {
    const random = this.#random.fork(`skew ${host}`);
    if (random.uint32() >= (this.#rates.skew ?? 0) * UINT32_RANGE) return null;
    // A clock that was never set is wrong by up to a minute. A quartz clock drifts by up to 100
    // millionths.
    const offset = random.between(-60_000_000, 60_000_000);
    return { kind: "skew", host, offset, drift: random.between(-100, 100) };
  }

  #scriptOf(place: string): ReadonlyMap<OccurrenceKind, ScriptedOccurrences> | null {
    if (this.#script === null) return null;
    const here = this.#script.filter((fault): fault is OccurrenceFault =>
      "place" in fault && fault.place === place
    );
    const kinds = Map.groupBy(here, ({ kind }) => kind);
    return new Map(
      [...kinds].map(([kind, faults]) => [kind, new Map(faults.map((fault) => [fault.n, fault]))]),
    );
  }
}

/** Checks that rates have known names, and are numbers in their range. */
function checkRates(rates: FaultRates): void {
  if (typeof rates !== "object" || rates === null) {
    throw new TypeError(`faults must be an object of rates, got ${quote(rates)}`);
  }
  for (const [kind, rate] of Object.entries(rates)) {
    if (!(FAULT_KINDS as readonly string[]).includes(kind)) {
      throw new RangeError(
        `Cannot set the rate of ${quote(kind)}: the faults are ${FAULT_KINDS.join(", ")}`,
      );
    }
    if (rate === undefined) continue;
    const isProbability = Object.hasOwn(OCCURRENCES, kind) || kind === "skew";
    const most = isProbability ? 1 : MOST_PER_MINUTE;
    if (!(typeof rate === "number" && rate >= 0 && rate <= most)) {
      const range = isProbability ? "a probability from 0 to 1" : `from 0 to ${most} in a minute`;
      throw new RangeError(`Cannot set the rate of ${kind} to ${quote(rate)}: it must be ${range}`);
    }
  }
}
