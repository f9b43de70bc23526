/**
 * The timed faults of a simulation: drawn every second, or taken from a script.
 *
 * @module
 */

import type { FaultSource } from "./fault_source.ts";
import { formatFault, type TimedFault, type TimedKind } from "./faults.ts";
import type { RandomStream } from "../random_stream.ts";
import { RANKS, type Schedule, type ScheduledEvent, SECOND } from "./schedule.ts";

/** The shortest and the longest duration of each kind of timed fault, in microseconds. */
const DURATIONS: Readonly<Record<TimedKind, readonly [least: number, most: number]>> = {
  partition: [SECOND, 20 * SECOND],
  "one-way partition": [SECOND, 20 * SECOND],
  clog: [SECOND / 2, 5 * SECOND],
  "clock jump": [SECOND, 20 * SECOND],
  pause: [SECOND / 10, 5 * SECOND],
  crash: [SECOND / 2, 10 * SECOND],
  "crash losing data": [SECOND / 2, 10 * SECOND],
  kill: [SECOND / 10, 5 * SECOND],
};

/** The longest jump of a clock, in microseconds. */
const MOST_JUMP = 60 * SECOND;

const KINDS = Object.keys(DURATIONS) as TimedKind[]; // the keys of a constant object

/** The part of the network that the planner uses. */
export interface PlannedNetwork {
  /** The names of the hosts that a kind of fault can concern. */
  candidates(kind: TimedKind): string[];
  /** Returns why a fault cannot begin; `null` if it can. */
  obstacle(fault: TimedFault): string | null;
  /** Adds a line to the trace. */
  note(text: string): void;
  /** Begins a fault. */
  begin(fault: TimedFault): void;
  /** Ends a fault. */
  end(fault: TimedFault): void;
}

/** Begins and ends the timed faults. */
export class FaultPlanner {
  readonly #schedule: Schedule;
  readonly #source: FaultSource;
  readonly #random: RandomStream;
  readonly #network: PlannedNetwork;
  /** The faults that have begun and not ended, with the events of their ends. */
  readonly #active = new Map<TimedFault, ScheduledEvent>();
  #isTicking = false;

  constructor(
    schedule: Schedule,
    source: FaultSource,
    random: RandomStream,
    network: PlannedNetwork,
  ) {
    this.#schedule = schedule;
    this.#source = source;
    this.#random = random;
    this.#network = network;
    for (const fault of source.timed) this.#plan(fault);
  }

  /** Draws faults every second, while any timed fault has a rate. */
  update(): void {
    if (this.#isTicking || this.#source.isScripted || !this.#hasRates) return;
    this.#isTicking = true;
    this.#schedule.at(this.#schedule.now + SECOND, () => {
      this.#isTicking = false;
      for (const kind of KINDS) this.#draw(kind);
      this.update();
    }, true);
  }

  get #hasRates(): boolean {
    return KINDS.some((kind) => (this.#source.rates[kind] ?? 0) > 0);
  }

  #draw(kind: TimedKind): void {
    const perMinute = this.#source.rates[kind] ?? 0;
    if (perMinute === 0 || this.#random.fraction() * 60 >= perMinute) return;
    const isPartition = kind.includes("partition");
    const candidates = this.#random.shuffle(this.#network.candidates(kind));
    if (candidates.length < (isPartition ? 2 : 1)) return;
    const size = isPartition ? this.#random.between(1, Math.ceil(candidates.length / 2)) : 1;
    // Not at this very moment: a fault comes before all other events of its time.
    const at = this.#schedule.now + 1 + this.#random.below(SECOND);
    this.#plan({
      kind,
      hosts: candidates.slice(0, size),
      from: isPartition ? candidates.slice(size) : [],
      at,
      until: at + this.#random.between(...DURATIONS[kind]),
      by: kind === "clock jump" ? this.#random.between(-MOST_JUMP, MOST_JUMP) : 0,
    });
  }

  #plan(fault: TimedFault): void {
    this.#schedule.at(fault.at, () => this.#begin(fault), false, RANKS.faultBegins);
  }

  #begin(fault: TimedFault): void {
    const obstacle = this.#isSwitchedOff(fault.kind)
      ? "the faults are switched off"
      : this.#network.obstacle(fault);
    if (obstacle !== null) {
      // A fault that was drawn is not missed.
      if (!this.#source.isScripted) return;
      this.#network.note(`fault: not ${formatFault(fault)}: ${obstacle}`);
      return;
    }
    this.#source.used(fault);
    this.#source.applied(fault);
    this.#network.begin(fault);
    const end = () => {
      this.#active.delete(fault);
      this.#network.end(fault);
    };
    this.#active.set(fault, this.#schedule.at(fault.until, end, false, RANKS.faultEnds));
  }

  /** Ends all faults that have begun, before their time. */
  endAll(): void {
    const active = [...this.#active];
    this.#active.clear();
    for (const [fault, end] of active) {
      this.#schedule.cancel(end);
      this.#network.end(fault);
    }
  }

  /** Returns whether the scenario has switched a kind of fault off since the fault was planned. */
  #isSwitchedOff(kind: TimedKind): boolean {
    return this.#source.isScripted ? this.#source.isSilent : (this.#source.rates[kind] ?? 0) === 0;
  }
}
