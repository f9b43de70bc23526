/**
 * The source of a simulation's faults: random numbers with rates, or a script.
 *
 * @module
 */

import {
  type Fault,
  FAULT_KINDS,
  type FaultRates,
  isTimed,
  type OccurrenceFault,
  type OccurrenceKind,
  OCCURRENCES,
  type SkewFault,
  type TimedFault,
} from "./faults.ts";
import { type RandomStream, UINT32_RANGE } from "./random.ts";

/** The numbers of a kind's occurrences that go wrong, with the value of each. */
type ScriptedOccurrences = ReadonlyMap<number, number>;

const KINDS = Object.keys(OCCURRENCES) as OccurrenceKind[]; // the keys of a constant object
const INDEX = Object.fromEntries(KINDS.map((kind, index) => [kind, index])) as Record<
  OccurrenceKind,
  number // the entries are those of KINDS
>;

/** Decides for one host or link which occurrences go wrong. */
export class FaultSite {
  readonly #place: string;
  readonly #source: FaultSource;
  readonly #random: RandomStream;
  /** The number of occurrences so far, by the index of their kind. */
  readonly #counts = new Uint32Array(KINDS.length);
  /** The scripted occurrences of this place; `null` without a script. */
  readonly #script: ReadonlyMap<OccurrenceKind, ScriptedOccurrences> | null;

  /** Called by {@linkcode FaultSource.site}. */
  constructor(
    place: string,
    source: FaultSource,
    random: RandomStream,
    script: ReadonlyMap<OccurrenceKind, ScriptedOccurrences> | null,
  ) {
    this.#place = place;
    this.#source = source;
    this.#random = random;
    this.#script = script;
  }

  /**
   * Decides whether the next occurrence goes wrong.
   *
   * @param kind The kind of fault.
   * @param least The least value of the fault; 1 for a kind without a value.
   * @param most The greatest value.
   * @returns The value of the fault, at least 1; 0 if nothing goes wrong.
   */
  next(kind: OccurrenceKind, least = 1, most = 1): number {
    const index = INDEX[kind];
    // The index is in range, which the type of a typed array cannot express.
    const n = (this.#counts[index] as number) + 1;
    this.#counts[index] = n;
    if (this.#script !== null) {
      const value = this.#script.get(kind)?.get(n);
      if (value === undefined) return 0;
      return this.#applied(kind, n, Math.min(Math.max(value, least), most));
    }
    const threshold = this.#source.threshold(index);
    if (threshold === 0 || most < least || this.#random.uint32() >= threshold) return 0;
    return this.#applied(kind, n, this.#random.between(least, most));
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
  #rates: FaultRates = {};
  readonly #applied: Fault[] = [];
  readonly #report: (fault: Fault) => void;

  /**
   * @param random The random numbers.
   * @param script The faults to apply; `null` to draw them.
   * @param report Called with each fault when it happens.
   */
  constructor(random: RandomStream, script: readonly Fault[] | null, report: (f: Fault) => void) {
    this.#random = random;
    this.#script = script;
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

  /** The timed faults of the script. */
  get timed(): readonly TimedFault[] {
    return this.#script?.filter(isTimed) ?? [];
  }

  /** Sets the rates of faults that happen from now on. */
  setRates(rates: FaultRates): void {
    checkRates(rates);
    this.#rates = { ...rates };
    for (const [index, kind] of KINDS.entries()) {
      this.#thresholds[index] = Math.floor((rates[kind] ?? 0) * UINT32_RANGE);
    }
  }

  /** Returns the site of a host or link. */
  site(place: string): FaultSite {
    return new FaultSite(place, this, this.#random.fork(place), this.#scriptOf(place));
  }

  /** Returns the error of the clock of a host; `null` if the clock is right. */
  skew(host: string): SkewFault | null {
    const skew = this.#script === null ? this.#drawSkew(host) : this.#script.find(
      (fault): fault is SkewFault => fault.kind === "skew" && fault.host === host,
    ) ?? null;
    if (skew !== null) this.applied(skew);
    return skew;
  }

  /** Returns the threshold of a kind for random numbers of 32 bits. */
  threshold(index: number): number {
    return this.#thresholds[index] as number; // KINDS has this index
  }

  /** Records a fault that happens. */
  applied(fault: Fault): void {
    this.#applied.push(fault);
    this.#report(fault);
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
      [...kinds].map(([kind, faults]) => [kind, new Map(faults.map(({ n, value }) => [n, value]))]),
    );
  }
}

/** Checks that rates have known names, and are numbers in their range. */
function checkRates(rates: FaultRates): void {
  for (const [kind, rate] of Object.entries(rates)) {
    if (!(FAULT_KINDS as readonly string[]).includes(kind)) {
      throw new RangeError(
        `Cannot set the rate of ${JSON.stringify(kind)}: the faults are ${FAULT_KINDS.join(", ")}`,
      );
    }
    const most = Object.hasOwn(OCCURRENCES, kind) || kind === "skew" ? 1 : Infinity;
    if (!(Number.isFinite(rate) && rate >= 0 && rate <= most)) {
      const range = most === 1 ? "a probability from 0 to 1" : "a number per minute, at least 0";
      throw new RangeError(`Cannot set the rate of ${kind} to ${rate}: it must be ${range}`);
    }
  }
}
