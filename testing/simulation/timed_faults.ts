/**
 * The effect of timed faults on the hosts and links of a simulated network.
 *
 * @module
 */

import type { PlannedNetwork } from "./fault_planner.ts";
import type { TimedFault, TimedKind } from "./faults.ts";
import type { HostTable } from "./host_table.ts";
import type { LinkTable } from "./link_table.ts";
import type { Process } from "./process.ts";
import { SECOND } from "./schedule.ts";

/** The kinds of faults that end or suspend a process. */
const OF_PROCESS: readonly TimedKind[] = ["pause", "kill", "crash", "crash losing data"];

/** Begins and ends timed faults. */
export class TimedFaults implements PlannedNetwork {
  readonly #hosts: HostTable;
  readonly #links: LinkTable;
  readonly #changed: () => void;
  readonly #note: (host: string, text: string) => void;
  /** The processes that a fault has ended. */
  readonly #ended = new Map<TimedFault, Process[]>();

  /**
   * @param hosts The hosts of the network.
   * @param links The links between them.
   * @param changed Called when a fault begins or ends.
   * @param note Adds a line to the trace: of a host, or of the network if the name is `""`.
   */
  constructor(
    hosts: HostTable,
    links: LinkTable,
    changed: () => void,
    note: (host: string, text: string) => void,
  ) {
    this.#hosts = hosts;
    this.#links = links;
    this.#changed = changed;
    this.#note = note;
  }

  candidates(kind: TimedKind): string[] {
    const needsProgram = kind === "kill" || kind.startsWith("crash");
    return this.#hosts.hosts.filter((host) => host.isUp && (host.hasProgram || !needsProgram))
      .map(({ name }) => name);
  }

  obstacle(fault: TimedFault): string | null {
    const unknown = [...fault.hosts, ...fault.from].find((name) => !this.#hosts.has(name));
    if (unknown !== undefined) return `there is no host ${unknown}`;
    if (!OF_PROCESS.includes(fault.kind)) return null;
    const down = fault.hosts.find((name) => !this.#hosts.host(name).isUp);
    return down === undefined ? null : `the host ${down} is down`;
  }

  note(text: string): void {
    this.#note("", text);
  }

  begin(fault: TimedFault): void {
    this.#changed();
    const { kind, until } = fault;
    if (kind === "partition" || kind === "one-way partition") {
      this.#links.interrupt(fault, fault, kind === "partition");
      return;
    }
    for (const name of fault.hosts) {
      if (kind === "clog") this.#links.clog(name, until);
      else if (kind === "clock jump") this.#hosts.host(name).jumpClock(fault.by / SECOND);
      else if (kind === "pause") this.#pause(name, fault);
      else this.#stop(name, fault);
    }
  }

  end(fault: TimedFault): void {
    this.#changed();
    const { kind } = fault;
    if (kind === "partition" || kind === "one-way partition") {
      this.#links.restore(fault, fault, kind === "partition");
      return;
    }
    const ended = this.#ended.get(fault) ?? [];
    this.#ended.delete(fault);
    for (const name of fault.hosts) {
      if (kind === "clock jump") this.#hosts.host(name).jumpClock(-fault.by / SECOND);
      const { process } = this.#hosts.machine(name);
      if (process.resume(fault)) this.#note(name, "resumes");
      // A process that the scenario has started meanwhile is not the fault's.
      if (ended.includes(process)) this.#hosts.host(name).restart();
    }
  }

  #pause(name: string, fault: TimedFault): void {
    this.#note(name, "is paused");
    this.#hosts.machine(name).process.pause(fault);
  }

  #stop(name: string, fault: TimedFault): void {
    const { process } = this.#hosts.machine(name);
    const host = this.#hosts.host(name);
    if (fault.kind === "kill") host.kill();
    else host.crash(fault.kind === "crash losing data");
    this.#ended.set(fault, [...this.#ended.get(fault) ?? [], process]);
  }
}
